"""What a saved filter is, whose it is, and who sees it. Pure."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Self

import msgspec
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.filters.errors import (
    FilterDataError,
    FilterNameError,
    FilterTypeError,
)
from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.ids import FilterId, new_ulid
from stackyard.kernel.orm import Entity

MOST_OWN: Final = 500
LONGEST_NAME: Final = 200
LONGEST_DATA: Final = 64 * 1024


class FilterType(StrEnum):
    """The lists that can be filtered."""

    STACKS = "stacks"
    BLUEPRINTS = "blueprints"
    CONTEXTS = "contexts"
    WEBHOOKS = "webhooks"

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the type of that name, or raise `FilterTypeError`."""
        try:
            return cls(name)
        except ValueError as error:
            raise FilterTypeError from error


class SavedFilter(Entity):
    """A filter of one list. Its type never changes."""

    __tablename__ = "saved_filters"
    __table_args__ = (Index("ix_saved_filters_owner", "owner"),)

    id: Mapped[FilterId] = mapped_column(primary_key=True)
    type: Mapped[FilterType]
    name: Mapped[str]
    data: Mapped[str]  # JSON, kept as it was sent
    is_public: Mapped[bool]
    owner: Mapped[str]
    created_by: Mapped[str]  # the creator's name at that time, to be shown
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(
        cls,
        *,
        kind: FilterType,
        name: str,
        data: str,
        is_public: bool,
        by: Subject,
        at: datetime,
    ) -> Self:
        return cls(
            id=FilterId(new_ulid()),
            type=kind,
            name=checked_name(name),
            data=checked_data(data),
            is_public=is_public,
            owner=owner_of(by),
            created_by=by.name,
            created_at=at,
            updated_at=at,
        )

    def change(self, *, name: str, data: str, is_public: bool, at: datetime) -> None:
        self.name = checked_name(name)
        self.data = checked_data(data)
        self.is_public = is_public
        self.updated_at = at

    def is_of(self, by: Subject) -> bool:
        return self.owner == owner_of(by)

    def is_seen_by(self, by: Subject) -> bool:
        """Whether *by* knows of it: not even administrators know of private ones."""
        return self.is_public or self.is_of(by)


def owner_of(by: Subject) -> str:
    """Return whose the filters are that *by* makes.

    Those of a run are its stack's: the next run has to find what this one made.
    """
    if by.kind is SubjectKind.RUN and by.stack_id is not None:
        return f"stack:{by.stack_id}"
    return f"{by.kind}:{by.id}"


def checked_name(name: str) -> str:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise FilterNameError
    return name


def checked_data(data: str) -> str:
    """Return what is JSON that can be stored, unchanged."""
    try:
        encoded = data.encode()
        if len(encoded) > LONGEST_DATA:
            raise FilterDataError
        msgspec.json.decode(encoded)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FilterDataError from error
    return data
