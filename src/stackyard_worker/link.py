"""The line to the broker: it wakes us, and says that we are there.

One connection for all slots. A message only wakes; whatever is missed while the line
is down is asked for again, because every worker registers after every connect with
the legs that it carries out. Never gives up.
"""

import asyncio
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import aiomqtt
import msgspec
import structlog
from ulid import ULID

from stackyard_protocol.mqtt import (
    Deregister,
    FromWorker,
    Heartbeat,
    Ping,
    Register,
    ToWorker,
    inbox,
    outbox,
)
from stackyard_worker.backoff import delays

log = structlog.get_logger()

KEEP_ALIVE: Final = 15
PUBLISH_SECONDS: Final = 10
LARGEST: Final = 128 * 1024
_REFUSED: Final = 128
_FROM_CONTROL_PLANE: Final[msgspec.json.Decoder[ToWorker]] = msgspec.json.Decoder(
    ToWorker
)


class Crew(Protocol):
    """Whom the line speaks for."""

    def on_duty(self) -> Mapping[str, Sequence[str]]:
        """Return the legs that each worker carries out."""

    def hear(self, worker: str, message: ToWorker) -> None:
        """Take a message, at once."""


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    namespace: str
    pool: str
    tls: ssl.SSLContext


@dataclass
class Link:
    broker: Broker
    crew: Crew
    version: str
    metadata: dict[str, str]
    heartbeat_seconds: float
    _client: aiomqtt.Client | None = None
    _name: str = field(default_factory=lambda: f"launcher-{ULID()}")

    async def run(self) -> None:
        """Keep the line up until cancelled."""
        while True:
            for delay in delays():
                was_up = await self._once()
                if was_up:
                    break
                await asyncio.sleep(delay)
            await asyncio.sleep(next(delays()))

    async def leave(self, worker: str) -> None:
        """Say that this worker carries out nothing any more, if anybody hears it."""
        if self._client is not None:
            try:
                await self._say(self._client, worker, Deregister())
            except aiomqtt.MqttError:
                log.info("worker.left_unheard", worker=worker)

    async def _once(self) -> bool:
        """Connect and stay; return whether the workers could register."""
        registered = False
        try:
            async with self._connect() as client:
                for worker in self.crew.on_duty():
                    await self._subscribe(client, worker)
                for worker in self.crew.on_duty():
                    await self._register(client, worker)
                registered, self._client = True, client
                log.info("broker.connected", host=self.broker.host)
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._listen(client))
                    both.create_task(self._beat(client))
        except* (aiomqtt.MqttError, OSError, ValueError) as problems:
            # ValueError: what paho says of a socket that is closed under it
            log.warning("broker.away", problem=_first_of(problems))
        finally:
            self._client = None
        return registered

    def _connect(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            self.broker.host,
            self.broker.port,
            identifier=self._name,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            keepalive=KEEP_ALIVE,
            timeout=PUBLISH_SECONDS,
            tls_context=self.broker.tls,
        )

    async def _subscribe(self, client: aiomqtt.Client, worker: str) -> None:
        topic = inbox(self.broker.pool, worker, self.broker.namespace)
        granted = await client.subscribe(topic, qos=1)
        if any(int(getattr(code, "value", code)) >= _REFUSED for code in granted):
            raise aiomqtt.MqttError("the broker refused the worker's inbox")

    async def _register(self, client: aiomqtt.Client, worker: str) -> None:
        legs = list(self.crew.on_duty().get(worker, ()))
        message = Register(version=self.version, metadata=self.metadata, legs=legs)
        await self._say(client, worker, message)
        log.info("worker.registered", worker=worker, legs=legs)

    async def _say(
        self, client: aiomqtt.Client, worker: str, message: FromWorker
    ) -> None:
        topic = outbox(self.broker.pool, worker, self.broker.namespace)
        await client.publish(topic, msgspec.json.encode(message), qos=1)

    async def _beat(self, client: aiomqtt.Client) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_seconds)
            for worker, legs in self.crew.on_duty().items():
                await self._say(client, worker, Heartbeat(legs=list(legs)))

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            inboxes = {
                inbox(self.broker.pool, worker, self.broker.namespace): worker
                for worker in self.crew.on_duty()
            }
            worker = inboxes.get(message.topic.value)
            heard = _decode(message.payload)
            if worker is None or heard is None:
                log.warning("broker.unintelligible", topic=message.topic.value)
            elif isinstance(heard, Ping):
                await self._register(client, worker)
            else:
                self.crew.hear(worker, heard)


def _first_of(problems: BaseExceptionGroup[BaseException]) -> str:
    problem = problems.exceptions[0]
    if isinstance(problem, BaseExceptionGroup):
        return _first_of(problem)
    return f"{type(problem).__name__}: {problem}"


def _decode(payload: object) -> ToWorker | None:
    if not isinstance(payload, bytes | bytearray) or len(payload) > LARGEST:
        return None
    try:
        return _FROM_CONTROL_PLANE.decode(payload)
    except msgspec.DecodeError:
        return None


def mutual_tls(*, ca: str, certificate: str, private_key: bytes) -> ssl.SSLContext:
    """Trust only *ca*, and show *certificate*. Raises `ssl.SSLError`, `ValueError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca)
    # OpenSSL reads only files; this one is in memory and never on a disk.
    descriptor = os.memfd_create("pool", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, certificate.encode() + b"\n" + private_key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
    return context
