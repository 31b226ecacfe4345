"""Use cases of which worker pools projects are in, asked by those who keep pools."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import PoolId
from stackyard.kernel.needs import Rule, needs
from stackyard.stacks.store import StackStore


@dataclass(frozen=True, slots=True)
class StackPools:
    store: StackStore

    @needs(Rule.PLATFORM)
    async def using(self, pool_id: PoolId, *, by: Subject) -> Sequence[str]:
        """Name what has its runs carried out there."""
        del by  # asked in the middle of deciding whether it may go
        return await self.store.in_pool(pool_id)

    @needs(Rule.PLATFORM)
    async def cut_off_of(self, pool_id: PoolId, *, by: Subject) -> Sequence[str]:
        """Name what those in the pool use and do not reach."""
        del by  # asked in the middle of deciding whether a move is allowed
        return await self.store.cut_off_of_pool(pool_id)
