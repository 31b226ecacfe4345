from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from stackyard.kernel.access import Action, Level, Subject
from stackyard.kernel.audit import Resource
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.events import Event
from stackyard.kernel.ids import ROOT, SpaceId
from stackyard.kernel.needs import Rule, note_asked


@dataclass
class Clock:
    now: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class OpenAccess:
    """Says yes, except to what it was told to refuse."""

    refused: set[Action] = field(default_factory=set)

    async def require(self, by: Subject, action: Action, *, space: SpaceId) -> None:
        note_asked(action)
        if space == ROOT and action is Action.SPACE_ADMIN:
            note_asked(Rule.ACCOUNT_ADMIN)
        if action in self.refused:
            raise ForbiddenError(subject=by.name, action=action, space=space)

    async def levels(
        self, by: Subject, *, spaces: Collection[SpaceId]
    ) -> dict[SpaceId, Level]:
        return dict.fromkeys(spaces, Level.ADMIN)

    async def allowed(
        self, by: Subject, action: Action, *, spaces: Collection[SpaceId]
    ) -> set[SpaceId]:
        note_asked(action)
        return set() if action in self.refused else set(spaces)


@dataclass
class MemoryOutbox:
    events: list[Event] = field(default_factory=list)

    async def add(self, event: Event, *, delay_seconds: float = 0) -> None:
        self.events.append(event)


@dataclass
class MemoryTrail:
    """Remembers what was noted, as `action` and the resource's id."""

    notes: list[tuple[str, str | None]] = field(default_factory=list)

    async def note(
        self,
        action: str,
        affected: Resource,
        *,
        by: Subject,
        related: Resource | None = None,
        space: SpaceId | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.notes.append((action, affected.id))

    async def note_failed_sign_in(
        self, affected: Resource, *, by: Subject, facts: Mapping[str, Any] | None = None
    ) -> None:
        self.notes.append(("login.fail", affected.id))
