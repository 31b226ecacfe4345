"""Answer what happens to workers: registered, lost, to be stopped."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

import structlog

from stackyard.choreography import Outcome
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import InvalidError, NotFoundError
from stackyard.kernel.events import Event
from stackyard.kernel.ids import LegId, PoolId, WorkerId
from stackyard.kernel.queue import Message
from stackyard.kernel.routing import message_of
from stackyard.reactions.dispatch import assign
from stackyard.reactions.tools import Tools
from stackyard.runs import RunStopRequested
from stackyard.workers import WorkerLost, WorkerRegistered
from stackyard_protocol.mqtt import StopRun

log = structlog.get_logger()

Handler: TypeAlias = Callable[[Message], Awaitable[Outcome]]

JUST_NOW: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpoke(Event):
    """A worker published something; who it is was proven to the broker."""

    pool_id: PoolId
    worker_id: WorkerId
    payload: str


def hearing(handle: Handler) -> Handler:
    """Return what reads the queue of what workers say, whoever put it there.

    The built-in broker sends a `WorkerSpoke`. IoT Core's rule sends what the worker
    published, with `worker_pool_ulid`, `worker_ulid`, `timestamp` (in milliseconds)
    written over it; those it proved, the rest is the worker's word.
    """

    async def hear_either(message: Message) -> Outcome:
        spoken = _of_rule(message.body)
        if spoken is not None:
            message = replace(message, body=message_of(spoken, hear.__name__))
        return await handle(message)

    return hear_either


def _of_rule(body: Mapping[str, Any]) -> WorkerSpoke | None:
    said = dict(body)
    pool, worker = said.pop("worker_pool_ulid", None), said.pop("worker_ulid", None)
    at = said.pop("timestamp", None)
    if not isinstance(pool, str) or not isinstance(worker, str):
        return None
    if not isinstance(at, int | float):
        return None
    return WorkerSpoke(
        at=datetime.fromtimestamp(at / 1000, UTC),
        pool_id=PoolId(pool),
        worker_id=WorkerId(worker),
        payload=json.dumps(said),
    )


async def hear(tools: Tools, event: WorkerSpoke) -> None:
    """Take what a worker published; it may be odd, and then it is dropped."""
    try:
        async with tools.open_unit() as unit:
            await unit.workers.heard(
                event.pool_id, event.worker_id, event.payload.encode(), by=SYSTEM
            )
    except InvalidError as error:
        log.warning("worker.misspoke", worker=event.worker_id, facts=error.facts)


async def settle_registered(tools: Tools, event: WorkerRegistered) -> None:
    """A worker is (back) on the broker: compare what it carries out with what we know.

    It may have missed the message that woke it, or a stop. A leg that we think it
    has, and it does not, is undone if it never accepted it; if it did, the lease or its
    journal will tell, never a guess here. A claim of just now is left alone: its
    message and this one may have met on the way.
    """
    held = event.held
    if held is None:
        return
    if held in event.leg_ids:
        await _tell_to_stop(tools, held)
        return
    async with tools.open_unit() as unit:
        leg = await unit.legs.get(held, by=SYSTEM)
        if event.at - leg.claimed_at < JUST_NOW:
            return
        pool_id = await unit.dispatch.undo_unaccepted(held, by=SYSTEM)
    if pool_id is not None:
        log.info("handover.missed", leg=held, worker=event.worker_id)
        await assign(tools, pool_id)


async def bury_lost(tools: Tools, event: WorkerLost) -> None:
    """A worker's lease ran out: nothing may wait for it any longer."""
    async with tools.open_unit() as unit:
        await unit.legs.lose(event.leg_id, by=SYSTEM)
    await assign(tools, event.pool_id)


async def signal_stop(tools: Tools, event: RunStopRequested) -> None:
    await _tell_to_stop(tools, event.leg_id)


async def _tell_to_stop(tools: Tools, leg_id: LegId) -> None:
    """Tell the worker if its run is to stop; being told twice does no harm."""
    async with tools.open_unit() as unit:
        try:
            leg = await unit.legs.get(leg_id, by=SYSTEM)
            run = await unit.legs.run_of(leg_id, by=SYSTEM)
        except NotFoundError:  # they went with their stack
            return
        if leg.is_open and run.stop_requested:
            message = StopRun(run=run.id, leg=leg.id)
            await unit.courier.send(leg.pool_id, leg.worker_id, message)
