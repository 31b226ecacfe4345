"""Saved filters: what somebody looks for again and again, under a name.

What a filter says is its client's business: it is kept as it was sent. They belong to
the account and to no space; whoever made one shows it to everybody, or to nobody.
"""

from stackyard.filters.errors import (
    FilterCreatorOnlyError,
    FilterDataError,
    FilterNameError,
    FilterNotFoundError,
    FilterTypeError,
    TooManyFiltersError,
)
from stackyard.filters.model import MOST_OWN, FilterType, SavedFilter
from stackyard.filters.service import Filters
from stackyard.filters.store import FilterStore

__all__ = [
    "MOST_OWN",
    "FilterCreatorOnlyError",
    "FilterDataError",
    "FilterNameError",
    "FilterNotFoundError",
    "FilterStore",
    "FilterType",
    "FilterTypeError",
    "Filters",
    "SavedFilter",
    "TooManyFiltersError",
]
