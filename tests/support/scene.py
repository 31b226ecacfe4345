"""The world of `everybody`, asked with clients' own documents; the worker is played."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import PoolId, RunId, SpaceId, StackId, WorkerId, new_ulid
from stackyard.reactions.dispatch import make_job
from stackyard.runs import Claim, Leg, Run
from stackyard.stacks import Provider, StackSpec
from stackyard.unit import Unit
from stackyard_protocol.job import Job
from stackyard_protocol.mqtt import Register
from stackyard_protocol.report import Accepted, Body, Output, Report
from tests.support.asking import Asking

OPERATIONS: Final = Path(__file__).parents[1] / "operations"


@dataclass
class Scene:
    """The world of `everybody`, asked in root's name with clients' own documents."""

    asking: Asking
    said: int = 0

    @property
    def names(self) -> dict[str, str]:
        return self.asking.world.names

    @property
    def stack(self) -> StackId:
        return StackId(self.names["net"])

    @property
    def unconfirmed(self) -> RunId:
        return RunId(self.names["unconfirmed"])

    async def prepare(self) -> None:
        """Let the stack have the output of another that its runs are given."""
        output = Output("address", sensitive=False, value='"192.0.2.1"')
        async with self.unit() as unit:
            await unit.states.replace(
                StackId(self.names["gov"]), outputs=[output], resources=None, by=SYSTEM
            )

    def unit(self) -> AbstractAsyncContextManager[Unit]:
        return self.asking.world.whole.platform.unit()

    async def answer(
        self, document: str, who: str = "root", **variables: Any
    ) -> dict[str, Any]:
        text = (OPERATIONS / f"{document}.graphql").read_text()
        return await self.ask(text, who, **variables)

    async def ask(
        self, text: str, who: str = "root", **variables: Any
    ) -> dict[str, Any]:
        answer = await self.asking.client.post(
            "/graphql",
            json={"query": text, "variables": variables},
            headers=self.asking.world.headers[who],
        )
        assert answer.status_code == 200
        return dict(answer.json())

    async def data(self, document: str, **variables: Any) -> Any:
        said = await self.answer(document, **variables)
        assert "errors" not in said, said
        (value,) = said["data"].values()
        return value

    async def error(self, document: str, who: str = "root", **variables: Any) -> str:
        said = await self.answer(document, who, **variables)
        return str(said["errors"][0]["message"])

    async def run(self, run_id: str) -> Run:
        async with self.unit() as unit:
            return await unit.runs.get(RunId(run_id), by=SYSTEM)

    async def change_stack(self, **given: Any) -> None:
        spec = StackSpec(
            name="net",
            repository=self.names["repo"],
            branch="main",
            provider=Provider.SPACELIFT,
            space_id=SpaceId(self.names["home"]),
            worker_pool_id=PoolId(self.names["pool"]),
            local_preview_enabled=True,
        )
        async with self.unit() as unit:
            await unit.stacks.update(self.stack, replace(spec, **given), by=SYSTEM)

    async def claim(self) -> Claim:
        """Let a new worker of the pool take what waits longest."""
        async with self.unit() as unit:
            pool = PoolId(self.names["pool"])
            payload = msgspec.json.encode(Register(version="1"))
            await unit.workers.heard(pool, WorkerId(new_ulid()), payload, by=SYSTEM)
            await unit.dispatch.gate(self.stack, by=SYSTEM)
            claim = await unit.dispatch.claim(pool, by=SYSTEM)
        assert claim is not None
        return claim

    async def report(self, leg: Leg, *bodies: Body) -> None:
        async with self.unit() as unit:
            for body in (Accepted(), *bodies):
                report = Report(self.said, body)
                await unit.legs.report(leg.id, report, by=SYSTEM)
                self.said += 1

    async def discard(self, *names: str) -> None:
        """Take what waits out of the way."""
        async with self.unit() as unit:
            for name in names:
                run = RunId(self.names[name])
                await unit.runs.discard(self.stack, run, by=SYSTEM)

    async def job(self, claim: Claim) -> Job:
        job, _key = await make_job(self.asking.world.whole.platform.tools, claim)
        return job
