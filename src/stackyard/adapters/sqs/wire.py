"""How a message looks in SQS, and what of it comes back."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from stackyard.adapters.queue.large import as_text
from stackyard.kernel.queue import DEAD, MAX_RECEIVES, Message, Queue

# What is asked for with every message.
ASKED: Final = {
    "MessageSystemAttributeNames": [
        "ApproximateReceiveCount",
        "DeadLetterQueueSourceArn",
        "MessageGroupId",
    ],
    "MessageAttributeNames": ["origin", "reason"],
}
LONGEST_REASON: Final = 2000
_PLAIN: Final = re.compile(r"[!-~]{1,128}")  # what SQS takes for a group
_UNSENDABLE: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


def entry_of(queue: Queue, message: Message) -> dict[str, Any]:
    """Return *message* as one of a batch for *queue*.

    A message of the outbox goes under its row's number, so that sending it again
    changes nothing; a dead letter under the name that it had in SQS. What it says is a
    part of that: a database that was made anew counts from one again.
    """
    body = as_text(message.body)
    entry: dict[str, Any] = {"Id": message.id, "MessageBody": body}
    if queue.fifo:
        said = sha256(body.encode()).hexdigest()[:16]
        entry["MessageGroupId"] = _group(message.group or "none")
        entry["MessageDeduplicationId"] = f"{message.queue}/{message.id}/{said}"
    story = {"origin": message.origin, "reason": message.reason}
    attributes = {
        name: {"DataType": "String", "StringValue": _sendable(value)}
        for name, value in story.items()
        if value
    }
    if attributes:
        entry["MessageAttributes"] = attributes
    return entry


def size_of(entry: Mapping[str, Any]) -> int:
    """Return about how many bytes SQS counts."""
    attributes = entry.get("MessageAttributes", {})
    return len(entry["MessageBody"]) + sum(
        len(name) + len(value["StringValue"].encode()) + 10
        for name, value in attributes.items()
    )


def message_of(
    queue: Queue, found: Mapping[str, Any], names: Mapping[str, Queue]
) -> Message:
    """Return what was *found* in *queue*; *names* are those of the queues in SQS."""
    system = found.get("Attributes", {})
    origin, reason = _story(found, names) if queue in DEAD else (None, None)
    return Message(
        id=found["MessageId"],
        queue=queue,
        body=body_of(queue, found["Body"]),
        group=system.get("MessageGroupId") if queue.fifo else None,
        receipt=found["ReceiptHandle"],
        receives=int(system.get("ApproximateReceiveCount", 1)),
        origin=origin,
        reason=reason,
    )


def body_of(queue: Queue, text: str) -> dict[str, Any]:
    """Read a body. What IoT Core's rule puts on its queue is wrapped in base64.

    Somebody else's text is a message that nobody knows: it dies, and can be read.
    """
    body = _object(text)
    if body is None and queue is Queue.IOT:
        try:
            body = _object(base64.b64decode(text, validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            body = None
    return {"unreadable": text} if body is None else body


def name_of(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _story(
    found: Mapping[str, Any], names: Mapping[str, Queue]
) -> tuple[Queue | None, str | None]:
    """Return where a dead letter came from and why: from us, or from SQS itself."""
    told = {
        k: v.get("StringValue") for k, v in found.get("MessageAttributes", {}).items()
    }
    arn = found.get("Attributes", {}).get("DeadLetterQueueSourceArn")
    if arn:
        origin = names.get(arn.rpartition(":")[2])
        return origin, f"received {MAX_RECEIVES} times and never acknowledged"
    known = told.get("origin") in set(Queue)
    return Queue(told["origin"]) if known else None, told.get("reason")


def _group(group: str) -> str:
    """Return *group*, or what stands for one that SQS would not take."""
    if _PLAIN.fullmatch(group):
        return group
    return f"sha256/{sha256(group.encode()).hexdigest()}"


def _sendable(text: str) -> str:
    return _UNSENDABLE.sub("?", text)[:LONGEST_REASON]
