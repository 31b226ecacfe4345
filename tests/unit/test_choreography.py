from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from stackyard.choreography import (
    STRANGER_RETURNS,
    Choreography,
    Tick,
    Verdict,
    file_dead_letter,
    pause_after,
    when,
)
from stackyard.kernel.errors import NotFoundError, UnavailableError
from stackyard.kernel.events import Event
from stackyard.kernel.ids import RunId
from stackyard.kernel.queue import Message, Queue
from stackyard.kernel.routing import FactsError, event_of, facts_of, message_of

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted(Event):
    run_id: RunId
    colour: Colour = Colour.RED
    coats: int = 1
    wet: bool = True
    by: str | None = None
    parts: tuple[str, ...] = ()
    dry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold(Event):
    price: int


@dataclass
class Tools:
    seen: list[Any] = field(default_factory=list)
    raises: Exception | None = None


async def admire(tools: Tools, event: Painted) -> None:
    if tools.raises:
        raise tools.raises
    tools.seen.append(event)


async def mourn(tools: Tools, event: Painted) -> None:
    tools.seen.append("mourned")


async def count_money(tools: Tools, event: Sold) -> None:
    tools.seen.append(event.price)


async def dust(tools: Tools) -> None:
    tools.seen.append("dusted")


CHOREOGRAPHY = Choreography[Tools].of(
    [
        when(Painted, admire, queue=Queue.ASYNC_FIFO, group=lambda event: event.run_id),
        when(Painted, mourn),
        when(Sold, count_money, queue=Queue.EVENTS_INBOX),
    ],
    [Tick("dust", 30, dust)],
)
PAINTED = Painted(at=NOON, run_id=RunId("R1"))


def message(body: dict[str, Any], *, returns: int = 0) -> Message:
    return Message(
        id="1",
        queue=Queue.ASYNC,
        body=body,
        group=None,
        receipt="r",
        receives=returns + 1,
        returns=returns,
    )


def optional(strategy: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    return some.none() | strategy


TIMES = some.datetimes(timezones=some.just(UTC))


@given(
    some.builds(
        Painted,
        at=TIMES,
        run_id=some.text(),
        coats=some.integers(-(2**62), 2**62),
        wet=some.booleans(),
        by=optional(some.text()),
        parts=some.lists(some.text()).map(tuple),
        dry_at=optional(TIMES),
    )
)
def test_an_event_comes_out_of_a_message_as_it_went_in(event: Painted) -> None:
    assert event_of(Painted, facts_of(event)) == event


@pytest.mark.parametrize("facts", [None, {}, {"at": "noon", "run_id": "R"}, [1]])
def test_facts_that_are_not_the_event_s_are_refused(facts: object) -> None:
    with pytest.raises(FactsError):
        event_of(Painted, facts)


def test_the_outbox_learns_every_route_of_an_event() -> None:
    routes = CHOREOGRAPHY.routes[Painted]

    assert [(route.reaction, route.queue) for route in routes] == [
        ("admire", Queue.ASYNC_FIFO),
        ("mourn", Queue.ASYNC),
    ]
    assert routes[0].group is not None
    assert routes[0].group(PAINTED) == "R1"


async def test_only_the_reaction_that_a_message_is_for_reacts() -> None:
    tools = Tools()

    outcome = await CHOREOGRAPHY.react(tools, message(message_of(PAINTED, "admire")))

    assert outcome.verdict is Verdict.DONE
    assert tools.seen == [PAINTED]


async def test_a_tick_does_what_it_stands_for() -> None:
    tools = Tools()

    outcome = await CHOREOGRAPHY.react(tools, message({"tick": "dust", "number": 7}))

    assert (outcome.verdict, tools.seen) == (Verdict.DONE, ["dusted"])
    assert CHOREOGRAPHY.periods == {"dust": 30}


async def test_an_outage_buries_nothing_however_long_it_lasts() -> None:
    tools = Tools(raises=UnavailableError())
    body = message_of(PAINTED, "admire")

    for returns in (0, 1, 2, 50, 5000):
        outcome = await CHOREOGRAPHY.react(tools, message(body, returns=returns))
        assert outcome.verdict is Verdict.RETRY
        assert outcome.delay_seconds == pause_after(returns)


def test_pauses_grow_and_stay_bearable() -> None:
    assert [pause_after(n) for n in (0, 1, 2, 3, 4, 1000)] == [1, 2, 4, 8, 15, 15]


async def test_what_would_fail_again_is_buried_with_its_reason() -> None:
    tools = Tools(raises=NotFoundError(stack="gone"))

    outcome = await CHOREOGRAPHY.react(tools, message(message_of(PAINTED, "admire")))

    assert outcome.verdict is Verdict.BURY
    assert "NotFoundError" in outcome.reason


@pytest.mark.parametrize(
    ("beside", "verdict"),
    [
        (UnavailableError(), Verdict.RETRY),
        (ZeroDivisionError(), Verdict.FAILED),
        (NotFoundError(), Verdict.FAILED),
    ],
)
async def test_what_went_side_by_side_is_postponed_if_all_of_it_met_an_outage(
    beside: Exception, verdict: Verdict
) -> None:
    inner = ExceptionGroup("inner", [beside])
    tools = Tools(raises=ExceptionGroup("several", [UnavailableError(), inner]))
    outcome = await CHOREOGRAPHY.react(tools, message(message_of(PAINTED, "admire")))
    assert outcome.verdict is verdict


async def test_a_bug_is_tried_again_and_counts() -> None:
    tools = Tools(raises=ZeroDivisionError())

    outcome = await CHOREOGRAPHY.react(tools, message(message_of(PAINTED, "admire")))

    assert outcome.verdict is Verdict.FAILED


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reaction": "nobody", "event": "Painted", "facts": {}},
        {"reaction": "admire", "event": "Renamed", "facts": {}},
        {"tick": "nothing", "number": 1},
    ],
)
async def test_what_another_version_may_know_waits_for_it_but_not_forever(
    body: dict[str, Any],
) -> None:
    early = await CHOREOGRAPHY.react(Tools(), message(body))
    late = await CHOREOGRAPHY.react(Tools(), message(body, returns=STRANGER_RETURNS))

    assert (early.verdict, late.verdict) == (Verdict.RETRY, Verdict.BURY)


async def test_a_message_whose_facts_are_broken_is_buried() -> None:
    body = {"reaction": "admire", "event": "Painted", "facts": {"at": 1}}

    outcome = await CHOREOGRAPHY.react(Tools(), message(body))

    assert outcome.verdict is Verdict.BURY


def test_two_reactions_may_not_share_a_name() -> None:
    def twice() -> Iterable[Any]:
        yield when(Painted, mourn)
        yield when(Painted, mourn, queue=Queue.EVENTS_INBOX)

    with pytest.raises(ValueError, match="mourn"):
        Choreography[Tools].of(twice())


def test_a_reaction_in_a_fifo_queue_says_what_is_kept_in_order() -> None:
    with pytest.raises(ValueError, match="kept in order"):
        when(Painted, mourn, queue=Queue.ASYNC_FIFO)


async def test_a_dead_letter_is_kept_where_it_is() -> None:
    outcome = await file_dead_letter(message(message_of(PAINTED, "admire")))

    assert outcome.verdict is Verdict.BURY
