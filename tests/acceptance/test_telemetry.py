"""What processes tell a collector of the queue, and that none of them waits for it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from tests.support.client import eventually
from tests.support.collector import (
    Collector,
    absent_collector,
    hanging_collector,
    running_collector,
)
from tests.support.elasticmq import ElasticMq, settings_of
from tests.support.parts import Part, rows, running_part
from tests.support.postgres import administer, clone_name
from tests.support.queues import send

from stackyard.adapters.postgres import Database
from stackyard.kernel.queue import Queue

MANY = 40
# Any drain does this, at any time, and as often as one likes.
HARMLESS = {"tick": "sweep_workers"}
GONE_BY = 15  # seconds after SIGTERM; much of it is for a slow machine
COUNTERS = ("sent", "received", "changed_visibility", "deleted")


def named(*names: str) -> set[str]:
    return {f"postgres_queue.messages.{name}" for name in names}


def reporting_to(endpoint: str, *, milliseconds: int = 200) -> dict[str, str]:
    return {
        "OBSERVABILITY_VENDOR": "OpenTelemetry",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_METRIC_EXPORT_INTERVAL": str(milliseconds),
    }


@pytest.fixture
def url(postgres_port: int) -> Iterator[str]:
    """An empty database, for a process that brings its own schema."""
    name = clone_name()
    administer(postgres_port, f"CREATE DATABASE {name}")
    yield f"postgresql://postgres@127.0.0.1:{postgres_port}/{name}"
    administer(postgres_port, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


def started(part: Part, name: str) -> None:
    def is_up() -> bool:
        assert part.process.poll() is None, part.log
        return f"{name}.started" in part.log

    eventually(is_up, name, 60)


async def send_many(url: str, *, delay_seconds: float = 0, count: int = MANY) -> None:
    database = Database.connect(url)
    bodies = [HARMLESS] * count
    await send(database, Queue.ASYNC, *bodies, delay_seconds=delay_seconds)
    await database.close()


def waiting(url: str, queue: Queue) -> int:
    [(count,)] = rows(
        url, f"SELECT count(*) FROM message_queue_messages WHERE queue = '{queue}'"
    )
    return int(count)


def test_a_drain_tells_exactly_what_went_through_the_queue(
    url: str, collector: Collector
) -> None:
    settings = reporting_to(collector.endpoint) | {"DRAIN_SCHEDULER_ENABLED": "true"}
    with running_part("drain", url, **settings) as drain:
        started(drain, "drain")
        asyncio.run(send_many(url))
        asyncio.run(send_many(url, delay_seconds=600, count=3))
        collector.wait_for("postgres_queue.messages.deleted", {"async": MANY})
        collector.wait_for("postgres_queue.messages.total", {"async": 3, "iot": 0})
        collector.wait_for("postgres_queue.messages.visible", {"async": 0})
        assert drain.end(GONE_BY) == 0

    assert collector.resource["service.name"] == "drain"
    assert collector.names() == named(*COUNTERS, "total", "visible")
    counted = {
        name: collector.last(f"postgres_queue.messages.{name}") for name in COUNTERS
    }
    assert counted["received"]["async"] == MANY
    assert counted["deleted"]["async"] == MANY
    assert counted["sent"]["async"] == 0  # that was us
    ticks = counted["sent"]["cronjobs"]  # that was the drain itself, to its last second
    assert ticks == counted["deleted"]["cronjobs"] + waiting(url, Queue.CRONJOBS)
    assert ticks > 0


@pytest.mark.parametrize("name", ["server", "scheduler"])
def test_who_does_not_consume_tells_what_it_sends_and_looks_at_no_table(
    url: str, collector: Collector, name: str
) -> None:
    only_at_the_end = reporting_to(collector.endpoint, milliseconds=3_600_000)
    with running_part(name, url, **only_at_the_end) as part:
        started(part, name)
        if name == "scheduler":
            eventually(lambda: waiting(url, Queue.CRONJOBS) > 0, "a tick", 30)
        assert part.end(GONE_BY) == 0

    assert collector.resource["service.name"] == name
    assert collector.names() == named(*COUNTERS)
    sent = collector.last("postgres_queue.messages.sent")["cronjobs"]
    assert sent == waiting(url, Queue.CRONJOBS)


def test_with_sqs_a_drain_tells_of_the_outbox(
    url: str, collector: Collector, elasticmq: ElasticMq
) -> None:
    queues = asyncio.run(elasticmq.make_queues())
    settings = reporting_to(collector.endpoint) | settings_of(queues)
    with running_part("drain", url, **settings) as drain:
        started(drain, "drain")
        asyncio.run(send_many(url))
        asyncio.run(send_many(url, delay_seconds=600, count=3))
        collector.wait_for("postgres_queue.messages.received", {"async": MANY})
        collector.wait_for("postgres_queue.messages.deleted", {"async": MANY})
        collector.wait_for("postgres_queue.messages.total", {"async": 3})
        assert drain.end(GONE_BY) == 0


@pytest.mark.parametrize("kind", [absent_collector, hanging_collector])
def test_no_collector_holds_up_the_queue_or_the_end(
    url: str, kind: Callable[[], AbstractContextManager[str]]
) -> None:
    with kind() as endpoint, running_part("drain", url, **reporting_to(endpoint)) as it:
        started(it, "drain")
        asyncio.run(send_many(url))
        eventually(lambda: waiting(url, Queue.ASYNC) == 0, "an empty queue", 30)
        assert it.end(GONE_BY) == 0
        assert "drain.stopped" in it.log
