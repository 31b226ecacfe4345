"""What waits for the workers of a pool, and what they have."""

from dataclasses import dataclass

from stackyard.kernel.access import Action, Subject
from stackyard.kernel.ids import PoolId
from stackyard.kernel.needs import needs
from stackyard.kernel.search import Page, Search
from stackyard.runs.queue_store import QueuedRun, QueueStore
from stackyard.stacks import Stacks
from stackyard.workers import Pools


@dataclass(frozen=True, slots=True)
class PoolQueues:
    store: QueueStore
    stacks: Stacks
    pools: Pools

    @needs(Action.SPACE_READ)
    async def search(
        self, pool_id: PoolId, search: Search, *, by: Subject
    ) -> Page[QueuedRun]:
        """Return a page of the pool's queue, of projects that *by* may read.

        Places are among all: what is not shown takes up one all the same.
        """
        await self.pools.get(pool_id, by=by)
        found = await self.store.stacks_in(pool_id)
        readable = await self.stacks.projects(found, by=by)
        return await self.store.search(pool_id, search, list(readable))
