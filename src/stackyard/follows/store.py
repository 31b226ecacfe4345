"""All SQL about followed repositories. Stacks are read, through what they offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Float,
    Interval,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.follows.model import Cursor, Pulse, Remote
from stackyard.kernel.ids import StackId
from stackyard.stacks import Followed, followed_elsewhere


@dataclass(frozen=True, slots=True)
class FollowStore:
    session: AsyncSession

    async def pulse(self, now: datetime) -> Pulse:
        """Return the one row, locked until we commit; made now if it is missing."""
        row = await self._pulse()
        if row is None:
            first = insert(Pulse).values(id=1, beat_at=now).on_conflict_do_nothing()
            await self.session.execute(first)
            row = await self._pulse()
        return row or Pulse.first(now)

    async def unfollowed(self, *, limit: int) -> Sequence[Followed]:
        """Return stacks that follow something their cursor is not about."""
        stacks = followed_elsewhere().subquery()
        query = (
            select(stacks.c.id, stacks.c.url, stacks.c.branch)
            .outerjoin(
                Cursor,
                (Cursor.stack_id == stacks.c.id)
                & (Cursor.url == stacks.c.url)
                & (Cursor.branch == stacks.c.branch),
            )
            .where(Cursor.stack_id.is_(None))
            .order_by(stacks.c.id)
            .limit(limit)
        )
        return [Followed(*row) for row in await self.session.execute(query)]

    async def begin(self, stacks: Sequence[Followed], *, at: datetime) -> None:
        """Give each a cursor that has seen nothing, and ask its server soon."""
        remotes = insert(Remote).values(
            [
                {"url": url, "due_at": at, "failures": 0}
                for url in sorted({stack.url for stack in stacks})
            ]
        )
        await self.session.execute(
            remotes.on_conflict_do_update(
                index_elements=[Remote.url],
                set_={"due_at": func.least(Remote.due_at, at)},
            )
        )
        cursors = insert(Cursor).values(
            [
                {"stack_id": one.id, "url": one.url, "branch": one.branch, "sha": None}
                for one in stacks
            ]
        )
        await self.session.execute(
            cursors.on_conflict_do_update(
                index_elements=[Cursor.stack_id],
                set_={
                    name: cursors.excluded[name] for name in ("url", "branch", "sha")
                },
            )
        )

    async def hasten(self, *, at: datetime, within: timedelta) -> None:
        """Make all due within a while, not all at once."""
        soon = literal(at) + func.random(type_=Float) * literal(within, Interval)
        await self.session.execute(
            update(Remote).values(due_at=func.least(Remote.due_at, soon))
        )

    async def due(self, *, now: datetime, limit: int) -> Sequence[Remote]:
        """Lock what is due, the longest waiting first, unless somebody else has it."""
        query = (
            select(Remote)
            .where(Remote.due_at <= now)
            .order_by(Remote.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self.session.scalars(query)).all()

    async def remote(self, url: str) -> Remote | None:
        return await self.session.get(
            Remote, url, with_for_update=True, populate_existing=True
        )

    async def branches(self, urls: Sequence[str]) -> dict[str, set[str]]:
        query = select(Cursor.url, Cursor.branch).where(Cursor.url.in_(urls)).distinct()
        found: dict[str, set[str]] = {}
        for url, branch in await self.session.execute(query):
            found.setdefault(url, set()).add(branch)
        return found

    async def cursors(self, url: str) -> Sequence[Cursor]:
        query = (
            select(Cursor)
            .where(Cursor.url == url)
            .order_by(Cursor.stack_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self.session.scalars(query)).all()

    async def cursor(self, stack_id: StackId) -> Cursor | None:
        return await self.session.get(
            Cursor, stack_id, with_for_update=True, populate_existing=True
        )

    async def forget(self) -> None:
        """Drop remotes that no stack follows, and cursors of stacks that moved in.

        In this order, which is that of `answered`: neither waits for the other.
        """
        stacks = followed_elsewhere().subquery()
        follows = exists().where(stacks.c.id == Cursor.stack_id)
        await self.session.execute(
            delete(Remote).where(~exists().where(Cursor.url == Remote.url, follows))
        )
        await self.session.execute(delete(Cursor).where(~follows))

    async def _pulse(self) -> Pulse | None:
        return await self.session.get(
            Pulse, 1, with_for_update=True, populate_existing=True
        )
