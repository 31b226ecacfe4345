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
from stackyard.http.routes import route
from stackyard.kernel.access import NOBODY, Subject
from stackyard.kernel.blobs import Blobs, Bucket
from stackyard.kernel.errors import InvalidError, UnauthorizedError
from stackyard.kernel.ids import LegId
from stackyard.kernel.needs import Rule
from stackyard.runs import Leg, LegNotFoundError, LogGapError, workspace_key
from stackyard.state_files import StateFiles
from stackyard.unit import OpenUnit, Unit
from stackyard_protocol.report import MAX_CHUNK, Answer, LogEnd, Report, UploadUrl

UPLOAD_SECONDS: Final = 3600
MAX_REPORT: Final = 64 * 1024 * 1024  # a plan of some ten thousand resources
MAX_STATE: Final = 256 * 1024 * 1024
SMALL: Final = 1024
LEG: Final = "/worker/legs/{leg}"

T = TypeVar("T")


class MalformedReportError(InvalidError):
    """The worker's message does not follow the protocol."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a worker says, from which leg."""

    request: Request
    leg: Leg
    body: bytes
    by: Subject

    @property
    def version(self) -> int:
        return int(self.request.path_params["version"])


Handle: TypeAlias = Callable[[Unit, Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class WorkerRoutes:
    open_unit: OpenUnit
    blobs: Blobs
    state_files: StateFiles

    def routes(self) -> list[Route]:
        return [
            self._route("/reports", self.report, most=MAX_REPORT),
            self._route("/logs/{version:int}/{number:int}", self.chunk, most=MAX_CHUNK),
            self._route("/logs/{version:int}/end", self.end, most=SMALL),
            self._route("/workspace-url", self.workspace_url, most=SMALL),
            route(
                f"{LEG}/errored-state",
                self.errored_state,
                methods=["POST"],
                needs=Rule.WORKER,
            ),
        ]

    async def report(self, unit: Unit, call: Call) -> Response:
        said = _decode(call.body, Report)
        return _json(await unit.legs.report(call.leg.id, said, by=call.by))

    async def chunk(self, unit: Unit, call: Call) -> Response:
        number = int(call.request.path_params["number"])
        await unit.logs.append(call.leg, call.version, number, call.body, by=call.by)
        return Response(status_code=204)

    async def end(self, unit: Unit, call: Call) -> Response:
        said = _decode(call.body, LogEnd)
        await unit.logs.end(call.leg, call.version, said, by=call.by)
        return Response(status_code=204)

    async def workspace_url(self, unit: Unit, call: Call) -> Response:
        leg = await unit.legs.get(call.leg.id, by=call.by)
        if not leg.is_open:
            return Response(status_code=410)
        url = await self.blobs.presign_put(
            Bucket.WORKSPACE, workspace_key(leg), seconds=UPLOAD_SECONDS
        )
        return _json(UploadUrl(url))

    async def errored_state(self, request: Request) -> Response:
        """Take a state; it goes to the store, so no transaction is held meanwhile."""
        try:
            async with self.open_unit() as unit:
                leg, by = await _who(unit, request)
                run = await unit.legs.run_of(leg.id, by=by)
        except LegNotFoundError:
            return Response(status_code=410)
        body = await read_body(request, MAX_STATE)
        await self.state_files.rescue(run.stack_id, run.id, body)
        return Response(status_code=204)

    def _route(self, path: str, handle: Handle, *, most: int) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                if not _is_small(request):  # a stranger is not listened to for long
                    async with self.open_unit() as unit:
                        await _who(unit, request)
                body = await read_body(request, most)
                async with self.open_unit() as unit:
                    leg, by = await _who(unit, request)
                    return await handle(unit, Call(request, leg, body, by))
            except LegNotFoundError:
                return Response(status_code=410)
            except LogGapError as gap:
                return JSONResponse({"expected": gap.facts["expected"]}, 409)

        return route(f"{LEG}{path}", endpoint, methods=["POST"], needs=Rule.WORKER)


def _is_small(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length) <= MAX_CHUNK


async def _who(unit: Unit, request: Request) -> tuple[Leg, Subject]:
    """Return the leg and its worker, or raise `LegNotFoundError`."""
    leg_id = LegId(request.path_params["leg"])
    return await unit.legs.authenticate(leg_id, _bearer(request), by=NOBODY)


def _json(answer: Answer | UploadUrl) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")


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
