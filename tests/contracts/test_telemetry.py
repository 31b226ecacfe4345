"""Metrics as a collector of OpenTelemetry sees them, and when there is none."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from structlog.testing import capture_logs
from tests.support.authority import Authority, key_pem, make_key
from tests.support.collector import (
    Collector,
    absent_collector,
    hanging_collector,
    running_collector,
)
from tests.support.metrics import ReadableMetrics

from stackyard.adapters.telemetry import OpenTelemetry
from stackyard.kernel.metrics import NO_METRICS, Instrument, Metrics

DOORS = Instrument("doors.opened", "how often", "door", ("front", "back"))
GUESTS = Instrument("guests.inside", "how many", "floor", ("first",))
LIBRARY = "opentelemetry.exporter.otlp.proto.grpc.exporter"
SOON = 0.1  # seconds between two exports


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@asynccontextmanager
async def exporting(
    endpoint: str, *, export_seconds: float = 5, interval_seconds: float = SOON
) -> AsyncIterator[OpenTelemetry]:
    metrics = OpenTelemetry.connect(
        endpoint,
        process="drain",
        interval_seconds=interval_seconds,
        export_seconds=export_seconds,
    )
    try:
        yield metrics
    finally:
        await metrics.close()


async def test_what_was_counted_arrives_as_a_sum_that_began_at_zero(
    collector: Collector,
) -> None:
    async with exporting(collector.endpoint) as metrics:
        doors = metrics.counter(DOORS)
        await asyncio.to_thread(collector.wait_for_more)
        assert collector.last(DOORS.name, "door") == {"front": 0, "back": 0}
        doors.add("front")
        doors.add("front", 2)
        await asyncio.to_thread(collector.wait_for_more, 2)
        assert collector.last(DOORS.name, "door") == {"front": 3, "back": 0}

    sums = [
        metric
        for request in collector.requests
        for metric in request.resource_metrics[0].scope_metrics[0].metrics
    ]
    assert all(one.sum.is_monotonic for one in sums)
    assert {one.description for one in sums} == {DOORS.meaning}


async def test_a_gauge_says_what_it_was_last_shown_and_nothing_else(
    collector: Collector,
) -> None:
    async with exporting(collector.endpoint) as metrics:
        guests = metrics.gauge(GUESTS)
        guests.show({"first": 4, "second": 5})
        await asyncio.to_thread(collector.wait_for_more, 2)
        assert collector.last(GUESTS.name, "floor") == {"first": 4, "second": 5}
        guests.show({"first": 3})
        await asyncio.to_thread(collector.wait_for_more, 2)
        assert collector.last(GUESTS.name, "floor") == {"first": 3}
        guests.show({})
        metrics.counter(DOORS)
        await asyncio.to_thread(collector.wait_for_more, 2)
        assert collector.last(GUESTS.name, "floor") == {}


async def test_what_was_counted_last_is_exported_at_the_end(
    collector: Collector,
) -> None:
    async with exporting(collector.endpoint, interval_seconds=600) as metrics:
        metrics.counter(DOORS).add("back", 7)

    assert collector.last(DOORS.name, "door")["back"] == 7


async def test_the_resource_is_the_process_and_what_the_operator_says_of_it(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    attributes = "deployment.environment.name=staging,service.name=somebody-else"
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", attributes)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=platform")
    async with exporting(collector.endpoint, interval_seconds=600) as metrics:
        metrics.counter(DOORS)

    assert collector.resource["service.name"] == "drain"
    assert collector.resource["service.instance.id"]  # two drains are two series
    assert collector.resource["deployment.environment.name"] == "staging"
    assert collector.headers["x-team"] == "platform"


async def test_a_collector_behind_tls_is_believed_by_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, key = Authority(), make_key()
    pair = (key_pem(key).encode(), authority.issue("collector", key).encode())
    trusted = tmp_path / "authority.pem"
    with running_collector(grpc.ssl_server_credentials([pair])) as collector:
        for vouching, believed in ((Authority(), False), (authority, True)):
            trusted.write_text(vouching.pem)
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(trusted))
            async with exporting(collector.endpoint, interval_seconds=600) as metrics:
                metrics.counter(DOORS)
            assert bool(collector.requests) is believed


def forget_what_was_said() -> None:
    """The library says the same once in 20 seconds: be there 20 seconds later."""
    for one in logging.getLogger(LIBRARY).filters:
        getattr(one, "__dict__", {}).pop("last_log", None)


async def test_an_outage_of_the_collector_is_told_once_and_nothing_is_lost_by_it(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.refuse = True
    forget_what_was_said()
    with capture_logs() as ours:
        # long enough for a second attempt of each export
        async with exporting(collector.endpoint, export_seconds=1.5) as metrics:
            metrics.counter(DOORS).add("front", 5)
            await asyncio.to_thread(collector.wait_for_refusals, 3)
            forget_what_was_said()
            await asyncio.to_thread(collector.wait_for_refusals, 6)
            collector.refuse = False
            await asyncio.to_thread(collector.wait_for_more, 2)
            assert collector.last(DOORS.name, "door")["front"] == 5

    [failed] = caplog.records  # in the words of the library
    assert "UNAVAILABLE" in failed.getMessage()
    assert [line["event"] for line in ours] == ["telemetry.exported_again"]


@pytest.mark.parametrize("kind", [absent_collector, hanging_collector])
async def test_no_collector_holds_up_the_end(kind: object) -> None:
    assert callable(kind)
    with kind() as endpoint:
        async with exporting(endpoint, export_seconds=120) as metrics:
            doors = metrics.counter(DOORS)
            await asyncio.sleep(3 * SOON)  # it hangs in an export
            for _ in range(1000):
                doors.add("front")
            began = time.monotonic()

    assert time.monotonic() - began < 20


@pytest.mark.parametrize("metrics", [NO_METRICS, ReadableMetrics()])
def test_the_others_may_be_used_just_the_same(metrics: Metrics) -> None:
    metrics.counter(DOORS).add("front", 2)
    metrics.gauge(GUESTS).show({"first": 1})


ODD = """
import asyncio, sys
from stackyard.logs import configure_logs
configure_logs("drain")
from stackyard.adapters.telemetry import OpenTelemetry
from stackyard.kernel.metrics import Instrument
import uvloop

async def main():
    metrics = OpenTelemetry.connect(
        sys.argv[1], process="drain", interval_seconds=0.1, export_seconds=60)
    metrics.counter(Instrument("a", "b", "c", ("d",)))
    for _ in range(5):
        await asyncio.sleep(0.1)
        child = await asyncio.create_subprocess_exec("true")
        await child.wait()
    await metrics.close(1)

with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
"""


@pytest.mark.parametrize("kind", [absent_collector, hanging_collector])
def test_a_library_speaks_on_our_log_lines_and_nowhere_else(kind: object) -> None:
    """It would complain on standard error of every program that we start."""
    assert callable(kind)
    with kind() as endpoint:
        ended = subprocess.run(
            [sys.executable, "-c", ODD, endpoint],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": "src"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert all(json.loads(line)["process"] for line in ended.stdout.splitlines())
