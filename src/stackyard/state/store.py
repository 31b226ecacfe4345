"""All SQL about state."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Text, delete, func, literal, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import RunId, StackId
from stackyard.state.errors import StateNotFoundError
from stackyard.state.made import StackOutput, StackResource
from stackyard.state.model import StateLock, StateVersion


@dataclass(frozen=True, slots=True)
class StateStore:
    session: AsyncSession

    async def serialize(self, stack_id: StackId) -> None:
        """Let writes to one stack's state follow one another."""
        await self.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"state/{stack_id}"},
        )

    async def current(self, stack_id: StackId) -> StateVersion | None:
        query = (
            select(StateVersion)
            .where(StateVersion.stack_id == stack_id, StateVersion.aside.is_(False))
            .order_by(StateVersion.serial.desc(), StateVersion.id.desc())
            .limit(1)
        )
        return await self.session.scalar(query)

    async def get(self, stack_id: StackId, version_id: str) -> StateVersion:
        version = await self.session.get(StateVersion, version_id)
        if version is None or version.stack_id != stack_id:
            raise StateNotFoundError(stack=stack_id, version=version_id)
        return version

    async def versions(
        self, stack_ids: Sequence[StackId], *, before: str | None, limit: int
    ) -> Sequence[StateVersion]:
        """At most *limit* of each stack, newest first; *before* is exclusive."""
        ids = func.unnest(literal(list(stack_ids), ARRAY(Text())))
        stacks = ids.table_valued("id").render_derived()
        page = select(StateVersion.id).where(StateVersion.stack_id == stacks.c.id)
        if before is not None:
            page = page.where(StateVersion.id < before)
        page = page.order_by(StateVersion.id.desc()).limit(limit)
        newest = page.correlate(stacks).lateral("newest")
        query = (
            select(StateVersion)
            .select_from(stacks)
            .join(newest, true())
            .join(StateVersion, StateVersion.id == newest.c.id)
            .order_by(StateVersion.id.desc())
        )
        return (await self.session.scalars(query)).all()

    def add(self, version: StateVersion) -> None:
        self.session.add(version)

    async def lock(self, stack_id: StackId) -> StateLock | None:
        return await self.session.get(
            StateLock, stack_id, with_for_update=True, populate_existing=True
        )

    async def take_lock(self, lock: StateLock) -> bool:
        """Insert the lock; False if there is one already, whoever was faster."""
        values = {
            column.key: getattr(lock, column.key) for column in StateLock.__table__.c
        }
        made = await self.session.execute(
            insert(StateLock)
            .values(values)
            .on_conflict_do_nothing()
            .returning(StateLock.stack_id)
        )
        return made.first() is not None

    async def drop_lock(self, stack_id: StackId) -> None:
        await self.session.execute(
            delete(StateLock).where(StateLock.stack_id == stack_id)
        )

    async def drop_locks_of_run(self, run_id: RunId) -> None:
        await self.session.execute(delete(StateLock).where(StateLock.run_id == run_id))

    async def replace_outputs(
        self,
        stack_id: StackId,
        outputs: Sequence[StackOutput],
        *,
        run_id: RunId | None,
    ) -> None:
        known = {one.id: one for one in await self.outputs([stack_id])}
        for output in outputs:
            output.trace(known.get(output.id), run_id)
        await self.session.execute(
            delete(StackOutput).where(StackOutput.stack_id == stack_id)
        )
        self.session.add_all(outputs)

    async def replace_resources(
        self,
        stack_id: StackId,
        resources: Sequence[StackResource],
        *,
        run_id: RunId | None,
    ) -> None:
        known = {one.address: one for one in await self.resources([stack_id])}
        for resource in resources:
            resource.trace(known.get(resource.address), run_id)
        await self.session.execute(
            delete(StackResource).where(StackResource.stack_id == stack_id)
        )
        self.session.add_all(resources)

    async def has_resources(self, stack_id: StackId) -> bool:
        query = select(StackResource.address).where(StackResource.stack_id == stack_id)
        return await self.session.scalar(query.limit(1)) is not None

    async def outputs(self, stack_ids: Sequence[StackId]) -> Sequence[StackOutput]:
        query = (
            select(StackOutput)
            .where(StackOutput.stack_id.in_(stack_ids))
            .order_by(StackOutput.stack_id, StackOutput.id)
        )
        return (await self.session.scalars(query)).all()

    async def resources(self, stack_ids: Sequence[StackId]) -> Sequence[StackResource]:
        query = (
            select(StackResource)
            .where(StackResource.stack_id.in_(stack_ids))
            .order_by(StackResource.stack_id, StackResource.address)
        )
        return (await self.session.scalars(query)).all()
