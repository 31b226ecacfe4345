"""Live things for viewers: server-sent events that resume where they broke off.

`GET /runs/<run>/logs/<state version>/stream?offset=N`: event `chunk`, data is base64
of the bytes, id is the next offset; event `end` when nothing can follow.
`GET /runs/<run>/events`: event `state`, data `{"state", "stateVersion"}`, for every
step from now on; ends with a final state.
`GET /stacks/<stack>/events`: event `run` whenever a run of the stack moved on.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeAlias

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from stackyard.http.routes import route
from stackyard.kernel.access import Action, Subject
from stackyard.kernel.ids import RunId, StackId
from stackyard.log_files import LogFiles
from stackyard.runs import offset_of
from stackyard.unit import OpenUnit

HEARTBEAT_SECONDS: Final = 15.0
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Live(Protocol):
    closing: bool  # set when the process is going: streams end, viewers come back

    def watch(self, topic: str) -> AbstractAsyncContextManager[asyncio.Event]:
        """Yield an event that is set whenever the run or stack may have changed."""


Who: TypeAlias = Callable[[Request], Awaitable[Subject]]


def live_routes(
    open_unit: OpenUnit, log_files: LogFiles, live: Live, who: Who
) -> list[Route]:
    async def log(request: Request) -> Response:
        by = await who(request)
        run_id = RunId(request.path_params["run"])
        async with open_unit() as unit:
            await unit.runs.get(run_id, by=by)
        version, offset = request.path_params["version"], _offset(request)
        return _stream(_log_events(log_files, live, (run_id, version, offset), by))

    async def run(request: Request) -> Response:
        by = await who(request)
        run_id = RunId(request.path_params["run"])
        async with open_unit() as unit:
            await unit.runs.get(run_id, by=by)
        return _stream(_run_events(open_unit, live, run_id, by))

    async def stack(request: Request) -> Response:
        by = await who(request)
        stack_id = StackId(request.path_params["stack"])
        async with open_unit() as unit:
            await unit.stacks.get(stack_id, by=by)
        return _stream(_stack_events(live, stack_id))

    return [
        route("/runs/{run}/logs/{version:int}/stream", log, needs=Action.SPACE_READ),
        route("/runs/{run}/events", run, needs=Action.SPACE_READ),
        route("/stacks/{stack}/events", stack, needs=Action.SPACE_READ),
    ]


async def _log_events(
    log_files: LogFiles, live: Live, place: tuple[RunId, int, int], by: Subject
) -> AsyncIterator[str]:
    run_id, version, offset = place
    async with live.watch(run_id) as hint:
        while True:
            hint.clear()  # before reading: a hint in between is not missed
            part = await log_files.read(run_id, version, offset=offset, by=by)
            offset = part.next_offset
            if part.body:
                yield _event("chunk", base64.b64encode(part.body).decode(), offset)
            if part.finished:
                yield _event("end", "", offset)
                return
            if not part.body:
                async for beat in _wait(hint):
                    yield beat
            if live.closing:
                return


async def _run_events(
    open_unit: OpenUnit, live: Live, run_id: RunId, by: Subject
) -> AsyncIterator[str]:
    seen = 0
    async with live.watch(run_id) as hint:
        while True:
            hint.clear()
            async with open_unit() as unit:
                run = await unit.runs.get(run_id, by=by)
            if run.state_version > seen:
                seen = run.state_version
                body = {"state": run.state, "stateVersion": seen}
                yield _event("state", json.dumps(body), seen)
            if run.state.is_final:
                return
            async for beat in _wait(hint):
                yield beat
            if live.closing:
                return


async def _stack_events(live: Live, stack_id: StackId) -> AsyncIterator[str]:
    async with live.watch(stack_id) as hint:
        while True:
            async for beat in _wait(hint):
                yield beat
            if live.closing:
                return
            hint.clear()
            yield _event("run", "{}")


async def _wait(hint: asyncio.Event) -> AsyncIterator[str]:
    """Wait for the hint; a comment now and then shows that the line still stands."""
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await hint.wait()
        except TimeoutError:
            yield ": still here\n\n"
        else:
            return


def _offset(request: Request) -> int:
    """Return where to go on: a browser that reconnects says it in a header."""
    text = request.headers.get("last-event-id") or request.query_params.get("offset")
    return offset_of(text)


def _event(name: str, data: str, number: int | None = None) -> str:
    identity = "" if number is None else f"id: {number}\n"
    return f"event: {name}\n{identity}data: {data}\n\n"


def _stream(events: AsyncIterator[str]) -> Response:
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)
