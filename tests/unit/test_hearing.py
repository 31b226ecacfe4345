"""What workers say, by way of the built-in broker or of IoT Core's rule."""

from typing import Any

import pytest

from stackyard.choreography import DONE, Outcome
from stackyard.kernel.queue import Message, Queue
from stackyard.kernel.routing import event_of
from stackyard.reactions import CHOREOGRAPHY, WorkerSpoke, hearing

RULE = {
    "kind": "heartbeat",
    "timestamp": 1_900_000_000_500,
    "worker_pool_ulid": "POOL",
    "worker_ulid": "WORKER",
}


async def heard(body: dict[str, Any]) -> dict[str, Any]:
    seen: list[Message] = []

    async def handle(message: Message) -> Outcome:
        seen.append(message)
        return DONE

    message = Message(
        id="1", queue=Queue.IOT, body=body, group=None, receipt="r", receives=1
    )
    assert await hearing(handle)(message) == DONE
    return seen[0].body


async def test_what_the_rule_wrote_is_heard_like_what_the_broker_sends() -> None:
    body = await heard(RULE)

    assert body["reaction"] in CHOREOGRAPHY.parts
    assert CHOREOGRAPHY.parts[body["reaction"]].event is WorkerSpoke
    event = event_of(WorkerSpoke, body["facts"])
    assert (event.pool_id, event.worker_id) == ("POOL", "WORKER")
    assert event.payload == '{"kind": "heartbeat"}'
    assert event.at.timestamp() == 1_900_000_000.5


@pytest.mark.parametrize(
    "body",
    [
        {"reaction": "hear", "event": "WorkerSpoke", "facts": {}},
        {"unreadable": "nonsense"},
        RULE | {"worker_ulid": 7},
        RULE | {"timestamp": "yesterday"},
    ],
)
async def test_anything_else_is_left_as_it_is(body: dict[str, Any]) -> None:
    assert await heard(body) == body
