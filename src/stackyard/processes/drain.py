"""`stackyard drain`: carries out what the queues hold."""

import structlog

from stackyard.adapters.queue import Listener, PostgresReceiver
from stackyard.choreography import file_dead_letter, handler
from stackyard.composition import Platform, open_sender
from stackyard.drain import Drain, Handler, Lane
from stackyard.http.health import Condition, instrumentation_app
from stackyard.kernel.queue import Queue
from stackyard.logs import configure_logs
from stackyard.processes.life import (
    http_server,
    in_background,
    prepare_database,
    run_to_end,
    say_if_deaf,
    stop_signal,
)
from stackyard.reactions import CHOREOGRAPHY
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
    async with Platform.open(settings, cache="drain") as platform:
        listener = Listener(settings.direct_database)
        drain = Drain(
            PostgresReceiver(platform.database, listener),
            lanes(settings, handler(CHOREOGRAPHY, platform.tools)),
        )
        duties = [listener.run()]
        if settings.enable_instrumentation_endpoints:
            probes = http_server(
                instrumentation_app(condition),
                "0.0.0.0",  # noqa: S104 - for the cluster's probes
                settings.stackyard_instrumentation_port,
            )
            duties.append(probes.serve())
        if settings.drain_scheduler_enabled:
            scheduler = Scheduler(
                lambda: open_sender(platform.database),
                CHOREOGRAPHY.periods,
                platform.means.clock,
            )
            duties.append(scheduler.run(stop))
        async with in_background(*duties):
            condition.started = True
            log.info("drain.started")
            await drain.run(stop)
            condition.stopping = True
    log.info("drain.stopped")


def lanes(settings: DrainSettings, handle: Handler) -> dict[Queue, Lane]:
    """Return how each queue is consumed; dead letters are only told of."""
    dead = {Queue.DLQ, Queue.DLQ_FIFO}
    return {
        queue: Lane(
            file_dead_letter if queue in dead else handle,
            concurrency,
            timeout_seconds=settings.message_processing_timeout_seconds,
        )
        for queue, concurrency in settings.concurrency.items()
    }
