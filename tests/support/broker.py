"""A broker on a port of its own, pools to dial in as, and a raw way to talk to it."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from stackyard.adapters.crypto.authority import Authority, BrokerTls
from stackyard.adapters.mqtt import Broker, Limits
from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import PoolId, WorkerId, new_ulid
from tests.support.certificates import (
    der_of,
    private_pem,
    rsa_key,
    signing_request,
)
from tests.support.ports import free_port

HOST = "127.0.0.1"
AUTHORITY = Authority.found(clock=system_clock)


@dataclass
class Pool:
    """A pool's certificate and key as files: what foreign clients want."""

    folder: Path
    authority: Authority = AUTHORITY
    id: PoolId = field(default_factory=lambda: PoolId(new_ulid()))
    certificate: str = field(init=False)

    def __post_init__(self) -> None:
        self.certificate = self.authority.sign(signing_request(), pool_id=self.id)
        self.cafile.write_text(AUTHORITY.certificate_pem)
        self.certfile.write_text(self.certificate)
        self.keyfile.write_bytes(private_pem(rsa_key()))

    @property
    def der(self) -> bytes:
        return der_of(self.certificate)

    @property
    def cafile(self) -> Path:
        return self.folder / f"{self.id}-ca.pem"

    @property
    def certfile(self) -> Path:
        return self.folder / f"{self.id}-certificate.pem"

    @property
    def keyfile(self) -> Path:
        return self.folder / f"{self.id}-key.pem"

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.cafile))
        context.load_cert_chain(self.certfile, self.keyfile)
        return context

    def inbox(self, worker: str = "W") -> str:
        return f"spacelift/readonly/{self.id}/{worker}"

    def outbox(self, worker: str = "W") -> str:
        return f"spacelift/writeonly/{self.id}/{worker}"


@dataclass
class House:
    """`known` is who may come in; `heard` what was taken; `trouble` breaks things."""

    folder: Path
    port: int
    known: dict[bytes, PoolId] = field(default_factory=dict)
    heard: list[tuple[PoolId, WorkerId, bytes]] = field(default_factory=list)
    trouble: Callable[[], Awaitable[None]] | None = None
    guests: "list[Raw]" = field(default_factory=list)
    broker: Broker = field(init=False)

    def pool(self) -> Pool:
        pool = Pool(self.folder)
        self.known[pool.der] = pool.id
        return pool

    async def authenticate(self, certificate: bytes) -> PoolId | None:
        return self.known.get(certificate)

    async def received(
        self, pool_id: PoolId, worker_id: WorkerId, payload: bytes
    ) -> None:
        if self.trouble is not None:
            await self.trouble()
        self.heard.append((pool_id, worker_id, payload))

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, _, payload in self.heard]


@asynccontextmanager
async def running_house(
    folder: Path, limits: Limits | None = None
) -> AsyncIterator[House]:
    house = House(folder, free_port())
    house.broker = Broker(
        authenticate=house.authenticate,
        received=house.received,
        ssl=BrokerTls(AUTHORITY, [HOST]).context,
        namespace="spacelift",
        limits=limits or Limits(),
    )
    await house.broker.start(HOST, house.port)
    try:
        yield house
    finally:
        for guest in house.guests:
            guest.hang_up()
        await house.broker.close()


@asynccontextmanager
async def certificate_folder() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stackyard-certificates-") as folder:
        yield Path(folder)


@dataclass
class Raw:
    """A client that says exactly what it is told to, in MQTT 3.1.1 or anything."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def dial(cls, house: House, pool: Pool) -> Self:
        context = pool.context()
        raw = cls(*await asyncio.open_connection(HOST, house.port, ssl=context))
        house.guests.append(raw)
        return raw

    @classmethod
    async def enter(cls, house: House, pool: Pool, client_id: str = "raw") -> Self:
        raw = await cls.dial(house, pool)
        raw.say(connect(client_id))
        assert await raw.read(4) == b"\x20\x02\x00\x00"
        return raw

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def read(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), 15)

    async def rest(self, seconds: float = 15) -> bytes:
        """Return what comes until the broker hangs up."""
        try:
            return await asyncio.wait_for(self.reader.read(), seconds)
        except ConnectionError:
            return b""

    def hang_up(self) -> None:
        self.writer.close()  # else Python warns of it
        self.writer.transport.abort()


def text(value: str) -> bytes:
    return len(value.encode()).to_bytes(2) + value.encode()


def packet(header: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([header]) + bytes(length) + body


def connect(
    client_id: str, *, version: int = 4, flags: int = 2, keep_alive: int = 60
) -> bytes:
    properties = b"\0" if version == 5 else b""
    head = text("MQTT") + bytes([version, flags]) + keep_alive.to_bytes(2)
    return packet(0x10, head + properties + text(client_id))


def publish(topic: str, payload: bytes, packet_id: int = 0) -> bytes:
    number = packet_id.to_bytes(2) if packet_id else b""
    return packet(0x32 if packet_id else 0x30, text(topic) + number + payload)


def subscribe(topic_filter: str, qos: int = 1, packet_id: int = 1) -> bytes:
    return packet(0x82, packet_id.to_bytes(2) + text(topic_filter) + bytes([qos]))


async def eventually(true: Callable[[], bool], what: str, seconds: float = 15) -> None:
    """Wait until it is so; a deadline, not a measurement."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.02)
