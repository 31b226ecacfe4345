from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.contexts import Context
from stackyard.kernel.ids import AttachmentId, ContextId, SpaceId, StackId
from stackyard.spaces import reaching
from stackyard.stacks.errors import ContextAttachedError
from stackyard.stacks.model.contexts import AttachedContext, ContextAttachment
from stackyard.stacks.model.stack import Stack
from stackyard.stacks.store.attaching import attaches_itself, reaches


@dataclass(frozen=True, slots=True)
class AttachmentStore:
    """Which stack has which context, by somebody's word or by its labels."""

    session: AsyncSession

    async def find(self, attachment_id: AttachmentId) -> ContextAttachment | None:
        return await self.session.get(ContextAttachment, attachment_id)

    async def add(self, attachment: ContextAttachment) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(attachment)
        except IntegrityError:
            raise ContextAttachedError(
                context=attachment.context_id, stack=attachment.stack_id
            ) from None

    async def remove(self, attachment: ContextAttachment) -> None:
        await self.session.delete(attachment)
        await self.session.flush()

    async def reaches(self, stack: Stack, space: SpaceId) -> bool:
        return await reaches(self.session, stack, space)

    async def of_stacks(self, ids: Collection[StackId]) -> Sequence[AttachedContext]:
        """Return every context of these stacks. Two queries."""
        return await self._found(Stack.id.in_(ids))

    async def of_contexts(
        self, ids: Collection[ContextId], spaces: Select[SpaceId]
    ) -> Sequence[AttachedContext]:
        """Return the stacks in these spaces that have one of these. Two queries."""
        return await self._found(Context.id.in_(ids), Stack.space_id.in_(spaces))

    async def _found(self, *which: ColumnElement[bool]) -> list[AttachedContext]:
        rows = await self.session.execute(_explicit().where(*which))
        found = [AttachedContext(*row) for row in rows]
        rows = await self.session.execute(_automatic().where(*which))
        return found + [AttachedContext(*row) for row in rows]


def _explicit() -> Select[*tuple[Any, ...]]:
    return (
        select(Context, Stack.id, Stack.name, ContextAttachment)
        .join(ContextAttachment, ContextAttachment.context_id == Context.id)
        .join(Stack, Stack.id == ContextAttachment.stack_id)
        .order_by(Stack.name, Stack.id)
    )


def _automatic() -> Select[*tuple[Any, ...]]:
    """Select what attaches itself; what was attached by hand as well is not in here."""
    pairs = reaching(select(Stack.space_id))
    by_hand = select(ContextAttachment.id).where(
        ContextAttachment.context_id == Context.id,
        ContextAttachment.stack_id == Stack.id,
    )
    return (
        select(Context, Stack.id, Stack.name)
        .join(pairs, pairs.c.reached == Context.space_id)
        .join(Stack, Stack.space_id == pairs.c.space)
        .where(attaches_itself(Context), ~by_hand.exists())
        .order_by(Stack.name, Stack.id)
    )
