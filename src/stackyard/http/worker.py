"""What workers call: reports, logs, and where to put a workspace.

The bearer is the leg's own token: it is good for this leg, and for nothing else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.bodies import read_body
from stackyard.kernel.access import NOBODY, Subject
from stackyard.kernel.blobs import Blobs, Bucket
from stackyard.kernel.errors import InvalidError, UnauthorizedError
from stackyard.kernel.ids import LegId
from stackyard.runs import LegNotFoundError, LogGapError, workspace_key
from stackyard.state_files import StateFiles
from stackyard.unit import OpenUnit
from stackyard_protocol.report import MAX_CHUNK, Answer, LogEnd, Report, UploadUrl

UPLOAD_SECONDS: Final = 3600
MAX_REPORT: Final = 64 * 1024 * 1024  # a plan of some ten thousand resources
MAX_STATE: Final = 256 * 1024 * 1024

T = TypeVar("T")


class MalformedReportError(InvalidError):
    """The worker's message does not follow the protocol."""


Handle: TypeAlias = Callable[[Request, LegId, Subject], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class WorkerRoutes:
    open_unit: OpenUnit
    blobs: Blobs
    state_files: StateFiles

    def routes(self) -> list[Route]:
        return [
            self._route("/reports", self.report),
            self._route("/logs/{version:int}/{number:int}", self.chunk),
            self._route("/logs/{version:int}/end", self.end),
            self._route("/workspace-url", self.workspace_url),
            self._route("/errored-state", self.errored_state),
        ]

    async def report(self, request: Request, leg_id: LegId, by: Subject) -> Response:
        said = _decode(await read_body(request, MAX_REPORT), Report)
        async with self.open_unit() as unit:
            answer = await unit.legs.report(leg_id, said, by=by)
        return _json(answer)

    async def chunk(self, request: Request, leg_id: LegId, by: Subject) -> Response:
        body = await read_body(request, MAX_CHUNK)
        version, number = request.path_params["version"], request.path_params["number"]
        try:
            async with self.open_unit() as unit:
                leg = await unit.legs.get(leg_id, by=by)
                await unit.logs.append(leg, version, number, body, by=by)
        except LogGapError as gap:
            return _gap(gap)
        return Response(status_code=204)

    async def end(self, request: Request, leg_id: LegId, by: Subject) -> Response:
        said = _decode(await read_body(request, 1024), LogEnd)
        version = request.path_params["version"]
        try:
            async with self.open_unit() as unit:
                leg = await unit.legs.get(leg_id, by=by)
                await unit.logs.end(leg, version, said, by=by)
        except LogGapError as gap:
            return _gap(gap)
        return Response(status_code=204)

    async def workspace_url(
        self, _request: Request, leg_id: LegId, by: Subject
    ) -> Response:
        async with self.open_unit() as unit:
            leg = await unit.legs.get(leg_id, by=by)
        if not leg.is_open:
            return Response(status_code=410)
        url = await self.blobs.presign_put(
            Bucket.WORKSPACE, workspace_key(leg), seconds=UPLOAD_SECONDS
        )
        return _json(UploadUrl(url))

    async def errored_state(
        self, request: Request, leg_id: LegId, by: Subject
    ) -> Response:
        body = await read_body(request, MAX_STATE)
        async with self.open_unit() as unit:
            run = await unit.legs.run_of(leg_id, by=by)
        await self.state_files.rescue(run.stack_id, run.id, body)
        return Response(status_code=204)

    def _route(self, path: str, handle: Handle) -> Route:
        async def endpoint(request: Request) -> Response:
            leg_id, token = LegId(request.path_params["leg"]), _bearer(request)
            try:
                async with self.open_unit() as unit:
                    by = await unit.legs.authenticate(leg_id, token, by=NOBODY)
            except LegNotFoundError:
                return Response(status_code=410)
            return await handle(request, leg_id, by)

        return Route(f"/worker/legs/{{leg}}{path}", endpoint, methods=["POST"])


def _json(answer: Answer | UploadUrl) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _gap(gap: LogGapError) -> Response:
    return JSONResponse({"expected": gap.facts["expected"]}, 409)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthorizedError
    return token


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:  # says what and where, never the values
        raise MalformedReportError(problem=str(error)) from None
