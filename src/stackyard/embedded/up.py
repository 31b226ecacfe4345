"""`stackyard up`: the platform until Ctrl-C."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from datetime import UTC
from pathlib import Path

from stackyard.embedded.folder import FolderUnreachableError
from stackyard.embedded.supervisor import Options, Running, Supervisor
from stackyard.kernel.clock import system_clock
from stackyard.kernel.errors import StackyardError

DEFAULT_DATA = "data"


def tell(line: str) -> None:
    """Print *line* for a person, with the time."""
    now = system_clock().astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]
    print(f"{now}  {line}", flush=True)  # noqa: T201 - a command's output


def main(arguments: Sequence[str]) -> None:
    """Run until told to stop, then exit."""
    parser = argparse.ArgumentParser(
        prog="stackyard up", description="All of it on this machine, until Ctrl-C."
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("STACKYARD_DATA") or DEFAULT_DATA),
        help="where everything is kept (STACKYARD_DATA, ./data)",
    )
    parser.add_argument("--port", type=int, help="of the page and the API (1983)")
    parser.add_argument("--mqtt-port", type=int, help="of the MQTT broker (1984)")
    parser.add_argument(
        "--workers", type=int, default=2, help="how many runs at the same time (2)"
    )
    chosen = parser.parse_args(arguments)
    asked = {"http": chosen.port, "mqtt": chosen.mqtt_port}
    ports = {name: port for name, port in asked.items() if port}
    sys.exit(run(_stay_up(Options(chosen.data, chosen.workers, ports))))


def run(work: Coroutine[None, None, int]) -> int:
    """Return the exit status; an error is said in one line, with its facts."""
    try:
        return asyncio.run(work)
    except FolderUnreachableError as error:
        hint = "name another folder with --data, such as /var/lib/stackyard"
        print(f"{error} {error.facts}: {hint}", file=sys.stderr)  # noqa: T201
    except StackyardError as error:
        print(f"{error} {error.facts}", file=sys.stderr)  # noqa: T201
    return 1


async def _stay_up(options: Options) -> int:
    asked = asyncio.Event()
    main = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not asked.is_set():
            asked.set()
            tell("stopping")
            if main and not started:
                main.cancel()

    started = False
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(one, stop)
    try:
        async with Supervisor(options, tell).running() as platform:
            started = True
            _introduce(platform)
            await asked.wait()
    except asyncio.CancelledError:
        if not asked.is_set():
            raise
    return 0


def _introduce(platform: Running) -> None:
    secrets = platform.site.folder.secrets
    tell(f"the page is at {platform.site.url}")
    if platform.key.new:
        tell(f"administrator: admin, password {platform.admin_password}")
        tell(f"API key: id {platform.key.id}, secret {platform.key.secret}")
        tell(f"these are shown once; they are kept in {secrets}")
    else:
        tell(f"the administrator's password and the API key are in {secrets}")
    tell("Ctrl-C stops everything")
