"""The broker inside the server: MQTT 3.1.1 and 5, QoS 0 and 1, mutual TLS.

A message only wakes, the truth is asked for over HTTPS. So there are no retained
messages, no persistent sessions, no QoS 2 and no last will; and what one pool says is
never sent to another, because nothing that a worker publishes is sent to anybody: it
goes to `received`.
"""

import asyncio
import contextlib
import ssl as tls
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from stackyard.adapters.mqtt.errors import Reason
from stackyard.adapters.mqtt.limits import Limits
from stackyard.adapters.mqtt.session import Session
from stackyard.adapters.mqtt.topics import Rights
from stackyard.kernel.ids import PoolId, WorkerId

log = structlog.get_logger()

Authenticate: TypeAlias = Callable[[bytes], Awaitable[PoolId | None]]
Received: TypeAlias = Callable[[PoolId, WorkerId, bytes], Awaitable[None]]

_CHECK_SECONDS = 1.0


def _nobody_waits() -> None:
    pass


@dataclass(eq=False)
class Broker:
    """`authenticate` says whose a certificate (DER) is, now; None: nobody's.

    `received` must have made the message durable when it returns; if it raises, the
    worker repeats. `on_subscribed` is called whenever somebody reads who did not
    before.
    """

    authenticate: Authenticate
    received: Received
    ssl: tls.SSLContext
    namespace: str
    limits: Limits = field(default_factory=Limits)
    on_subscribed: Callable[[], None] = _nobody_waits
    _open: set[Session] = field(default_factory=set)
    _pools: defaultdict[PoolId, dict[str, Session]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _server: asyncio.Server | None = None
    _duties: list[asyncio.Task[None]] = field(default_factory=list)
    _recheck_due: asyncio.Event = field(default_factory=asyncio.Event)
    _left: asyncio.Event = field(default_factory=asyncio.Event)
    _cuts: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.ssl.verify_mode is not tls.CERT_REQUIRED:
            message = "the broker's TLS context must require client certificates"
            raise ValueError(message)
        self.rights = Rights(self.namespace)

    # --- what the server does with it ------------------------------------------

    async def start(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Session(self),
            host,
            port,
            ssl=self.ssl,
            ssl_handshake_timeout=self.limits.connect_seconds,
            ssl_shutdown_timeout=self.limits.close_seconds,
            backlog=1024,
        )
        duties = (self._check_for_ever(), self._recheck_for_ever())
        self._duties = [loop.create_task(duty) for duty in duties]
        log.info("broker.listening", host=host, port=port)

    async def close(self) -> None:
        """Take no more clients, let what was received be handled, hang up."""
        if self._server is not None:
            self._server.close()
        pending = self._tasks | {one.pending for one in self._open if one.pending}
        for session in [*self._open]:
            session.end(Reason.SHUTTING_DOWN, "broker.shutting_down")
        if pending:
            await asyncio.wait(pending, timeout=self.limits.close_seconds)
        await self._wait_for_ends()
        ends = [*pending, *self._duties]
        for task in ends:
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)

    async def deliver(
        self, pool_id: PoolId, worker_id: WorkerId, payload: bytes
    ) -> bool:
        """Send to whoever of the pool reads this worker's topic here.

        True once one of them acknowledged it, or it was written to one that
        subscribed with QoS 0.
        """
        topic = self.rights.inbox(pool_id, worker_id)
        sent = [
            done
            for session, qos in self._readers(pool_id, topic)
            if (done := session.send(topic, payload, qos)) is not None
        ]
        for done in asyncio.as_completed(sent):
            if await done:
                return True
        return False

    def reads(self, pool_id: PoolId, worker_id: WorkerId) -> bool:
        """Whether somebody here reads this worker's topic."""
        topic = self.rights.inbox(pool_id, worker_id)
        return next(self._readers(pool_id, topic), None) is not None

    def pools(self) -> list[PoolId]:
        """Return the pools that have a connection here."""
        return list(self._pools)

    def disconnect_pool(self, pool_id: PoolId) -> None:
        """Cut the pool's connections; those with a good certificate come back."""
        self._cuts += 1
        for session in [*self._pools.get(pool_id, {}).values()]:
            session.end(Reason.ADMINISTRATIVE, "broker.pool_cut")

    def recheck_soon(self) -> None:
        """A cut may have been missed: look at every certificate again, now."""
        self._recheck_due.set()

    async def recheck(self) -> None:
        """Cut every connection whose certificate is not good any more.

        The net below `disconnect_pool`, for a replica that was not told.
        """
        by_certificate: defaultdict[bytes, list[Session]] = defaultdict(list)
        for sessions in self._pools.values():
            for session in sessions.values():
                by_certificate[session.certificate].append(session)
        for certificate, sessions_of_it in by_certificate.items():
            pool_id = await self.authenticate(certificate)
            for session in sessions_of_it:
                if session.pool_id != pool_id:
                    session.end(Reason.ADMINISTRATIVE, "broker.certificate_revoked")

    # --- what a session does with it (`session.Desk`) -----------------------------

    def opened(self, session: Session) -> bool:
        self._open.add(session)
        if len(self._open) <= self.limits.connections:
            return True
        log.warning("broker.full", connections=len(self._open))
        return False

    async def identify(self, certificate: bytes) -> PoolId | None:
        while True:
            cuts = self._cuts
            pool_id = await self.authenticate(certificate)
            if cuts == self._cuts:  # else it may have been answered before the cut
                return pool_id

    def enter(self, session: Session) -> bool:
        sessions = self._pools[session.pool_id]
        before = sessions.get(session.client_id)
        if before is None and len(sessions) >= self.limits.connections_per_pool:
            return False
        sessions[session.client_id] = session
        if before is not None:
            before.end(Reason.TAKEN_OVER, "broker.taken_over")
        return True

    def leave(self, session: Session) -> None:
        self._open.discard(session)
        self._left.set()
        if task := session.pending:  # still being handled: `close` waits for it
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        pool_id = getattr(session, "pool_id", None)
        if pool_id is None:
            return
        sessions = self._pools.get(pool_id, {})
        if sessions.get(session.client_id) is session:
            del sessions[session.client_id]
        if not sessions:
            self._pools.pop(pool_id, None)

    async def take(self, pool_id: PoolId, worker_id: WorkerId, payload: bytes) -> None:
        await self.received(pool_id, worker_id, payload)

    def subscribed(self) -> None:
        self.on_subscribed()

    # --- inside -----------------------------------------------------------------

    def _readers(self, pool_id: PoolId, topic: str) -> Iterator[tuple[Session, int]]:
        for session in [*self._pools.get(pool_id, {}).values()]:
            qos = session.wish(topic)
            if qos is not None and session.is_connected:
                yield session, qos

    async def _check_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            now = loop.time()
            for session in [*self._open]:
                session.check(now)

    async def _recheck_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.limits.recheck_seconds):
                    await self._recheck_due.wait()
            self._recheck_due.clear()
            try:
                await self.recheck()
            except Exception as error:  # noqa: BLE001 - the database is down: later then
                log.warning("broker.recheck_failed", error=type(error).__name__)

    async def _wait_for_ends(self) -> None:
        seconds = self.limits.close_seconds + _CHECK_SECONDS * 2
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._open:
                    self._left.clear()
                    await self._left.wait()
