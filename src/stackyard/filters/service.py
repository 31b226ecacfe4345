"""Use cases of saved filters."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.filters.errors import (
    FilterCreatorOnlyError,
    FilterNotFoundError,
    TooManyFiltersError,
)
from stackyard.filters.model import MOST_OWN, FilterType, SavedFilter, owner_of
from stackyard.filters.store import FilterStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import ForbiddenError, NotFoundError
from stackyard.kernel.ids import ROOT, FilterId
from stackyard.kernel.needs import Rule, needs, note_asked


@dataclass(frozen=True, slots=True)
class Filters:
    store: FilterStore
    access: Access
    clock: Clock
    trail: Trail

    @needs(Rule.SIGNED_IN)
    async def all(
        self, kind: FilterType | None = None, *, by: Subject
    ) -> Sequence[SavedFilter]:
        """Return the public ones and one's own."""
        return await self.store.seen_by(owner_of(by), kind)

    @needs(Rule.SIGNED_IN)
    async def find(self, filter_id: FilterId, *, by: Subject) -> SavedFilter | None:
        found = await self.store.find(filter_id)
        return found if found is not None and found.is_seen_by(by) else None

    @needs(Rule.SIGNED_IN)
    async def create(
        self, kind: FilterType, name: str, data: str, *, is_public: bool, by: Subject
    ) -> SavedFilter:
        new = SavedFilter.create(
            kind=kind,
            name=name,
            data=data,
            is_public=is_public,
            by=by,
            at=self.clock(),
        )
        if await self.store.count_of(new.owner) >= MOST_OWN:
            raise TooManyFiltersError
        await self.store.add(new)
        await self._note("create", new, by=by)
        return new

    @needs(Rule.CREATOR, Rule.ACCOUNT_ADMIN)
    async def update(
        self, filter_id: FilterId, name: str, data: str, *, is_public: bool, by: Subject
    ) -> SavedFilter:
        found = await self._load(filter_id, by)
        if found is None:
            raise FilterNotFoundError(filter=filter_id)
        found.change(name=name, data=data, is_public=is_public, at=self.clock())
        await self._note("update", found, by=by)
        return found

    @needs(Rule.CREATOR, Rule.ACCOUNT_ADMIN)
    async def delete(self, filter_id: FilterId, *, by: Subject) -> SavedFilter | None:
        """Return what there was; None if it is gone already."""
        found = await self._load(filter_id, by)
        if found is None:
            return None
        await self.store.delete(found)
        await self._note("delete", found, by=by)
        return found

    async def _load(self, filter_id: FilterId, by: Subject) -> SavedFilter | None:
        """Return it, locked, to who may change it; raise for others who see it."""
        note_asked(Rule.CREATOR)
        found = await self.store.find(filter_id, lock=True)
        if found is None or not found.is_seen_by(by):
            return None
        if not found.is_of(by):
            try:
                await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
            except (ForbiddenError, NotFoundError) as error:
                raise FilterCreatorOnlyError(subject=by.name) from error
        return found

    async def _note(self, verb: str, what: SavedFilter, *, by: Subject) -> None:
        """Say it in the API's words: these have none for filters, nor for its data."""
        await self.trail.note(
            f"saved_filter.{verb}",
            Resource(ResourceType.UNKNOWN, what.id),
            facts={
                "Name": what.name,
                "Type": what.type,
                "IsPublic": what.is_public,
                "CreatedBy": what.created_by,
            },
            by=by,
        )
