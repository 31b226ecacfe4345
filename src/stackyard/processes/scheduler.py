"""`stackyard scheduler`: enqueues what is due."""

import asyncio

import structlog

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import Traffic
from stackyard.composition import open_sender
from stackyard.http.condition import Condition
from stackyard.kernel.clock import system_clock
from stackyard.logs import configure_logs
from stackyard.processes.life import (
    in_background,
    prepare_database,
    serve_probes,
    stop_signal,
)
from stackyard.processes.queues import relaying
from stackyard.processes.telemetry import telemetry
from stackyard.reactions import CHOREOGRAPHY
from stackyard.scheduler import Scheduler
from stackyard.settings import SchedulerSettings, load_or_exit

log = structlog.get_logger()


def main() -> None:
    configure_logs("scheduler")
    settings = load_or_exit(SchedulerSettings)
    asyncio.run(run(settings))


async def run(settings: SchedulerSettings) -> None:
    await prepare_database(settings)
    condition, stop = Condition(), stop_signal()
    async with telemetry(settings, "scheduler") as metrics:
        await tick(settings, Traffic.of(metrics), condition, stop)
    log.info("scheduler.stopped")


async def tick(
    settings: SchedulerSettings,
    traffic: Traffic,
    condition: Condition,
    stop: asyncio.Event,
) -> None:
    """Send what is due until *stop* is set."""
    database = Database.connect(settings.database_url, pool_size=4)
    periods = CHOREOGRAPHY.periods
    scheduler = Scheduler(lambda: open_sender(database, traffic), periods, system_clock)
    duties = []
    if settings.enable_instrumentation_endpoints:
        port = settings.stackyard_instrumentation_port
        duties.append(serve_probes(condition, port))
    try:
        async with (
            relaying(settings, traffic) as relays,
            in_background(*duties, *relays),
        ):
            condition.started = True
            log.info("scheduler.started")
            await scheduler.run(stop)
            condition.stopping = True
    finally:
        await database.close()
