"""Use cases of pools of VCS agents: they hold for the account, as its hosts do."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.identity import AccountAdminOnlyError
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, VcsAgentPoolId
from stackyard.kernel.needs import Rule, needs
from stackyard.vcs.errors import AgentPoolInUseError, AgentPoolNotFoundError
from stackyard.vcs.model.agent_pool import AgentPool
from stackyard.vcs.ports import AdministersAny
from stackyard.vcs.store import AgentPoolStore


@dataclass(frozen=True, slots=True)
class AgentPools:
    store: AgentPoolStore
    access: Access
    administers_any: AdministersAny
    clock: Clock
    trail: Trail

    @needs(Rule.ANY_SPACE_ADMIN)
    async def find(self, pool_id: VcsAgentPoolId, *, by: Subject) -> AgentPool | None:
        """Return it to whoever could name it in an integration."""
        return (
            await self.store.find(pool_id) if await self.administers_any(by) else None
        )

    @needs(Rule.ANY_SPACE_ADMIN)
    async def all(self, *, by: Subject) -> Sequence[AgentPool]:
        """Return every pool, by name."""
        return await self.store.all() if await self.administers_any(by) else []

    @needs(Rule.ACCOUNT_ADMIN)
    async def create(
        self, name: str, description: str | None, *, by: Subject
    ) -> tuple[AgentPool, str]:
        """Make a pool; return it and the key of its agents, which is shown once."""
        await self._require_administrator(by)
        pool, key = AgentPool.create(name, description, at=self.clock())
        await self.store.add(pool)
        await self._note("create", pool, by=by)
        return pool, key

    @needs(Rule.ACCOUNT_ADMIN)
    async def update(
        self,
        pool_id: VcsAgentPoolId,
        name: str,
        description: str | None,
        *,
        by: Subject,
    ) -> AgentPool:
        await self._require_administrator(by)
        pool = await self.store.find(pool_id, lock=True)
        if pool is None:
            raise AgentPoolNotFoundError(pool=pool_id)
        pool.change(name, description, at=self.clock())
        await self.store.write(pool)
        await self._note("update", pool, by=by)
        return pool

    @needs(Rule.ACCOUNT_ADMIN)
    async def delete(self, pool_id: VcsAgentPoolId, *, by: Subject) -> AgentPool | None:
        """End the pool, unless integrations name it; None if it is gone."""
        await self._require_administrator(by)
        pool = await self.store.find(pool_id, lock=True)
        if pool is None:
            return None
        users = await self.store.users(pool)
        if users:
            raise AgentPoolInUseError(pool=pool.name, users=", ".join(users))
        await self.store.remove(pool)
        await self._note("delete", pool, by=by)
        return pool

    async def _require_administrator(self, by: Subject) -> None:
        """Ask for the root space; that there is an account is no secret."""
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        except NotFoundError:
            raise AccountAdminOnlyError(subject=by.name) from None

    async def _note(self, verb: str, pool: AgentPool, *, by: Subject) -> None:
        await self.trail.note(
            f"vcs_agent_pool.{verb}",
            Resource(ResourceType.UNKNOWN, pool.id),
            facts=pool.facts(),
            by=by,
        )
