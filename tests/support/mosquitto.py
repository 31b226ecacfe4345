"""A foreign broker with client certificates and rights per pool, for the launcher."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import msgspec

from stackyard_protocol.mqtt import (
    FromWorker,
    Heartbeat,
    Ping,
    Register,
    ToWorker,
    inbox,
)
from stackyard_worker.link import mutual_tls
from tests.support.authority import Authority, key_pem, make_key
from tests.support.ports import free_port

CONTROL = "control-plane"


@dataclass
class Mosquitto:
    folder: Path
    pool: str
    port: int = field(default_factory=free_port)
    authority: Authority = field(default_factory=Authority)
    _process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        key = make_key()
        (self.folder / "ca.pem").write_text(self.authority.pem)
        (self.folder / "server.pem").write_text(self.authority.issue("broker", key))
        (self.folder / "server.key").write_text(key_pem(key))
        (self.folder / "rights").write_text(
            f"user {CONTROL}\ntopic readwrite #\n"
            f"user {self.pool}\n"
            f"topic read spacelift/readonly/{self.pool}/+\n"
            f"topic write spacelift/writeonly/{self.pool}/+\n"
        )
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"cafile {self.folder}/ca.pem\n"
            f"certfile {self.folder}/server.pem\n"
            f"keyfile {self.folder}/server.key\n"
            "require_certificate true\nuse_identity_as_username true\n"
            f"acl_file {self.folder}/rights\n"
            "allow_anonymous false\npersistence false\nuser root\n"
        )

    def start(self) -> None:
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["mosquitto", "-c", str(self.folder / "mosquitto.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@dataclass
class Switchboard:
    """The control plane's end of the broker: hears every worker, speaks to any."""

    broker: Mosquitto
    heard: list[tuple[str, FromWorker]] = field(default_factory=list)
    _client: aiomqtt.Client | None = None
    _up: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        key = make_key()
        authority = self.broker.authority
        tls = mutual_tls(
            ca=authority.pem,
            certificate=authority.issue(CONTROL, key),
            private_key=key_pem(key).encode(),
        )
        while True:
            with suppress(aiomqtt.MqttError, OSError, ValueError):
                async with aiomqtt.Client(
                    "127.0.0.1", self.broker.port, tls_context=tls
                ) as client:
                    await client.subscribe("spacelift/writeonly/#", qos=1)
                    self._client = client
                    self._up.set()
                    await self._listen(client)
            self._up.clear()
            await asyncio.sleep(0.05)

    async def _listen(self, client: aiomqtt.Client) -> None:
        known: set[str] = set()
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            *_, pool, worker = message.topic.value.split("/")
            assert pool == self.broker.pool
            said: FromWorker = msgspec.json.decode(message.payload, type=FromWorker)
            self.heard.append((worker, said))
            if isinstance(said, Register):
                known.add(worker)
            elif isinstance(said, Heartbeat) and worker not in known:
                # it registered before we were back
                await self.say(worker, Ping())

    async def say(self, worker: str, message: ToWorker) -> None:
        await self.say_raw(worker, msgspec.json.encode(message))

    async def say_raw(self, worker: str, payload: bytes) -> None:
        async with asyncio.timeout(20):
            await self._up.wait()
        assert self._client is not None
        await self._client.publish(inbox(self.broker.pool, worker), payload, qos=1)

    async def until_up(self) -> None:
        async with asyncio.timeout(20):
            await self._up.wait()

    def from_worker(self, worker: str) -> list[FromWorker]:
        return [said for who, said in self.heard if who == worker]


@asynccontextmanager
async def running_switchboard(folder: Path, pool: str) -> AsyncIterator[Switchboard]:
    broker = Mosquitto(folder, pool)
    broker.prepare()
    broker.start()
    switchboard = Switchboard(broker)
    task = asyncio.create_task(switchboard.run())
    try:
        await switchboard.until_up()
        yield switchboard
    finally:
        task.cancel()
        await asyncio.wait({task})
        broker.stop()


async def eventually(
    condition: Callable[[], bool], what: str = "it", seconds: float = 20
) -> None:
    """Wait until *condition*, a function, is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.01)
