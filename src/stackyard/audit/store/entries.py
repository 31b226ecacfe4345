"""All SQL about entries and their chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.audit.model.chain import Chain, Mark
from stackyard.audit.model.entry import Entry
from stackyard.audit.store.search import page_of, searched
from stackyard.kernel.search import Page, Search

_ONE: Final = 1


@dataclass(frozen=True, slots=True)
class AuditStore:
    session: AsyncSession

    def add(self, entry: Entry) -> None:
        self.session.add(entry)

    async def search(self, search: Search) -> Page[Entry]:
        rows = await self.session.scalars(searched(select(Entry), search))
        return page_of(rows.all(), search)

    async def chain(self) -> Chain:
        """Return the one row, locked until we commit; made now if it is missing."""
        row = await self._chain()
        if row is None:
            first = Chain.first()
            values = {
                column.name: getattr(first, column.name)
                for column in Chain.__table__.columns
            }
            await self.session.execute(
                insert(Chain).values(values).on_conflict_do_nothing()
            )
            row = await self._chain()
        return row or Chain.first()

    async def find_chain(self) -> Chain | None:
        return await self.session.get(Chain, _ONE)

    async def unsealed(self, *, limit: int) -> Sequence[Entry]:
        """Return what is committed and not sealed yet, the oldest first."""
        query = (
            select(Entry)
            .where(Entry.position.is_(None))
            .order_by(Entry.id)
            .limit(limit)
            .execution_options(populate_existing=True)
        )
        return (await self.session.scalars(query)).all()

    async def has_unsealed(self, *, before: datetime) -> bool:
        query = (
            select(Entry.id).where(Entry.position.is_(None), Entry.at < before).limit(1)
        )
        return await self.session.scalar(query) is not None

    async def count_unsealed(self) -> tuple[int, datetime | None]:
        query = select(func.count(), func.min(Entry.at)).where(Entry.position.is_(None))
        count, oldest = (await self.session.execute(query)).one()
        return count, oldest

    async def sealed_after(self, position: int, *, limit: int) -> Sequence[Entry]:
        """Return the next entries of the chain; none is kept in memory for longer."""
        self.session.expunge_all()
        query = (
            select(Entry)
            .where(Entry.position > position)
            .order_by(Entry.position)
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()

    async def unsealed_after(self, entry_id: str, *, limit: int) -> Sequence[Entry]:
        self.session.expunge_all()
        query = (
            select(Entry)
            .where(Entry.position.is_(None), Entry.id > entry_id)
            .order_by(Entry.id)
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()

    async def front(self, *, before: datetime, after: int, limit: int) -> Mark | None:
        """Return the last of the entries that may go: old, and nothing older left."""
        query = (
            select(Entry.position, Entry.hash, Entry.at)
            .where(Entry.position > after)
            .order_by(Entry.position)
            .limit(limit)
        )
        last = None
        for position, digest, at in await self.session.execute(query):
            if at >= before:
                break
            last = Mark(position or 0, digest or b"")
        return last

    async def remove_up_to(self, position: int) -> None:
        await self.session.execute(delete(Entry).where(Entry.position <= position))

    async def _chain(self) -> Chain | None:
        return await self.session.get(
            Chain, _ONE, with_for_update=True, populate_existing=True
        )
