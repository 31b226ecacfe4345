"""All SQL about policies, except which stacks have them (`stackyard.stacks`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.by_name import ByName, words_of
from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import PolicyId, SpaceId
from stackyard.kernel.search import Page, Predicate, Search
from stackyard.policies.errors import (
    PolicyNameTakenError,
    PolicySlugTakenError,
    PolicySpaceError,
)
from stackyard.policies.model import FORMER_NAMES, Policy, PolicyType

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "pk_policies": PolicySlugTakenError,
    "uq_policies_name": PolicyNameTakenError,
    "fk_policies_space_id": PolicySpaceError,
}


def _types(said: Predicate) -> Predicate:
    """Return what was said of types in today's names."""
    words = tuple(FORMER_NAMES.get(one, one) for one in (*said.enums, *said.strings))
    return Predicate(said.field, enums=words)


_LIST: Final = ByName(
    Policy,
    {
        "engineType": words_of(Policy.engine_type),
        "type": lambda said: words_of(Policy.type)(_types(said)),
    },
)


@dataclass(frozen=True, slots=True)
class PolicyStore:
    session: AsyncSession

    async def find(
        self, policy_id: PolicyId, *, lock: bool = False, shared: bool = False
    ) -> Policy | None:
        """Load it; with *lock*, no one else may change it until we commit.

        *shared*: but others may have the same lock, in whatever order.
        """
        if lock:
            # reading afresh would drop what has been changed and not written yet
            await self.session.flush()
        return await self.session.get(
            Policy,
            policy_id,
            with_for_update={"read": shared} if lock else None,
            populate_existing=lock,
        )

    async def add(self, policy: Policy) -> None:
        async with self.session.begin_nested():
            self.session.add(policy)
            await self.write(policy)

    async def write(self, policy: Policy) -> None:
        """Send what changed now, and say what is wrong with it in our own words."""
        with said_as(_MEANINGS, policy=policy.id, space=policy.space_id):
            await self.session.flush()

    async def remove(self, policy: Policy) -> None:
        """Forget it, and by the database's cascade all that is only about it."""
        await self.session.delete(policy)
        await self.session.flush()

    async def all_in(
        self, spaces: Select[SpaceId], kind: PolicyType | None
    ) -> Sequence[Policy]:
        query = select(Policy).where(Policy.space_id.in_(spaces)).order_by(Policy.name)
        if kind is not None:
            query = query.where(Policy.type == kind)
        return (await self.session.scalars(query)).all()

    async def some_of(
        self, ids: Collection[PolicyId], spaces: Select[SpaceId]
    ) -> dict[PolicyId, Policy]:
        query = select(Policy).where(Policy.id.in_(ids), Policy.space_id.in_(spaces))
        return {one.id: one for one in await self.session.scalars(query)}

    async def search(self, search: Search, spaces: Select[SpaceId]) -> Page[Policy]:
        query = select(Policy).where(Policy.space_id.in_(spaces))
        rows = await self.session.scalars(_LIST.searched(query, search))
        return _LIST.page_of(rows.all(), search)

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Policy.space_id == space)
        return (await self.session.execute(query)).scalar_one()
