"""How messages look in SQS; what is read there was written by others as well."""

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from stackyard.adapters.sqs import wire
from stackyard.kernel.queue import Message, Queue

NAMES = {"async": Queue.ASYNC, "async.fifo": Queue.ASYNC_FIFO}
RULE = {"hello": 1, "timestamp": 1, "worker_pool_ulid": "P", "worker_ulid": "W"}


def message(queue: Queue, **given: Any) -> Message:
    facts = {"id": "7", "body": {"n": 1}, "group": None, "receipt": "r", "receives": 1}
    return Message(queue=queue, **facts | given)


def found(text: str, **given: Any) -> dict[str, Any]:
    return {"MessageId": "m", "Body": text, "ReceiptHandle": "r"} | given


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=10,
)


@given(some.dictionaries(some.text(), json_values))
def test_a_body_comes_back_as_it_was_and_holds_nothing_that_sqs_refuses(
    body: dict[str, Any],
) -> None:
    sent = wire.entry_of(Queue.ASYNC, message(Queue.ASYNC, body=body))["MessageBody"]

    assert sent.isascii()
    assert not any(character < " " for character in sent)
    assert wire.body_of(Queue.ASYNC, sent) == body


def test_what_the_rule_of_iot_core_sent_is_read_through_its_base64() -> None:
    wrapped = base64.b64encode(json.dumps(RULE).encode()).decode()

    assert wire.body_of(Queue.IOT, wrapped) == RULE
    assert wire.body_of(Queue.IOT, json.dumps(RULE)) == RULE
    # elsewhere nobody wraps anything
    assert wire.body_of(Queue.ASYNC, wrapped) == {"unreadable": wrapped}


@pytest.mark.parametrize("text", ["", "nonsense", "[1]", "bm9uc2Vuc2U=", "/w=="])
def test_what_cannot_be_read_is_kept_for_a_person(text: str) -> None:
    assert wire.body_of(Queue.IOT, text) == {"unreadable": text}


def test_the_same_row_has_the_same_name_whenever_it_is_sent_and_no_other_has() -> None:
    def name(**given: Any) -> str:
        sent = message(Queue.ASYNC_FIFO, group="g", **given)
        return str(wire.entry_of(Queue.ASYNC_FIFO, sent)["MessageDeduplicationId"])

    assert name() == name(receives=2, receipt="another")
    assert len({name(), name(id="8"), name(body={"n": 2})}) == 3


@pytest.mark.parametrize("group", ["with space", "g" * 129, "gr\u00fcn"])
def test_a_group_that_sqs_would_not_take_has_a_stand_in(group: str) -> None:
    sent = message(Queue.ASYNC_FIFO, group=group)
    other = message(Queue.ASYNC_FIFO, group=f"{group}!")

    stand_in = wire.entry_of(Queue.ASYNC_FIFO, sent)["MessageGroupId"]
    assert stand_in.isascii()
    assert len(stand_in) <= 128
    assert stand_in != wire.entry_of(Queue.ASYNC_FIFO, other)["MessageGroupId"]


def test_a_dead_letter_tells_its_story_whoever_buried_it() -> None:
    ours = wire.entry_of(
        Queue.DLQ, message(Queue.ASYNC, origin=Queue.ASYNC, reason="no\x00such stack")
    )
    by_us = found("{}", MessageAttributes=ours["MessageAttributes"])
    arn = "arn:aws:sqs:eu-west-1:123456789012:async"
    by_sqs = found("{}", Attributes={"DeadLetterQueueSourceArn": arn})

    read = wire.message_of(Queue.DLQ, by_us, NAMES)
    assert (read.origin, read.reason) == (Queue.ASYNC, "no?such stack")
    read = wire.message_of(Queue.DLQ, by_sqs, NAMES)
    assert read.origin is Queue.ASYNC
    assert read.reason == "received 3 times and never acknowledged"
    # one that an operator moved back to its queue is no dead letter any more
    read = wire.message_of(Queue.ASYNC, by_us, NAMES)
    assert (read.origin, read.reason) == (None, None)


def test_only_who_chose_sqs_pays_for_its_client_library() -> None:
    check = (
        "import sys, stackyard.processes.drain, stackyard.processes.server,"
        " stackyard.processes.scheduler, stackyard.processes.queue;"
        " sys.exit('botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
