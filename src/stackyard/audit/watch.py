"""Remember who was refused what, and write it down when that was the end of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import structlog

from stackyard.audit.model.entry import Refusal
from stackyard.audit.service import AuditTrail
from stackyard.kernel.access import Action, Subject
from stackyard.kernel.errors import (
    ForbiddenError,
    NotFoundError,
    StackyardError,
    UnauthorizedError,
)
from stackyard.kernel.ids import SpaceId
from stackyard.kernel.origin import origin
from stackyard.spaces import SpaceAccess

log = structlog.get_logger()

OpenTrail: TypeAlias = Callable[[], AbstractAsyncContextManager[AuditTrail]]

# A state that is handed over holds secrets: to be refused that is worth a line.
_READING: Final = frozenset({Action.SPACE_READ, Action.STACK_STATE_READ})


@dataclass(frozen=True, slots=True)
class WatchedAccess(SpaceAccess):
    """Says what `SpaceAccess` says, and keeps what was refused.

    Refused reading is nothing to it, unless that is how far somebody got who wanted to
    change something: to a stranger the first thing that is refused is to look.
    """

    refusals: list[Refusal] = field(default_factory=list)

    async def require(self, by: Subject, action: Action, *, space: SpaceId) -> None:
        try:
            await SpaceAccess.require(self, by, action, space=space)
        except (ForbiddenError, NotFoundError, UnauthorizedError):
            refusal = Refusal(by, action, space)
            changing = action not in _READING or origin().mutation is not None
            if changing and refusal not in self.refusals:
                self.refusals.append(refusal)
            raise


@asynccontextmanager
async def watching(open_trail: OpenTrail) -> AsyncIterator[list[Refusal]]:
    """Lend one unit a place for refusals. If it fails, they are written down.

    In a transaction of their own, since the unit's is rolled back; and not if the unit
    got over them. Enter this before the transaction.
    """
    refusals: list[Refusal] = []
    try:
        yield refusals
    except StackyardError:
        if refusals:
            await _write_down(refusals, open_trail)
        raise


async def _write_down(refusals: list[Refusal], open_trail: OpenTrail) -> None:
    try:
        async with open_trail() as trail:
            for refusal in refusals:
                await trail.note_refusal(refusal, by=refusal.by)
    except StackyardError as error:  # who was refused is told so in any case
        log.warning("audit.refusal_lost", facts=error.facts)
