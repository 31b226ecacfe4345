"""The calls to SQS: bounded, in batches, with errors that name the queue's variable.

Queues are found by their URLs, used as they are given. Credentials come from where
Amazon's programs look for them. What this will not do: make queues, or change them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self
from urllib.parse import urlsplit

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from stackyard.adapters.queue import Forwarded
from stackyard.adapters.sqs import wire
from stackyard.kernel.errors import UnavailableError
from stackyard.kernel.queue import Message, Queue

BATCH: Final = 10  # SQS takes no more at once
BATCH_BYTES: Final = 250_000  # nor 256 KiB in all
POLL_SECONDS: Final = 20  # the longest that SQS lets us wait
READ_SECONDS: Final = POLL_SECONDS + 5
CALL_SECONDS: Final = 15.0  # any call but a poll
CONNECTIONS: Final = 256  # every lane polls, and each message in hand is extended
# Not the request's fault; the client library has tried more than once.
_PASSING: Final = ("Throttl", "RequestLimit", "Internal", "ServiceUnavail", "OverLimit")


class SqsUnavailableError(UnavailableError):
    """The message queue does not answer at the moment. Try again."""


class SqsRefusedError(UnavailableError):
    """The message queue refuses what we ask of it."""


class SqsReceiptError(Exception):
    """SQS does not know the receipt any more, or its twelve hours are over."""


@dataclass(frozen=True, slots=True)
class SqsConnection:
    """*urls* has the queues that this process was told of."""

    urls: Mapping[Queue, str]
    _clients: Mapping[str, Any]  # by origin; the library has no types

    @classmethod
    @asynccontextmanager
    async def open(
        cls, urls: Mapping[Queue, str], *, region: str
    ) -> AsyncIterator[Self]:
        """Nothing is dialled yet; the region is a part of every signature."""
        origins = {origin_of(url) for url in urls.values()}
        async with AsyncExitStack() as stack:
            clients = {
                origin: await stack.enter_async_context(_client(origin, region))
                for origin in origins
            }
            yield cls(urls, clients)

    async def call(
        self,
        queue: Queue,
        operation: str,
        *,
        seconds: float = CALL_SECONDS,
        **parameters: Any,
    ) -> dict[str, Any]:
        url = self.urls[queue]
        method = getattr(self._clients[origin_of(url)], operation)
        facts = {"queue": queue, "setting": queue.setting}
        try:
            async with asyncio.timeout(seconds):
                answer: dict[str, Any] = await method(QueueUrl=url, **parameters)
        except ClientError as error:
            raise _named(error, facts) from error
        except (BotoCoreError, OSError, TimeoutError) as error:
            reason = type(error).__name__
            raise SqsUnavailableError(**facts, reason=reason) from error
        return answer

    async def forward(self, queue: Queue, messages: Sequence[Message]) -> Forwarded:
        """Send *messages* under ids of their own, so that a repeated one is known."""
        taken: set[str] = set()
        entries = [wire.entry_of(queue, message) for message in messages]
        # SQS would refuse the batch as a whole, and what is in it with it
        large = [one for one in entries if wire.size_of(one) > BATCH_BYTES]
        refused = {one["Id"]: "larger than 256 KiB" for one in large}
        for batch in _batches([one for one in entries if one["Id"] not in refused]):
            try:
                answer = await self.call(queue, "send_message_batch", Entries=batch)
            except UnavailableError:
                if taken or refused:
                    break  # of those something is known; the others will be back
                raise
            taken |= {one["Id"] for one in answer.get("Successful", ())}
            for one in answer.get("Failed", ()):
                if one.get("SenderFault"):
                    refused[one["Id"]] = str(one.get("Code"))
        return Forwarded(frozenset(taken), refused)

    async def send(self, queue: Queue, message: Message) -> None:
        """Send one message, or raise."""
        done = await self.forward(queue, [message])
        if message.id not in done.taken:
            reason = done.refused.get(message.id)
            raise SqsRefusedError(queue=queue, setting=queue.setting, reason=reason)


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@cache
def _session() -> Any:
    """Return the library's session; it reads the description of SQS from disk once."""
    return get_session()


def _client(origin: str, region: str) -> Any:
    return _session().create_client(
        "sqs",
        region_name=region,
        endpoint_url=origin,
        config=AioConfig(
            connect_timeout=3,
            read_timeout=READ_SECONDS,
            max_pool_connections=CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": 3},
        ),
    )


def _named(error: ClientError, facts: dict[str, Any]) -> Exception:
    code = str(error.response.get("Error", {}).get("Code"))
    message = str(error.response.get("Error", {}).get("Message"))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if "ReceiptHandle" in code or "MessageNotInflight" in code:
        return SqsReceiptError()
    # SQS says InvalidParameterValue, and which in a sentence only
    if "ReceiptHandle" in message or "VisibilityTimeout" in message:
        return SqsReceiptError()
    if status >= 500 or any(word in code for word in _PASSING):  # noqa: PLR2004 - HTTP
        return SqsUnavailableError(**facts, reason=code)
    return SqsRefusedError(**facts, reason=code)


def _batches(entries: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        more = wire.size_of(entry)
        if batch and (len(batch) == BATCH or size + more > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += more
    if batch:
        yield batch
