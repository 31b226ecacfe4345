"""Who reacts to what: the conversation of the platform with itself, on one screen.

A reaction opens units when it needs them, since no transaction waits for the network;
it may be called twice, so it re-reads what it acts on. What becomes of its message is
decided here, once, by the kind of error:

* `UNAVAILABLE`: the fault is elsewhere and will pass. The message is given back, after
  1, 2, 4 … seconds, which does not count: an outage, however long, buries nothing.
* any other foreseen error: trying again would not help. Buried, with the reason.
* an unforeseen one: a bug, reported with its traceback. The message comes back by
  itself, and is buried after the third time.
* a reaction that this version does not know: another version, before or after this
  one, may. Given back for some minutes, then buried.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

import structlog

from stackyard.kernel.errors import Kind, StackyardError
from stackyard.kernel.events import Event
from stackyard.kernel.queue import Message, Queue
from stackyard.kernel.routing import EventT, Route, event_of

log = structlog.get_logger()

ToolsT = TypeVar("ToolsT")
Reaction: TypeAlias = Callable[[ToolsT, EventT], Awaitable[None]]
TickReaction: TypeAlias = Callable[[ToolsT], Awaitable[None]]

LONGEST_PAUSE: Final = 15.0
STRANGER_RETURNS: Final = 24  # some five minutes: as long as a rolling upgrade takes


class Verdict(Enum):
    """What the consumer should do with the message it was handed."""

    DONE = auto()
    RETRY = auto()  # give it back; not the message's fault
    FAILED = auto()  # leave it: it comes back, and this time counts
    BURY = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: Verdict
    delay_seconds: float = 0
    reason: str = ""


DONE: Final = Outcome(Verdict.DONE)
FAILED: Final = Outcome(Verdict.FAILED)


@dataclass(frozen=True, slots=True)
class Part(Generic[ToolsT]):
    """One reaction to one event. Its name is on the wire: rename it in two releases."""

    event: type[Event]
    route: Route
    play: Callable[[ToolsT, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Tick(Generic[ToolsT]):
    """Something to be done every *seconds*, whoever gets to do it."""

    name: str
    seconds: float
    play: TickReaction[ToolsT]


def when(
    event: type[EventT],
    play: Reaction[ToolsT, EventT],
    *,
    queue: Queue = Queue.ASYNC,
    group: Callable[[EventT], str] | None = None,
    delay_seconds: float = 0,
) -> Part[ToolsT]:
    """Return a line of the table: when *event* happened, *play*.

    One after the other for each *group*, if the queue is a FIFO queue. What is not
    urgent lets others go first, by *delay_seconds*.
    """
    if queue.fifo and group is None:
        message = f"{_name(play)} listens to {queue}: say what is kept in order"
        raise ValueError(message)
    return Part(event, Route(_name(play), queue, group, delay_seconds), play)


@dataclass(frozen=True, slots=True)
class Choreography(Generic[ToolsT]):
    """The table, checked: a reaction's name, or a tick's, stands for one only."""

    parts: Mapping[str, Part[ToolsT]]
    ticks: Mapping[str, Tick[ToolsT]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, parts: Iterable[Part[ToolsT]], ticks: Iterable[Tick[ToolsT]] = ()
    ) -> Self:
        named = [(part.route.reaction, part) for part in parts]
        ticking = [(tick.name, tick) for tick in ticks]
        return cls(_unique(named), _unique(ticking))

    @property
    def routes(self) -> Mapping[type[Event], tuple[Route, ...]]:
        """Return what the outbox needs to know."""
        found: dict[type[Event], tuple[Route, ...]] = {}
        for part in self.parts.values():
            found[part.event] = (*found.get(part.event, ()), part.route)
        return MappingProxyType(found)

    @property
    def periods(self) -> Mapping[str, float]:
        """Return what the scheduler needs to know."""
        return {tick.name: tick.seconds for tick in self.ticks.values()}

    async def react(self, tools: ToolsT, message: Message) -> Outcome:
        """Let whoever the message is for react to it."""
        name = str(message.body.get("reaction") or message.body.get("tick"))
        try:
            return await self._play(tools, message)
        except Exception as broken:
            error = _foreseen_in(broken)
            if error is None:
                receives = message.receives
                log.exception("reaction.broken", reaction=name, receives=receives)
                return FAILED
            if error.kind is Kind.UNAVAILABLE:
                log.warning("reaction.postponed", reaction=name, facts=error.facts)
                return Outcome(Verdict.RETRY, pause_after(message.returns))
            log.error("reaction.refused", reaction=name, facts=error.facts)  # noqa: TRY400 - foreseen: the traceback says nothing
            return Outcome(Verdict.BURY, reason=f"{type(error).__name__}: {error}")

    async def _play(self, tools: ToolsT, message: Message) -> Outcome:
        body = message.body
        if tick := self.ticks.get(str(body.get("tick"))):
            await tick.play(tools)
            return DONE
        part = self.parts.get(str(body.get("reaction")))
        if part is None or part.event.__name__ != body.get("event"):
            return _stranger(message)
        await part.play(tools, event_of(part.event, body.get("facts")))
        return DONE


def handler(
    choreography: Choreography[ToolsT], tools: ToolsT
) -> Callable[[Message], Awaitable[Outcome]]:
    """Return what the drain does with a message that the outbox or the clock sent."""

    async def handle(message: Message) -> Outcome:
        return await choreography.react(tools, message)

    return handle


def pause_after(returns: int) -> float:
    """Return how long to wait before the next attempt: 1, 2, 4 … seconds."""
    return float(min(LONGEST_PAUSE, 2 ** min(returns, 10)))


async def file_dead_letter(message: Message) -> Outcome:
    """Tell an operator of a dead letter, once; the message itself is kept."""
    await asyncio.sleep(0)
    log.error(
        "message.died",
        message=message.id,
        origin=message.origin,
        group=message.group,
        reason=message.reason,
        reaction=message.body.get("reaction") or message.body.get("tick"),
        of=message.body.get("event"),
    )
    return Outcome(Verdict.BURY, reason="told an operator")


def _foreseen_in(broken: Exception) -> StackyardError | None:
    """Return the error that we had foreseen.

    Of several, from what went side by side, only if all are of the same outage.
    """
    if isinstance(broken, StackyardError):
        return broken
    if not isinstance(broken, ExceptionGroup):
        return None
    found = [_foreseen_in(one) for one in broken.exceptions]
    out = [one for one in found if one and one.kind is Kind.UNAVAILABLE]
    return out[0] if len(out) == len(found) else None


def _stranger(message: Message) -> Outcome:
    if message.returns >= STRANGER_RETURNS:
        return Outcome(Verdict.BURY, reason="no version here knows this reaction")
    log.warning("reaction.unknown", body=sorted(message.body))
    return Outcome(Verdict.RETRY, pause_after(message.returns))


def _name(play: Callable[..., Any]) -> str:
    return str(getattr(play, "__name__", type(play).__name__))


def _unique(named: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(named)
    if len(found) != len(named):
        names = [name for name, _ in named]
        twice = sorted({name for name in names if names.count(name) > 1})
        message = f"these names are given twice: {', '.join(twice)}"
        raise ValueError(message)
    return MappingProxyType(found)
