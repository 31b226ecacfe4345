"""A launcher under test between a real broker and a real HTTP server."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from stackyard_protocol.mqtt import (
    ApiEndpoint,
    BrokerEndpoint,
    PoolToken,
    Register,
    RunAssigned,
    StopRun,
)
from stackyard_protocol.report import Ended, Lost
from stackyard_worker.compose import open_launcher
from stackyard_worker.held_leg import CarryOut
from stackyard_worker.journal import Journal
from stackyard_worker.launcher import Launcher
from stackyard_worker.settings import load_settings
from tests.support.authority import key_pem, make_key
from tests.support.control_plane import (
    ControlPlane,
    LegRecord,
    running_control_plane,
)
from tests.support.mosquitto import (
    Switchboard,
    eventually,
    running_switchboard,
)


@dataclass
class World:
    """What a launcher lives in: its folder, the broker, the control plane."""

    folder: Path
    control_plane: ControlPlane
    switchboard: Switchboard
    key: RSAPrivateKey

    def environ(self, **more: str) -> dict[str, str]:
        broker = self.switchboard.broker
        token = PoolToken(
            pool_ulid=broker.pool,
            api=ApiEndpoint(self.control_plane.base),
            broker=BrokerEndpoint(
                endpoint=f"tls://127.0.0.1:{broker.port}", ca=broker.authority.pem
            ),
            certificate=broker.authority.issue(broker.pool, self.key),
        )
        return {
            "SPACELIFT_TOKEN": base64.b64encode(msgspec.json.encode(token)).decode(),
            "SPACELIFT_POOL_PRIVATE_KEY": base64.b64encode(
                key_pem(self.key).encode()
            ).decode(),
            "SPACELIFT_METADATA_instance_id": "i-1",
            "STACKYARD_WORKER_FOLDER": str(self.folder),
            "STACKYARD_WORKER_HEARTBEAT_SECONDS": "0.2",
        } | more

    @asynccontextmanager
    async def launcher(
        self, carry_out: CarryOut[None], **settings: str
    ) -> AsyncIterator["LauncherUnderTest"]:
        found = load_settings(self.environ(**settings))
        journal = Journal.open(found.folder)
        try:
            async with open_launcher(found, journal, carry_out, None) as launcher:
                under_test = LauncherUnderTest(
                    self, launcher, asyncio.create_task(launcher.run())
                )
                try:
                    await under_test.until_registered()
                    yield under_test
                finally:
                    await under_test.dispose()
        finally:
            journal.close()

    def workers(self) -> list[str]:
        """Return the workers that ever registered, in their order."""
        names = [
            who for who, said in self.switchboard.heard if isinstance(said, Register)
        ]
        return list(dict.fromkeys(names))

    async def assign(self, worker: str, leg: str | None = None) -> RunAssigned:
        assigned = self.control_plane.make_leg(leg)
        await self.switchboard.say(worker, assigned)
        return assigned

    def leg(self, assigned: RunAssigned) -> LegRecord:
        return self.control_plane.legs[assigned.leg]

    async def until_over(self, assigned: RunAssigned, seconds: float = 20) -> LegRecord:
        """Wait until the leg has ended and its folder is gone: all is delivered."""
        leg = self.leg(assigned)
        await eventually(
            lambda: isinstance(leg.last, Ended | Lost), "the end of the leg", seconds
        )
        folder = self.folder / "legs" / assigned.leg
        await eventually(lambda: not folder.exists(), "the log", seconds)
        return leg


@dataclass
class LauncherUnderTest:
    world: World
    launcher: Launcher[None]
    task: "asyncio.Task[None]"

    @property
    def workers(self) -> list[str]:
        return [slot.worker for slot in self.launcher.slots]

    @property
    def worker(self) -> str:
        return self.workers[0]

    async def until_registered(self) -> None:
        await eventually(
            lambda: set(self.workers) <= set(self.world.workers()), "registration"
        )

    async def assign(self) -> RunAssigned:
        return await self.world.assign(self.worker)

    async def stop_run(self, assigned: RunAssigned) -> None:
        message = StopRun(run=assigned.run, leg=assigned.leg)
        await self.world.switchboard.say(self.worker, message)

    async def dispose(self) -> None:
        """Away with it, however far it is."""
        for _ in range(3):
            self.launcher.leave()
        async with asyncio.timeout(30):
            await self.task


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    key = make_key()
    (folder / "broker").mkdir()
    async with (
        running_switchboard(folder / "broker", "01POOL") as switchboard,
        running_control_plane(key.public_key()) as control_plane,
    ):
        yield World(folder / "worker", control_plane, switchboard, key)
