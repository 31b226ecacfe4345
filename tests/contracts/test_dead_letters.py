"""An operator sees what died, and has it played again, whoever carried it."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.carriers import BUILT_IN, SQS, Carrier, running_carrier
from tests.support.elasticmq import CREDENTIALS
from tests.support.queues import next_messages, send

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import DeadLetters, DeadLetterUnknownError
from stackyard.kernel.queue import MAX_RECEIVES, Queue

ROOT = Path(__file__).parents[2]


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


async def bury(carrier: Carrier, database: Database, queue: Queue, *ns: int) -> None:
    """Have messages die, and be told of, as the drain does."""
    group = "a-stack" if queue.fifo else None
    bodies = ({"reaction": "hear", "n": n} for n in ns)
    await send(database, queue, *bodies, group=group)
    for _ in ns:
        [message] = await next_messages(carrier.receiver, queue)
        assert await carrier.receiver.bury(message, reason="no such stack")
        [dead] = await next_messages(carrier.receiver, queue.dead_letters)
        assert await carrier.receiver.bury(dead, reason="told an operator")


def command(url: str, *words: str, status: int = 0) -> tuple[str, list[dict[str, Any]]]:
    """Run it as an operator does; return what it printed, and its log."""
    ended = subprocess.run(
        [sys.executable, "-m", "stackyard", "queue", "dead-letters", *words],
        env=os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == status, ended.stderr
    return ended.stdout, [json.loads(line) for line in ended.stderr.splitlines()]


@pytest.mark.parametrize("queue", [Queue.ASYNC, Queue.ASYNC_FIFO])
async def test_a_replayed_message_is_as_good_as_new(
    carrier: Carrier, database: Database, queue: Queue
) -> None:
    await bury(carrier, database, queue, 1)
    async with database.transaction() as session:
        [letter] = await DeadLetters(session).list()
        assert (letter.origin, letter.reason) == (queue, "no such stack")
        _, sent_to = await DeadLetters(session).replay(letter.id)
        assert sent_to is queue
        assert await DeadLetters(session).list() == []

    # it may fail as often as the first time
    for times in range(MAX_RECEIVES):
        [message] = await next_messages(
            carrier.receiver, queue, visibility_seconds=carrier.moment
        )
        assert message.body["n"] == 1
        assert message.group == letter.group
        assert (message.receives, message.returns) == (times + 1, 0)


async def test_a_message_is_replayed_once_however_often_it_is_asked_for(
    carrier: Carrier, database: Database
) -> None:
    await bury(carrier, database, Queue.ASYNC, 1)
    async with database.transaction() as session:
        [letter] = await DeadLetters(session).list()
        await DeadLetters(session).replay(letter.id)
    async with database.transaction() as session:
        with pytest.raises(DeadLetterUnknownError):
            await DeadLetters(session).replay(letter.id)


async def test_an_operator_lists_shows_and_replays(
    carrier: Carrier, database: Database, database_url: str
) -> None:
    await bury(carrier, database, Queue.ASYNC_FIFO, 1, 2)
    await bury(carrier, database, Queue.WEBHOOKS, 3)

    printed, _ = command(database_url, "list", "--queue", "async-fifo")
    header, *rows = [line.split("\t") for line in printed.splitlines()]
    assert header == ["id", "queue", "died", "group", "about", "reason"]
    said = ["async-fifo", "a-stack", "hear", "no such stack"]
    assert [[row[1], *row[3:]] for row in rows] == [said, said]

    printed, _ = command(database_url, "show", rows[0][0])
    assert json.loads(printed)["body"] == {"reaction": "hear", "n": 2}

    _, log = command(database_url, "replay", "--all", "--queue", "async-fifo")
    told = [line for line in log if line["event"] == "dead_letter.replayed"]
    assert [line["message"] for line in told] == [int(row[0]) for row in rows[::-1]]
    assert {line["reaction"] for line in told} == {"hear"}
    assert all(line["by"] for line in told)
    for n in (1, 2):  # in the order in which they were sent
        [message] = await next_messages(carrier.receiver, Queue.ASYNC_FIFO)
        assert message.body["n"] == n
        assert await carrier.receiver.acknowledge(message)

    _, log = command(database_url, "replay", rows[0][0], status=1)
    assert log[-1]["event"] == "dead_letter.unknown"
    printed, _ = command(database_url, "list")
    assert [line.split("\t")[1] for line in printed.splitlines()[1:]] == ["webhooks"]


@pytest.mark.parametrize("words", [(), ("replay",), ("replay", "1", "--all")])
def test_a_command_that_says_too_little_or_too_much_is_refused(
    words: tuple[str, ...],
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "stackyard", "queue", "dead-letters", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
