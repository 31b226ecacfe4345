"""Terraform's HTTP backend, and links that hand a state over.

`/state/<stack>`: GET, POST `?ID=<lock id>`, LOCK, UNLOCK, as `backend "http"` speaks
them. An UNLOCK without a body is `force-unlock`. `/state-download/<token>` and
`/state-upload/<token>` are links that grant one thing for a few minutes: the token is
sealed, so it needs no table.
"""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.bodies import read_body
from stackyard.http.routes import route
from stackyard.kernel.access import SYSTEM, Action, Subject
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import StackId
from stackyard.kernel.needs import Need, Rule
from stackyard.state import LockInfo, StateDigestError, StateLockedError
from stackyard.state_files import DOWNLOAD, UPLOAD, StateFiles, StateLinks, uploaded_key

MAX_STATE: Final = 256 * 1024 * 1024
MAX_LOCK: Final = 64 * 1024

UNLOCKING: Final = (Action.STACK_MANAGED_STATE_IMPORT, Action.STACK_UNLOCK_FORCE)

Who: TypeAlias = Callable[[Request], Awaitable[Subject]]
Handle: TypeAlias = Callable[[Request, StackId, Subject], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class StateRoutes:
    files: StateFiles
    links: StateLinks
    who: Who

    def routes(self) -> list[Route]:
        return [
            self._backend("GET", self._read, Action.STACK_STATE_READ),
            self._backend("POST", self._write, Action.STACK_MANAGED_STATE_IMPORT),
            self._backend("LOCK", self._lock, Action.STACK_MANAGED_STATE_IMPORT),
            self._backend("UNLOCK", self._unlock, *UNLOCKING),
            route(f"/{DOWNLOAD}/{{token}}", self.download, needs=Rule.LINK),
            route(
                f"/{UPLOAD}/{{token}}", self.upload, methods=["PUT"], needs=Rule.LINK
            ),
        ]

    def _backend(self, method: str, handle: Handle, *actions: Action) -> Route:
        async def endpoint(request: Request) -> Response:
            by = await self.who(request)
            try:
                return await handle(request, StackId(request.path_params["stack"]), by)
            except StateLockedError as error:
                return JSONResponse(error.facts["holder"], 423)

        needs: list[Need] = [*actions, Rule.OWN_RUN]
        return route("/state/{stack}", endpoint, methods=[method], needs=needs)

    async def download(self, request: Request) -> Response:
        what = self.links.read(DOWNLOAD, request.path_params["token"])
        stack_id, _, version_id = what.rpartition("/")
        async with self.files.open_unit() as unit:
            version = await unit.states.get(StackId(stack_id), version_id, by=SYSTEM)
        return _state(await self.files.read(version))

    async def upload(self, request: Request) -> Response:
        object_id = self.links.read(UPLOAD, request.path_params["token"])
        body = await read_body(request, MAX_STATE)
        vault, blobs = self.files.vault, self.files.blobs
        sealed = vault.seal(body, context=uploaded_key(object_id))
        await blobs.put(Bucket.UPLOADS, uploaded_key(object_id), sealed)
        return Response(status_code=201)

    async def _read(
        self, _request: Request, stack_id: StackId, by: Subject
    ) -> Response:
        async with self.files.open_unit() as unit:
            version = await unit.states.current(stack_id, by=by)
        if version is None:
            return Response(status_code=204)
        return _state(await self.files.read(version))

    async def _write(
        self, request: Request, stack_id: StackId, by: Subject
    ) -> Response:
        body = await read_body(request, MAX_STATE)
        _ensure_whole(body, request.headers.get("content-md5"))
        await self.files.write(stack_id, body, request.query_params.get("ID"), by=by)
        return Response(status_code=200)

    async def _lock(self, request: Request, stack_id: StackId, by: Subject) -> Response:
        lock = LockInfo.read(await read_body(request, MAX_LOCK))
        async with self.files.open_unit() as unit:
            await unit.states.lock(stack_id, lock, by=by)
        return Response(status_code=200)

    async def _unlock(
        self, request: Request, stack_id: StackId, by: Subject
    ) -> Response:
        body = await read_body(request, MAX_LOCK)
        lock_id = LockInfo.read(body).id if body else None
        async with self.files.open_unit() as unit:
            await unit.states.unlock(stack_id, lock_id, by=by)
        return Response(status_code=200)


def _state(body: bytes) -> Response:
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest())
    return Response(
        body,
        media_type="application/json",
        headers={"Content-MD5": digest.decode(), "Cache-Control": "no-store"},
    )


def _ensure_whole(body: bytes, digest: str | None) -> None:
    if digest is None:
        return
    own = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if not hmac.compare_digest(own, digest):
        raise StateDigestError
