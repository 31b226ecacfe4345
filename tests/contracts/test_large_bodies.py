"""Bodies too large for a queue come through it all the same, whoever carries it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.blobs import MemoryBlobs
from tests.support.carriers import BUILT_IN, SQS, Carrier, running_carrier
from tests.support.elasticmq import CREDENTIALS
from tests.support.queues import next_messages

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import (
    BodyTooLargeError,
    LargeBodies,
    PostgresSender,
    Unpacked,
)
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.errors import UnavailableError
from stackyard.kernel.queue import Queue

LARGE = {"reaction": "push", "payload": "\u00fc" * 100_000}  # 600 kB as it travels
EDGE = {"payload": "x" * (200_000 - 14)}  # just small enough


@dataclass
class AwayBlobs(MemoryBlobs):
    away: set[str] = field(default_factory=set)

    async def get(self, bucket: Bucket, key: str) -> bytes:
        if "get" in self.away:
            raise UnavailableError
        return await super().get(bucket, key)

    async def delete(self, bucket: Bucket, key: str) -> None:
        if "delete" in self.away:
            raise UnavailableError
        await super().delete(bucket, key)


@pytest.fixture(params=[BUILT_IN, SQS])
async def carrier(
    request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Carrier]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    chosen = request.param == SQS
    server = request.getfixturevalue("elasticmq") if chosen else None
    async with running_carrier(database_url, server) as carrier:
        yield carrier


@pytest.fixture
def blobs() -> AwayBlobs:
    return AwayBlobs()


@pytest.fixture
def source(carrier: Carrier, blobs: AwayBlobs) -> Unpacked:
    return Unpacked(carrier.receiver, LargeBodies(blobs))


async def send(database: Database, blobs: MemoryBlobs, body: dict[str, Any]) -> None:
    async with database.transaction() as session:
        sender = PostgresSender(session, LargeBodies(blobs))
        await sender.send(Queue.WEBHOOKS, body)


async def test_a_large_body_comes_through_and_its_object_is_gone_with_the_message(
    database: Database, source: Unpacked, blobs: AwayBlobs
) -> None:
    await send(database, blobs, LARGE)
    [key] = blobs.bodies

    [message] = await next_messages(source, Queue.WEBHOOKS)
    assert message.body == LARGE
    assert list(blobs.bodies) == [key]
    assert await source.acknowledge(message)
    assert blobs.bodies == {}


async def test_a_body_that_fits_touches_no_store(
    database: Database, source: Unpacked, blobs: AwayBlobs
) -> None:
    await send(database, blobs, EDGE)

    [message] = await next_messages(source, Queue.WEBHOOKS)
    assert message.body == EDGE
    assert blobs.bodies == {}


async def test_one_that_was_given_back_is_whole_the_next_time(
    database: Database, source: Unpacked, blobs: AwayBlobs
) -> None:
    await send(database, blobs, LARGE)

    [message] = await next_messages(source, Queue.WEBHOOKS)
    assert await source.give_back(message, delay_seconds=0.01)
    [again] = await next_messages(source, Queue.WEBHOOKS)
    assert (again.body, again.returns) == (LARGE, 1)


async def test_while_the_store_is_away_nothing_counts_against_the_message(
    database: Database, source: Unpacked, blobs: AwayBlobs
) -> None:
    await send(database, blobs, LARGE)
    blobs.away = {"get"}
    with pytest.raises(TimeoutError):
        await next_messages(source, Queue.WEBHOOKS, seconds=4)

    blobs.away = {"delete"}
    [message] = await next_messages(source, Queue.WEBHOOKS)
    assert message.receives - message.returns == 1
    # an object that cannot be deleted is left to the bucket's lifecycle
    assert await source.acknowledge(message)


async def test_a_body_that_is_gone_is_told_of_as_a_dead_letter(
    database: Database, source: Unpacked, blobs: AwayBlobs
) -> None:
    await send(database, blobs, LARGE)
    blobs.bodies.clear()
    with pytest.raises(TimeoutError):
        await next_messages(source, Queue.WEBHOOKS, seconds=2)

    [dead] = await next_messages(source, Queue.DLQ)
    assert "not in the object store" in str(dead.reason)
    assert dead.body["reaction"] == "push"


async def test_one_that_cannot_be_read_does_not_hold_up_the_others(
    database: Database, source: Unpacked, blobs: AwayBlobs
) -> None:
    await send(database, blobs, LARGE)
    [place] = blobs.bodies
    blobs.bodies[place] = b"{"
    await send(database, blobs, EDGE)

    found = await next_messages(source, Queue.WEBHOOKS, limit=10)
    assert [message.body for message in found] == [EDGE]


async def test_a_dead_letter_keeps_its_object(
    database: Database, source: Unpacked, blobs: AwayBlobs
) -> None:
    await send(database, blobs, LARGE)

    [message] = await next_messages(source, Queue.WEBHOOKS)
    assert await source.bury(message, reason="no such repository")
    [dead] = await next_messages(source, Queue.DLQ)
    assert (dead.origin, dead.reason) == (Queue.WEBHOOKS, "no such repository")
    assert len(blobs.bodies) == 1
    assert dead.body.keys() == {"reaction", "large_body"}


async def test_a_worker_cannot_point_at_an_object(
    database: Database, source: Unpacked, blobs: AwayBlobs
) -> None:
    await send(database, blobs, LARGE)
    [(_, key)] = blobs.bodies
    forged = {"large_body": {"key": key}, "worker_ulid": "W"}
    await send(database, blobs, forged)

    found = await next_messages(source, Queue.WEBHOOKS, limit=1)
    found += await next_messages(source, Queue.WEBHOOKS, limit=1)
    assert forged in [message.body for message in found]


async def test_who_has_no_bucket_is_told_which_setting_names_it(
    database: Database,
) -> None:
    async with database.transaction() as session:
        with pytest.raises(BodyTooLargeError) as raised:
            await PostgresSender(session).send(Queue.WEBHOOKS, LARGE)

    setting = "OBJECT_STORAGE_BUCKET_LARGE_QUEUE_MESSAGES"
    assert raised.value.facts["setting"] == setting
