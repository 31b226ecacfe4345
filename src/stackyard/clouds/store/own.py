from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.clouds.model.own import AwsRole, GcpAccount
from stackyard.kernel.ids import StackId

O = TypeVar("O", AwsRole, GcpAccount)  # noqa: E741 - what is a project's own


@dataclass(frozen=True, slots=True)
class OwnCloudStore:
    """What each project has of its own: at most one of each kind."""

    session: AsyncSession

    async def find(self, kind: type[O], stack_id: StackId) -> O | None:
        return await self.session.get(kind, stack_id)

    async def write(self, one: AwsRole | GcpAccount) -> None:
        self.session.add(one)
        await self.session.flush()

    async def remove(self, one: AwsRole | GcpAccount) -> None:
        await self.session.delete(one)
        await self.session.flush()

    async def of(
        self, kind: type[O], stack_ids: Collection[StackId]
    ) -> dict[StackId, O]:
        query = select(kind).where(kind.stack_id.in_(stack_ids))
        return {one.stack_id: one for one in await self.session.scalars(query)}
