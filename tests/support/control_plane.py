"""A small control plane for launchers under test, on a real HTTP server.

Keeps the protocol's promises: a report has its effect once and its answer for ever, a
chunk is taken once and a gap is refused. Can fail, lose answers, and go away.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from ulid import ULID

from stackyard_protocol.envelope import seal
from stackyard_protocol.job import GitClone, Hooks, Job, LegKind, Tool
from stackyard_protocol.mqtt import RunAssigned
from stackyard_protocol.report import (
    MAX_CHUNK,
    Answer,
    Archived,
    Body,
    Ended,
    Entered,
    LogEnd,
    Lost,
    Next,
    Report,
    UploadUrl,
)
from tests.support.mosquitto import eventually
from tests.support.ports import free_port

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass
class LegRecord:
    job: Job
    state: str = "PREPARING"
    version: int = 3
    reports: list[Report] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)
    logs: dict[int, list[bytes]] = field(default_factory=dict)
    ends: dict[int, LogEnd] = field(default_factory=dict)
    errored_state: bytes | None = None
    order: list[str] = field(default_factory=list)  # what came, by kind
    forgotten: bool = False
    let_go: bool = False

    @property
    def bodies(self) -> list[Body]:
        return [report.body for report in self.reports]

    @property
    def last(self) -> Body | None:
        return self.bodies[-1] if self.reports else None

    def log(self, version: int) -> bytes:
        return b"".join(self.logs.get(version, []))

    def take(self, report: Report) -> Answer:
        if report.sequence in self.answers:
            return self.answers[report.sequence]
        assert report.sequence > max(self.answers, default=-1), "out of order"
        self.reports.append(report)
        self.order.append(type(report.body).__name__)
        following = Next.LET_GO if self.let_go else self._follow(report.body)
        answer = Answer(following, self.state, self.version)
        self.answers[report.sequence] = answer
        return answer

    def _follow(self, body: Body) -> Next:
        match body:
            case Entered(state):
                self.state, self.version = state, self.version + 1
            case Ended(state):
                self.state, self.version = state, self.version + 1
                return Next.LET_GO
            case Archived() | Lost():
                return Next.LET_GO
            case _:
                pass
        return Next.GO_ON


@dataclass
class ControlPlane:
    public_key: RSAPublicKey
    port: int = field(default_factory=free_port)
    legs: dict[str, LegRecord] = field(default_factory=dict)
    fail_next: deque[int] = field(default_factory=deque)
    lose_answers: int = 0
    source: bytes = b""  # what an archive's URL of a job may name
    jobs_fetched: list[str] = field(default_factory=list)
    _server: "QuietServer | None" = None
    _task: "asyncio.Task[None] | None" = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make_leg(self, leg: str | None = None, **changes: Any) -> RunAssigned:
        leg, run = leg or str(ULID()), str(ULID())
        job = Job(
            run=run,
            leg=leg,
            kind=LegKind.PLAN,
            stack="a-stack",
            run_type="TRACKED",
            api=self.base,
            leg_token=f"token-of-{leg}",
            state_version=3,
            source=GitClone(url="https://git.example/code.git", commit="0" * 40),
            environment=[],
            files=[],
            hooks=Hooks(),
            tool=Tool(),
        )
        self.legs[leg] = LegRecord(msgspec.structs.replace(job, **changes))
        return RunAssigned(run=run, leg=leg, url=f"{self.base}/jobs/{leg}")

    async def start(self) -> None:
        config = uvicorn.Config(
            self._app(),
            host="127.0.0.1",
            port=self.port,
            log_level="warning",
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = QuietServer(config)
        self._task = asyncio.create_task(self._server.serve())
        server = self._server
        await eventually(lambda: server.started, "the HTTP server")

    async def stop(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
            self._server = self._task = None

    def _app(self) -> Starlette:
        def post(path: str, handler: Handler) -> Route:
            return Route(f"/worker/legs/{{leg}}{path}", handler, methods=["POST"])

        return Starlette(
            routes=[
                Route("/jobs/{leg}", self._job),
                Route("/source", self._source),
                post("/reports", self._report),
                post("/logs/{version:int}/{number:int}", self._chunk),
                post("/logs/{version:int}/end", self._end),
                post("/workspace-url", self._url),
                post("/errored-state", self._errored_state),
            ]
        )

    async def _job(self, request: Request) -> Response:
        leg = request.path_params["leg"]
        self.jobs_fetched.append(leg)
        if leg not in self.legs:
            return Response(status_code=404)
        job = msgspec.json.encode(self.legs[leg].job)
        return Response(seal(self.public_key, job))

    async def _source(self, _request: Request) -> Response:
        return Response(self.source)

    async def _report(self, request: Request) -> Response:
        leg = self._leg(request)
        if isinstance(leg, Response):
            return leg
        answer = leg.take(msgspec.json.decode(await request.body(), type=Report))
        return self._answer(Response(msgspec.json.encode(answer)))

    async def _chunk(self, request: Request) -> Response:
        leg = self._leg(request)
        if isinstance(leg, Response):
            return leg
        body = await request.body()
        version, number = request.path_params["version"], request.path_params["number"]
        chunks = leg.logs.setdefault(version, [])
        if not 0 < len(body) <= MAX_CHUNK:
            return Response(status_code=413)
        if number > len(chunks):
            return JSONResponse({"expected": len(chunks)}, 409)
        if number < len(chunks):
            assert chunks[number] == body, "a chunk has changed"
        else:
            chunks.append(body)
        return self._answer(Response(status_code=204))

    async def _end(self, request: Request) -> Response:
        leg = self._leg(request)
        if isinstance(leg, Response):
            return leg
        said = msgspec.json.decode(await request.body(), type=LogEnd)
        version = request.path_params["version"]
        if said.chunks > len(leg.logs.get(version, [])):
            return JSONResponse({"expected": len(leg.logs.get(version, []))}, 409)
        leg.ends[version] = said
        leg.order.append(f"end {version}")
        return self._answer(Response(status_code=204))

    async def _url(self, request: Request) -> Response:
        leg = self._leg(request)
        if isinstance(leg, Response):
            return leg
        url = UploadUrl(f"{self.base}/upload")
        return self._answer(Response(msgspec.json.encode(url)))

    async def _errored_state(self, request: Request) -> Response:
        leg = self._leg(request)
        if isinstance(leg, Response):
            return leg
        leg.errored_state = await request.body()
        leg.order.append("errored state")
        return self._answer(Response(status_code=204))

    def _leg(self, request: Request) -> LegRecord | Response:
        if self.fail_next:
            return Response("told to fail", status_code=self.fail_next.popleft())
        leg = self.legs.get(request.path_params["leg"])
        if leg is None or leg.forgotten:
            return Response(status_code=410)
        if request.headers["authorization"] != f"Bearer {leg.job.leg_token}":
            return Response(status_code=401)
        return leg

    def _answer(self, response: Response) -> Response:
        if self.lose_answers:
            self.lose_answers -= 1
            return Response("the answer is lost", status_code=502)
        return response


class QuietServer(uvicorn.Server):
    """Leaves the signals of the test process alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running_control_plane(
    public_key: RSAPublicKey,
) -> AsyncIterator[ControlPlane]:
    control_plane = ControlPlane(public_key)
    await control_plane.start()
    try:
        yield control_plane
    finally:
        await control_plane.stop()
