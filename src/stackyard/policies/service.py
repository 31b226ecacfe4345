"""Use cases of policies: load, ask leave, decide, tell.

No action is about policies alone: who administers the space makes and changes them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import ForbiddenError, NotFoundError
from stackyard.kernel.ids import ROOT, PolicyId, SpaceId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.search import Page, Search
from stackyard.policies.errors import (
    PolicyNotFoundError,
    PolicyProblemsError,
    PolicySlugTakenError,
    PolicySpaceError,
    PolicyUnreachableError,
)
from stackyard.policies.model import Policy, PolicySpec, PolicyType, usual_space
from stackyard.policies.ports import Neighbours, PolicyEngine
from stackyard.policies.store import PolicyStore


@dataclass(frozen=True, slots=True)
class Policies:
    store: PolicyStore
    engine: PolicyEngine
    access: Access
    clock: Clock
    neighbours: Neighbours
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self,
        policy_id: PolicyId,
        *,
        by: Subject,
        lock: bool = False,
        shared: bool = False,
    ) -> Policy | None:
        """Return the policy, or None if there is none that *by* may know of."""
        policy = await self.store.find(policy_id, lock=lock, shared=shared)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = policy.space_id if policy else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return policy

    @needs(Action.SPACE_READ)
    async def get(
        self,
        policy_id: PolicyId,
        *,
        by: Subject,
        lock: bool = False,
        shared: bool = False,
    ) -> Policy:
        policy = await self.find(policy_id, by=by, lock=lock, shared=shared)
        if policy is None:
            raise PolicyNotFoundError(policy=policy_id)
        return policy

    @needs(Action.SPACE_READ)
    async def all(
        self, *, by: Subject, kind: PolicyType | None = None
    ) -> Sequence[Policy]:
        """Return every policy, or those of one type, that *by* may read, by name."""
        return await self.store.all_in(self.neighbours.visible_spaces(by), kind)

    @needs(Action.SPACE_READ)
    async def some(
        self, policy_ids: Collection[PolicyId], *, by: Subject
    ) -> dict[PolicyId, Policy]:
        """Return those of these policies that *by* may read."""
        spaces = self.neighbours.visible_spaces(by)
        return await self.store.some_of(policy_ids, spaces)

    @needs(Action.SPACE_READ)
    async def search(self, search: Search, *, by: Subject) -> Page[Policy]:
        """Return a page of the policies that *by* may read. One query."""
        return await self.store.search(search, self.neighbours.visible_spaces(by))

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many policies are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.SPACE_ADMIN)
    async def create(
        self, spec: PolicySpec, kind: PolicyType, *, by: Subject
    ) -> Policy:
        """Make a policy; its slug comes from its name and never changes again."""
        await self._require_in(spec.space_id or usual_space(kind), by=by)
        policy = Policy.create(spec, kind, at=self.clock())
        await self._check_body(policy)
        if await self.store.find(policy.id) is not None:
            raise PolicySlugTakenError(policy=policy.id)
        await self.store.add(policy)
        await self._tell("create", policy, by=by)
        return policy

    @needs(Action.SPACE_ADMIN)
    async def update(
        self, policy_id: PolicyId, spec: PolicySpec, *, by: Subject
    ) -> Policy:
        """Replace all settings. The stacks that it is attached to must reach it."""
        policy = await self.get(policy_id, by=by, lock=True)
        await self.access.require(by, Action.SPACE_ADMIN, space=policy.space_id)
        moves = spec.space_id not in {None, policy.space_id}
        if spec.space_id and moves:
            await self._require_in(spec.space_id, by=by)
        policy.change(spec, at=self.clock())
        await self._check_body(policy)
        await self.store.write(policy)
        lost = await self.neighbours.find_cut_off(policy.id) if moves else ()
        if lost:
            raise PolicyUnreachableError(space=policy.space_id, uses=", ".join(lost))
        await self._tell("update", policy, by=by)
        return policy

    @needs(Action.SPACE_ADMIN)
    async def delete(self, policy_id: PolicyId, *, by: Subject) -> Policy | None:
        """Delete it for good, also from every stack that has it; None if it is gone."""
        policy = await self.find(policy_id, by=by, lock=True)
        if policy is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=policy.space_id)
        await self.store.remove(policy)
        await self._tell("delete", policy, by=by)
        return policy

    @needs(Rule.ANY_SPACE_ADMIN)
    async def simulate(
        self, body: str, given: str, kind: PolicyType, *, by: Subject
    ) -> str:
        """Return what *body* says of *given*; what is kept stays as it is."""
        if not await self.neighbours.administers_any(by):
            raise ForbiddenError(subject=by.name)
        return await self.engine.simulate(body, given, kind)

    @needs(Rule.SIGNED_IN)
    async def engine_version(self, *, by: Subject) -> str:
        """Return the version of Open Policy Agent here; "" if there is none."""
        del by
        return self.engine.version

    async def _check_body(self, policy: Policy) -> None:
        problems = await self.engine.check(policy.body, policy.type, policy.engine_type)
        if problems:
            raise PolicyProblemsError(*problems, policy=policy.id)

    async def _tell(self, verb: str, policy: Policy, *, by: Subject) -> None:
        await self.trail.note(
            f"policy.{verb}",
            Resource(ResourceType.POLICY, policy.id),
            space=policy.space_id,
            facts=policy.facts(),
            by=by,
        )
        if policy.type is PolicyType.LOGIN:
            await self.neighbours.end_other_sessions(by)

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=space)
        except NotFoundError:
            raise PolicySpaceError(space=space) from None
