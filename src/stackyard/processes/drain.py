"""`stackyard drain`: carries out what the queues hold."""

import asyncio

import structlog

from stackyard.adapters.queue import DepthGauges
from stackyard.choreography import file_dead_letter, handler
from stackyard.composition import Platform, open_sender
from stackyard.drain import Drain, Handler, Lane
from stackyard.http.condition import Condition
from stackyard.kernel.queue import DEAD, Queue
from stackyard.logs import configure_logs
from stackyard.processes.life import (
    in_background,
    prepare_database,
    run_to_end,
    say_if_deaf,
    serve_probes,
    stop_signal,
)
from stackyard.processes.queues import consuming
from stackyard.processes.telemetry import telemetry
from stackyard.reactions import CHOREOGRAPHY, hearing
from stackyard.scheduler import Scheduler
from stackyard.settings import DrainSettings, load_or_exit

log = structlog.get_logger()


def main() -> None:
    configure_logs("drain")
    settings = load_or_exit(DrainSettings)
    run_to_end(run(settings))


async def run(settings: DrainSettings) -> None:
    """Consume until SIGTERM; what is in hand finishes or goes back."""
    await prepare_database(settings)
    await say_if_deaf(settings.direct_database)
    condition, stop = Condition(), stop_signal()
    async with (
        telemetry(settings, "drain") as metrics,
        Platform.open(settings, cache="drain", metrics=metrics) as platform,
        consuming(
            settings, platform.database, platform.large_bodies, platform.traffic
        ) as sources,
    ):
        handled = lanes(settings, handler(CHOREOGRAPHY, platform.tools))
        drains = [Drain(sources.main, handled)]
        if sources.outbox is not None:
            dead = {queue: lane for queue, lane in handled.items() if queue in DEAD}
            drains.append(Drain(sources.outbox, dead))
        duties = sources.duties
        if (gauges := DepthGauges.of(platform.reading, metrics)) is not None:
            duties.append(gauges.run())
        if settings.enable_instrumentation_endpoints:
            port = settings.stackyard_instrumentation_port
            duties.append(serve_probes(condition, port))
        works = [drain.run(stop) for drain in drains]
        if settings.drain_scheduler_enabled:
            scheduler = Scheduler(
                lambda: open_sender(platform.database, platform.traffic),
                CHOREOGRAPHY.periods,
                platform.means.clock,
            )
            works.append(scheduler.run(stop))
        async with in_background(*duties):
            condition.started = True
            log.info("drain.started")
            # they end by themselves: cut off, they would not count what they have sent
            async with asyncio.TaskGroup() as group:
                for work in works:
                    group.create_task(work)
            condition.stopping = True
    log.info("drain.stopped")


def lanes(settings: DrainSettings, handle: Handler) -> dict[Queue, Lane]:
    """Return how each queue is consumed; dead letters are only told of."""
    special = dict.fromkeys(DEAD, file_dead_letter) | {Queue.IOT: hearing(handle)}
    return {
        queue: Lane(
            special.get(queue, handle),
            concurrency,
            timeout_seconds=settings.message_processing_timeout_seconds,
        )
        for queue, concurrency in settings.concurrency.items()
    }
