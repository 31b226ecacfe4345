"""What it means, in our own words, that a constraint of the database is broken.

Whatever was looked up before, only the database can say it for good.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from stackyard.kernel.errors import StackyardError


@contextmanager
def said_as(
    meanings: Mapping[str, type[StackyardError]], **facts: object
) -> Iterator[None]:
    """Raise, with *facts*, what the constraint means that is broken in here."""
    try:
        yield
    except IntegrityError as error:
        meaning = meanings.get(constraint_of(error))
        if meaning is None:
            raise
        raise meaning(**facts) from None


def constraint_of(error: IntegrityError) -> str:
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""
