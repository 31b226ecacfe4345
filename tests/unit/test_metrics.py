import os
import subprocess
import sys

import pytest

from stackyard.kernel.metrics import NO_METRICS

PROGRAM = """
import asyncio, sys
import stackyard.processes.drain, stackyard.processes.scheduler
import stackyard.processes.server
from stackyard.processes.telemetry import telemetry
from stackyard.settings import SchedulerSettings, load_or_exit

async def main():
    async with telemetry(load_or_exit(SchedulerSettings), "scheduler") as metrics:
        print(type(metrics).__name__)
        print(*{"opentelemetry", "grpc", "google"} & sys.modules.keys())

asyncio.run(main())
"""
SETTINGS = {
    "DATABASE_URL": "postgres://u:p@db/yard",
    "MESSAGE_QUEUE_TYPE": "postgres",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
}


OPEN_TELEMETRY = {"OBSERVABILITY_VENDOR": "OpenTelemetry"}


def run(vendor: dict[str, str]) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "src"} | SETTINGS | vendor,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ended.stderr == ""
    return ended.stdout.split("\n")


@pytest.mark.parametrize(
    "vendor",
    [{}, {"OBSERVABILITY_VENDOR": ""}, {"OBSERVABILITY_VENDOR": "Disabled"}],
    ids=["unset", "empty", "disabled"],
)
def test_a_process_that_tells_nobody_loads_nothing_of_it(
    vendor: dict[str, str],
) -> None:
    kind, loaded, _ = run(vendor)

    assert kind == type(NO_METRICS).__name__
    assert loaded == ""


def test_a_process_that_tells_a_collector_does() -> None:
    kind, loaded, _ = run(OPEN_TELEMETRY)

    assert kind == "OpenTelemetry"
    assert {"opentelemetry", "grpc"} <= set(loaded.split())


def test_what_the_library_refuses_does_not_keep_a_process_from_starting() -> None:
    said = run(OPEN_TELEMETRY | {"OTEL_EXPORTER_OTLP_COMPRESSION": "lzma"})

    assert type(NO_METRICS).__name__ in said
    assert any("telemetry.not_started" in line for line in said)
