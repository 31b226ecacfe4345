"""`git clone`, `git fetch` and `git push` over https, for built-in repositories.

Only git's smart protocol, both versions. Bodies stream both ways and are bounded in
size and in patience; what git says is passed on as it is.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stackyard.http.git_transfer import GitBody, Transfer, TransferResponse
from stackyard.http.routes import route
from stackyard.kernel.access import Action, Subject
from stackyard.kernel.errors import Kind, StackyardError
from stackyard.kernel.ids import RepoId
from stackyard.vcs import Contents, GitService, Pushes

Authenticate: TypeAlias = Callable[[str, str], Awaitable[Subject | None]]

CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="stackyard"'}
_PROTOCOL: Final = re.compile(r"[a-z0-9=:.-]{0,100}")
_FETCH_BYTES: Final = 16 * 1024 * 1024
_STATUS: Final = {
    Kind.INVALID: 400,
    Kind.UNAUTHORIZED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class GitLimits:
    push_bytes: int = 1024**3
    at_once: int = 16
    patience_seconds: float = 120  # for a client that neither sends nor reads
    queue_seconds: float = 30


@dataclass(slots=True)
class GitHttp:
    """Make one per process, and mount its `routes()`."""

    contents: Contents
    pushes: Pushes
    authenticate: Authenticate
    limits: GitLimits = field(default_factory=GitLimits)
    _slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.limits.at_once)

    def routes(self) -> list[Route]:
        prefix = "/git/{repo}.git"
        return [
            route(
                f"{prefix}/info/refs",
                self.info_refs,
                needs=[Action.SPACE_READ, Action.SPACELIFT_VCS_COMMIT_FILES],
            ),
            route(
                f"{prefix}/git-upload-pack",
                self.upload_pack,
                methods=["POST"],
                needs=Action.SPACE_READ,
            ),
            route(
                f"{prefix}/git-receive-pack",
                self.receive_pack,
                methods=["POST"],
                needs=Action.SPACELIFT_VCS_COMMIT_FILES,
            ),
        ]

    async def info_refs(self, request: Request) -> Response:
        by = await self._subject(request)
        try:
            service = GitService(request.query_params.get("service", ""))
        except ValueError:
            detail = "only git's smart protocol is spoken here"
            raise HTTPException(403, detail) from None
        answer = self.contents.advertise(
            _repository(request), service, protocol=_protocol(request), by=by
        )
        kind = f"application/x-{service}-advertisement"
        return await self._answer(answer, self._body(request, 0), kind)

    async def upload_pack(self, request: Request) -> Response:
        by = await self._subject(request)
        _check_type(request, GitService.UPLOAD_PACK)
        body = self._body(request, _FETCH_BYTES)
        answer = self.contents.upload_pack(
            _repository(request), body.pieces(), protocol=_protocol(request), by=by
        )
        kind = "application/x-git-upload-pack-result"
        return await self._answer(answer, body, kind)

    async def receive_pack(self, request: Request) -> Response:
        by = await self._subject(request)
        _check_type(request, GitService.RECEIVE_PACK)
        body = self._body(request, self.limits.push_bytes)
        answer = self.pushes.receive(
            _repository(request), body.pieces(), protocol=_protocol(request), by=by
        )
        kind = "application/x-git-receive-pack-result"
        return await self._answer(answer, body, kind)

    async def _subject(self, request: Request) -> Subject:
        credentials = _credentials(request)
        subject = await self.authenticate(*credentials) if credentials else None
        if subject is None:
            raise HTTPException(401, "sign in with an API key", CHALLENGE)
        return subject

    def _body(self, request: Request, limit: int) -> GitBody:
        return GitBody(request, limit, self.limits.patience_seconds)

    async def _answer(
        self, pieces: AsyncGenerator[bytes], body: GitBody, media_type: str
    ) -> Response:
        """Wait for the first piece: until then an error still has a status."""
        try:
            async with asyncio.timeout(self.limits.queue_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise HTTPException(503, "too many transfers at once") from None
        transfer = Transfer(pieces, body, self._slots)
        try:
            await transfer.begin()
        except StackyardError as error:
            await transfer.close()
            headers = CHALLENGE if error.kind is Kind.UNAUTHORIZED else {}
            return PlainTextResponse(f"{error}\n", _STATUS[error.kind], headers)
        except BaseException:
            await transfer.close()
            raise
        return TransferResponse(transfer, media_type, self.limits.patience_seconds)


def _repository(request: Request) -> RepoId:
    return RepoId(request.path_params["repo"])


def _protocol(request: Request) -> str:
    wanted = request.headers.get("git-protocol", "")
    return wanted if _PROTOCOL.fullmatch(wanted) else ""


def _check_type(request: Request, service: GitService) -> None:
    if request.headers.get("content-type") != f"application/x-{service}-request":
        raise HTTPException(415, "that is not what git sends")


def _credentials(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        plain = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    user, colon, password = plain.partition(":")
    return (user, password) if colon else None
