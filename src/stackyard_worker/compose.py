"""Put a launcher together from its settings, and run it until it has left."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

import httpx

from stackyard_worker.fetch import JobFetcher
from stackyard_worker.held_leg import CarryOut, H, Workshop
from stackyard_worker.journal import Journal
from stackyard_worker.launcher import Launcher, LineSettings
from stackyard_worker.settings import Settings
from stackyard_worker.supervision import Limits
from stackyard_worker.transfer import public_trust


@asynccontextmanager
async def open_launcher(
    settings: Settings, journal: Journal, carry_out: CarryOut[H], host: H
) -> AsyncIterator[Launcher[H]]:
    """Build a launcher around what it needs open as long as it lives."""
    async with _http_client() as client:
        shop = Workshop(
            journal=journal,
            client=client,
            fetcher=JobFetcher(client, settings.private_key),
            carry_out=carry_out,
            host=host,
            limits=Limits(settings.run_seconds, settings.silence_seconds),
            echo=settings.echo_logs,
        )
        line = LineSettings(
            _version(), dict(settings.metadata), settings.heartbeat_seconds
        )
        yield Launcher.build(
            shop,
            settings.broker,
            line,
            slots=settings.slots,
            grace_seconds=settings.grace_seconds,
        )


async def run_launcher(
    settings: Settings, journal: Journal, carry_out: CarryOut[H], host: H
) -> None:
    """Run until a signal, or the control plane, says to leave."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    async with open_launcher(settings, journal, carry_out, host) as launcher:
        for number in signals:
            loop.add_signal_handler(number, launcher.leave)
        try:
            await launcher.run()
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def _http_client() -> httpx.AsyncClient:
    # It would print every URL; those of jobs are grants.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # As many connections as it takes: a report never waits for a log's.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    return httpx.AsyncClient(verify=public_trust(), limits=limits)


def _version() -> str:
    try:
        return version("stackyard")
    except PackageNotFoundError:
        return "0"  # run from a checkout that is not installed
