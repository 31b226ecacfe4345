from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    func,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import AttachmentId, PolicyId, SpaceId, StackId
from stackyard.policies import Policy, PolicyType
from stackyard.spaces import reaching
from stackyard.stacks.errors import PolicyAttachedError
from stackyard.stacks.model.policies import (
    AttachedPolicy,
    PolicyAttachment,
    PolicyCounts,
)
from stackyard.stacks.model.stack import Stack
from stackyard.stacks.store.attaching import attaches_itself, reaches


@dataclass(frozen=True, slots=True)
class PolicyAttachmentStore:
    """Which stack has which policy, by somebody's word or by its labels."""

    session: AsyncSession

    async def find(self, attachment_id: AttachmentId) -> PolicyAttachment | None:
        return await self.session.get(PolicyAttachment, attachment_id)

    async def add(self, attachment: PolicyAttachment) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(attachment)
        except IntegrityError:
            raise PolicyAttachedError(
                policy=attachment.policy_id, stack=attachment.stack_id
            ) from None

    async def remove(self, attachment: PolicyAttachment) -> None:
        await self.session.delete(attachment)
        await self.session.flush()

    async def reaches(self, stack: Stack, space: SpaceId) -> bool:
        return await reaches(self.session, stack, space)

    async def of_stacks(self, ids: Collection[StackId]) -> Sequence[AttachedPolicy]:
        """Return every policy of these stacks. One query."""
        return await self._found(_pairs(Stack.id.in_(ids)))

    async def of_policies(
        self, ids: Collection[PolicyId], spaces: Select[SpaceId]
    ) -> Sequence[AttachedPolicy]:
        """Return the stacks in these spaces that have one of these. One query."""
        return await self._found(_pairs(Policy.id.in_(ids), Stack.space_id.in_(spaces)))

    async def by_hand(
        self, pairs: Collection[tuple[PolicyId, StackId]], spaces: Select[SpaceId]
    ) -> Sequence[AttachedPolicy]:
        """Return what somebody attached of these, to stacks in these spaces."""
        wanted = tuple_(Policy.id, Stack.id).in_(pairs)
        query = _explicit().where(wanted, Stack.space_id.in_(spaces))
        return await self._found(query.subquery())

    async def counts(
        self, ids: Collection[PolicyId], spaces: Select[SpaceId]
    ) -> dict[PolicyId, PolicyCounts]:
        """Return how many in these spaces have each of these. One query."""
        pairs = _pairs(Policy.id.in_(ids), Stack.space_id.in_(spaces))
        query = select(pairs.c.policy_id, func.count()).group_by(pairs.c.policy_id)
        rows = await self.session.execute(query)
        return {policy: PolicyCounts(stacks) for policy, stacks in rows}

    async def _found(self, pairs: Subquery) -> list[AttachedPolicy]:
        query = (
            select(
                *(Policy.id, Policy.name, Policy.type),
                *(Stack.id, Stack.name, pairs.c.attachment_id),
            )
            .join(pairs, pairs.c.policy_id == Policy.id)
            .join(Stack, Stack.id == pairs.c.stack_id)
            .order_by(Policy.name, Stack.name, Stack.id)
        )
        return [AttachedPolicy(*row) for row in await self.session.execute(query)]


def _pairs(*which: ColumnElement[bool]) -> Subquery:
    """Return who has what, whichever way; *which* is said of policies and stacks."""
    return union_all(_explicit().where(*which), _automatic().where(*which)).subquery()


def _explicit() -> Select[*tuple[Any, ...]]:
    return _columns(PolicyAttachment.id).join_from(Policy, PolicyAttachment).join(Stack)


def _automatic() -> Select[*tuple[Any, ...]]:
    """Select what attaches itself; what was attached by hand as well is not in here."""
    pairs = reaching(select(Stack.space_id))
    by_hand = select(PolicyAttachment.id).where(
        PolicyAttachment.policy_id == Policy.id, PolicyAttachment.stack_id == Stack.id
    )
    return (
        _columns(null())
        .join_from(Policy, pairs, pairs.c.reached == Policy.space_id)
        .join(Stack, Stack.space_id == pairs.c.space)
        .where(
            Policy.type != PolicyType.LOGIN,
            attaches_itself(Policy),
            ~by_hand.exists(),
        )
    )


def _columns(attachment: ColumnElement[Any] | Any) -> Select[*tuple[Any, ...]]:
    return select(
        Policy.id.label("policy_id"),
        Stack.id.label("stack_id"),
        attachment.label("attachment_id"),
    )
