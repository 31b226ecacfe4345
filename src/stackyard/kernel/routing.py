"""How a fact travels: which queues it is put on, and what it looks like there.

Shared by the outbox, which writes messages, and the choreography, which reads them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import msgspec

from stackyard.kernel.errors import InvalidError
from stackyard.kernel.events import Event
from stackyard.kernel.queue import Queue

EventT = TypeVar("EventT", bound=Event)


class FactsError(InvalidError):
    """The facts in a message are not those of its event."""


@dataclass(frozen=True, slots=True)
class Route:
    """One reaction that wants to hear of an event, and the queue it listens to.

    *group* names what must be kept in order; FIFO queues need it. It hears of an event
    no earlier than after *delay_seconds*.
    """

    reaction: str
    queue: Queue
    group: Callable[[Any], str] | None = None
    delay_seconds: float = 0


Routes: TypeAlias = Mapping[type[Event], tuple[Route, ...]]


def facts_of(event: Event) -> dict[str, Any]:
    """Return *event* as JSON has it."""
    facts: dict[str, Any] = msgspec.to_builtins(event)
    return facts


def event_of(kind: type[EventT], facts: object) -> EventT:
    """Return the event that `facts_of` was given, or raise `FactsError`."""
    try:
        return msgspec.convert(facts, kind)
    except msgspec.ValidationError as error:
        raise FactsError(event=kind.__name__, problem=str(error)) from error


def message_of(event: Event, reaction: str) -> dict[str, Any]:
    """Return the body that tells *reaction* of *event*."""
    return {
        "reaction": reaction,
        "event": type(event).__name__,
        "facts": facts_of(event),
    }
