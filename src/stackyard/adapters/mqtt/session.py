"""One connection of one client.

Nothing of the broker's state is touched before the certificate was looked at. Who the
client is follows from the certificate alone; its client identifier only tells its own
pool's connections apart.

A last will is refused in CONNECT: a dead connection is not a dead worker, several
workers may sit behind one connection, and only the lease decides who is lost.
"""

import asyncio
import ssl
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol, cast
from uuid import uuid4

import structlog

from stackyard.adapters.mqtt import answers, packets
from stackyard.adapters.mqtt.errors import ProtocolError, Reason, SlowReaderError
from stackyard.adapters.mqtt.inflow import Inflow
from stackyard.adapters.mqtt.limits import Limits
from stackyard.adapters.mqtt.outflow import Outflow
from stackyard.adapters.mqtt.packets import V3, V5, Connect, Publish
from stackyard.adapters.mqtt.properties import Property
from stackyard.adapters.mqtt.topics import Rights, has_wildcard, is_filter, matches
from stackyard.adapters.mqtt.wire import Frames
from stackyard.kernel.ids import PoolId, WorkerId

log = structlog.get_logger()


class Desk(Protocol):
    """What a connection needs of the broker."""

    limits: Limits
    rights: Rights

    def opened(self, session: "Session") -> bool:
        """Count it in; false if there are too many."""

    async def identify(self, certificate: bytes) -> PoolId | None:
        """Say whose certificate this is, now."""

    def enter(self, session: "Session") -> bool:
        """Take in an authenticated client, instead of one of the same name."""

    def leave(self, session: "Session") -> None:
        """Forget it, whatever stage it was in."""

    async def take(self, pool_id: PoolId, worker_id: WorkerId, payload: bytes) -> None:
        """Handle what a worker said; it is acknowledged once this returns."""

    def subscribed(self) -> None:
        """Somebody reads who did not before: what waits for it may go."""


class Stage(Enum):
    GREETING = auto()
    AUTHENTICATING = auto()
    CONNECTED = auto()
    ENDING = auto()


class Session(asyncio.Protocol):
    pool_id: PoolId
    client_id: str
    certificate: bytes

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.limits = desk.limits
        self.version = V3
        self.subscriptions: dict[str, int] = {}
        self._wildcards: set[str] = set()
        self._stage = Stage.GREETING
        self._frames = Frames(self.limits.first_packet)
        self._loop = asyncio.get_running_loop()
        self._since = self._heard_at = self._loop.time()
        self._keep_alive = 0.0
        self._refusals = 0
        self._paused = False
        self._outflow: Outflow | None = None
        self._authentication: asyncio.Task[None] | None = None
        self._inflow = Inflow(
            self._take,
            self._taken,
            self._not_taken,
            self.limits.unhandled,
            self.limits.handle_seconds,
        )

    # --- asyncio.Protocol -------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self.desk.opened(self):
            self._stage = Stage.ENDING
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        if self._stage is not Stage.ENDING:
            self._frames.feed(data)
            self._parse()

    def connection_lost(self, _error: Exception | None) -> None:
        self._stage = Stage.ENDING
        if self._authentication is not None:
            self._authentication.cancel()
        self.desk.leave(self)
        if self._outflow is not None:
            self._outflow.give_up()

    # --- what the broker asks ---------------------------------------------------

    @property
    def is_connected(self) -> bool:
        return self._stage is Stage.CONNECTED

    @property
    def pending(self) -> asyncio.Task[None] | None:
        """Return what is still being handled of this client, if anything is."""
        return self._inflow.task

    def wish(self, topic: str) -> int | None:
        """Return the QoS this client wants the topic with, None if it does not."""
        wishes = [
            self.subscriptions[one] for one in self._wildcards if matches(topic, one)
        ]
        if topic in self.subscriptions:
            wishes.append(self.subscriptions[topic])
        return max(wishes, default=None)

    def send(self, topic: str, payload: bytes, qos: int) -> asyncio.Future[bool] | None:
        """Send one message; None if the client had to be cut off for being slow."""
        if self._outflow is None or not self.is_connected:
            return None
        if not self.desk.rights.may_read(self.pool_id, topic):
            log.error("broker.delivery_refused", pool=self.pool_id, topic=topic)
            return None
        try:
            return self._outflow.send(topic, payload, qos=qos)
        except SlowReaderError:
            self._cut_off("broker.slow_reader_cut")
            return None

    def check(self, now: float) -> None:
        """Cut what is silent, stuck or will not end. Called every second."""
        if self._stage is Stage.ENDING:
            if now - self._since > self.limits.close_seconds:
                self._transport.abort()
        elif self._outflow is None:
            if now - self._since > self.limits.connect_seconds:
                self._cut_off("broker.never_connected")
        elif self._outflow.is_stuck(now):
            self._cut_off("broker.slow_reader_cut")
        elif not self._paused and now - self._heard_at > self._keep_alive:
            self.end(Reason.KEEP_ALIVE, "broker.silent_client_cut")

    def end(self, reason: Reason, event: str, **facts: object) -> None:
        """Say why, if the client can be told, and hang up."""
        if self._stage is Stage.ENDING:
            return
        log.info(event, reason=reason.name, **self._who(), **facts)
        if self._stage is Stage.CONNECTED and self.version == V5:
            self._transport.write(answers.disconnect(reason))
        self._hang_up()

    # --- in ---------------------------------------------------------------------

    def _parse(self) -> None:
        try:
            while self._may_go_on() and (frame := self._frames.next()):
                self._handle(*frame)
        except ProtocolError as error:
            self.end(error.reason, "broker.protocol_broken", detail=str(error))

    def _may_go_on(self) -> bool:
        if self._stage is Stage.CONNECTED and self._inflow.is_full:
            self._pause()
            return False
        return self._stage in {Stage.GREETING, Stage.CONNECTED}

    def _handle(self, header: int, body: bytes) -> None:
        kind, flags = header >> 4, header & 0x0F
        if self._stage is Stage.GREETING:
            self._greet(kind, flags, body)
        elif kind == packets.PUBLISH:
            self._publish(packets.read_publish(flags, body, self.version))
        elif handler := _HANDLERS.get(kind):
            handler(self, flags, body)
        else:
            raise ProtocolError(Reason.PROTOCOL_ERROR, f"packet type {kind}")

    def _greet(self, kind: int, flags: int, body: bytes) -> None:
        if kind != packets.CONNECT or flags:
            raise ProtocolError(Reason.PROTOCOL_ERROR, "the first is not CONNECT")
        version = packets.version_of(body)
        if version not in (V3, V5):
            return self._refuse(Reason.VERSION)
        self.version = version
        connect = packets.read_connect(body)
        if reason := _objection(connect):
            return self._refuse(reason)
        self._stage = Stage.AUTHENTICATING
        self._pause()
        self._authentication = self._loop.create_task(self._enter(connect))
        return None

    async def _enter(self, connect: Connect) -> None:
        tls = cast("ssl.SSLObject", self._transport.get_extra_info("ssl_object"))
        certificate = tls.getpeercert(binary_form=True) or b""
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                pool_id = await self.desk.identify(certificate)
        except Exception as error:  # noqa: BLE001 - the database is down, or we are wrong
            log.warning("broker.identify_failed", error=type(error).__name__)
            return self._refuse(Reason.UNAVAILABLE)
        if pool_id is None:
            return self._refuse(Reason.NOT_AUTHORIZED)
        if self._stage is Stage.AUTHENTICATING:
            self.pool_id, self.certificate = pool_id, certificate
            self._admit(connect)
        return None

    def _admit(self, connect: Connect) -> None:
        self.client_id = connect.client_id or uuid4().hex
        longest = self.limits.keep_alive
        keep_alive = min(connect.keep_alive or longest, longest)
        self._keep_alive = keep_alive * 1.5
        self._outflow = Outflow(
            self._transport,
            self.version,
            min(connect.receive_maximum, self.limits.inflight),
            connect.maximum_packet,
            self.limits,
        )
        if not self.desk.enter(self):
            return self._refuse(Reason.QUOTA)
        self._stage = Stage.CONNECTED
        self._frames.limit = self.limits.packet
        tell = self._terms(connect, keep_alive) if self.version == V5 else None
        self._transport.write(answers.connack(self.version, Reason.SUCCESS, tell))
        log.info("broker.connected", **self._who())
        self._resume()
        return None

    def _terms(self, connect: Connect, keep_alive: int) -> dict[Property, int | str]:
        terms: dict[Property, int | str] = {
            Property.SESSION_EXPIRY: 0,
            Property.RECEIVE_MAXIMUM: self.limits.unhandled,
            Property.MAXIMUM_QOS: 1,
            Property.RETAIN_AVAILABLE: 0,
            Property.MAXIMUM_PACKET: self.limits.packet,
            Property.SUBSCRIPTION_IDS_AVAILABLE: 0,
            Property.SHARED_AVAILABLE: 0,
        }
        if keep_alive != connect.keep_alive:
            terms[Property.SERVER_KEEP_ALIVE] = keep_alive
        if not connect.client_id:
            terms[Property.ASSIGNED_CLIENT_ID] = self.client_id
        return terms

    def _publish(self, message: Publish) -> None:
        worker_id = self.desk.rights.sender(self.pool_id, message.topic)
        if worker_id is not None:
            return self._inflow.add(worker_id, message)
        self._refusals += 1
        can_tell = self.version == V5 and message.qos
        if not can_tell or self._refusals > self.limits.refusals:
            return self.end(
                Reason.NOT_AUTHORIZED, "broker.publish_refused", topic=message.topic
            )
        log.warning("broker.publish_refused", topic=message.topic, **self._who())
        refusal = answers.puback(self.version, message.packet_id, Reason.NOT_AUTHORIZED)
        self._transport.write(refusal)
        return None

    def _acknowledged(self, _flags: int, body: bytes) -> None:
        if self._outflow is not None:
            self._outflow.acknowledge(packets.read_puback(body))

    def _subscribe(self, flags: int, body: bytes) -> None:
        wanted = packets.read_subscribe(flags, body, self.version)
        codes = [self._grant(one, qos) for one, qos in wanted.wishes]
        answer = answers.suback(self.version, wanted.packet_id, codes)
        self._transport.write(answer)
        self.desk.subscribed()

    def _grant(self, topic_filter: str, qos: int) -> int:
        if not is_filter(topic_filter):
            return Reason.TOPIC_FILTER
        if not self.desk.rights.may_read(self.pool_id, topic_filter):
            log.warning("broker.subscribe_refused", filter=topic_filter, **self._who())
            return Reason.NOT_AUTHORIZED
        known = topic_filter in self.subscriptions
        if not known and len(self.subscriptions) >= self.limits.subscriptions:
            return Reason.QUOTA
        self.subscriptions[topic_filter] = granted = min(qos, 1)
        if has_wildcard(topic_filter):
            self._wildcards.add(topic_filter)
        return granted

    def _unsubscribe(self, flags: int, body: bytes) -> None:
        wanted = packets.read_unsubscribe(flags, body, self.version)
        codes = [self._withdraw(one) for one in wanted.filters]
        answer = answers.unsuback(self.version, wanted.packet_id, codes)
        self._transport.write(answer)

    def _withdraw(self, topic_filter: str) -> Reason:
        self._wildcards.discard(topic_filter)
        if self.subscriptions.pop(topic_filter, None) is None:
            return Reason.NO_SUBSCRIPTION
        return Reason.SUCCESS

    def _ping(self, _flags: int, _body: bytes) -> None:
        self._transport.write(answers.PONG)

    def _disconnect(self, _flags: int, _body: bytes) -> None:
        log.info("broker.disconnected", **self._who())
        self._hang_up()

    # --- what becomes of a message ------------------------------------------------

    async def _take(self, worker_id: WorkerId, payload: bytes) -> None:
        await self.desk.take(self.pool_id, worker_id, payload)

    def _taken(self, message: Publish) -> None:
        if not self.is_connected:
            return
        if message.qos:
            self._transport.write(answers.puback(self.version, message.packet_id))
        if self._paused and not self._inflow.is_full:
            self._resume()

    def _not_taken(self) -> None:
        self.end(Reason.NOT_SUPPORTED, "broker.closed_for_repetition")

    # --- ends ---------------------------------------------------------------------

    def _refuse(self, reason: Reason) -> None:
        if self._stage is Stage.ENDING:
            return
        log.info("broker.refused", reason=reason.name, **self._who())
        self._transport.write(answers.connack(self.version, reason))
        self._hang_up()

    def _cut_off(self, event: str) -> None:
        log.info(event, **self._who())
        self._stage = Stage.ENDING
        self._transport.abort()

    def _hang_up(self) -> None:
        """Close once everything is written; `check` aborts if that takes too long."""
        self._stage = Stage.ENDING
        self._since = self._loop.time()
        self._transport.close()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._heard_at = self._loop.time()
            self._transport.resume_reading()
        self._parse()

    def _who(self) -> dict[str, object]:
        return {
            "pool": getattr(self, "pool_id", None),
            "client": getattr(self, "client_id", None),
            "peer": self._transport.get_extra_info("peername"),
        }


def _objection(connect: Connect) -> Reason | None:
    if connect.has_will:
        return Reason.NOT_SUPPORTED
    if connect.authentication_method:
        return Reason.AUTHENTICATION_METHOD
    if connect.version == V3 and not connect.client_id and not connect.clean:
        return Reason.CLIENT_ID  # required by the standard
    return None


_HANDLERS: Final[dict[int, Callable[[Session, int, bytes], None]]] = {
    packets.PUBACK: Session._acknowledged,  # noqa: SLF001 - its own table
    packets.SUBSCRIBE: Session._subscribe,  # noqa: SLF001 - the same
    packets.UNSUBSCRIBE: Session._unsubscribe,  # noqa: SLF001 - the same
    packets.PINGREQ: Session._ping,  # noqa: SLF001 - the same
    packets.DISCONNECT: Session._disconnect,  # noqa: SLF001 - the same
}
