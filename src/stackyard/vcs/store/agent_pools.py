from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import VcsAgentPoolId
from stackyard.kernel.text import storable
from stackyard.vcs.errors import AgentPoolExistsError
from stackyard.vcs.model.agent_pool import AgentPool
from stackyard.vcs.model.integration import Integration

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class AgentPoolStore:
    session: AsyncSession

    async def find(
        self, pool_id: VcsAgentPoolId, *, lock: bool = False
    ) -> AgentPool | None:
        if not storable(pool_id):
            return None
        return await self.session.get(
            AgentPool, pool_id, with_for_update=lock, populate_existing=lock
        )

    async def all(self) -> Sequence[AgentPool]:
        query = select(AgentPool).order_by(AgentPool.name)
        return (await self.session.scalars(query)).all()

    async def add(self, pool: AgentPool) -> None:
        async with self.session.begin_nested():
            self.session.add(pool)
            await self.write(pool)

    async def write(self, pool: AgentPool) -> None:
        try:
            await self.session.flush()
        except IntegrityError:  # there is one rule: names are taken once
            raise AgentPoolExistsError(name=pool.name) from None

    async def remove(self, pool: AgentPool) -> None:
        await self.session.delete(pool)
        await self.session.flush()

    async def users(self, pool: AgentPool) -> Sequence[str]:
        """Name integrations whose server is reached through the pool."""
        host, below = Integration.api_host, f"{pool.address}/"
        query = (
            select(Integration.id)
            .where(or_(host == pool.address, func.starts_with(host, below)))
            .order_by(Integration.id)
            .limit(_MOST_NAMED)
        )
        return (await self.session.scalars(query)).all()
