"""Real HTTP for a leg: an object store and Terraform states, kept in memory."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.ports import free_port


@dataclass
class Stores:
    """`refuse_states` and `refuse_puts`: so many writes fail before one succeeds."""

    port: int = 0
    objects: dict[str, bytes] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    passwords: set[str] = field(default_factory=lambda: {"first"})
    seen_passwords: list[tuple[str, str]] = field(default_factory=list)
    refuse_states: int = 0
    refuse_puts: int = 0
    chunked_puts: int = 0

    def url(self, key: str) -> str:
        return f"http://127.0.0.1:{self.port}/objects/{key}"

    def address(self, stack: str) -> str:
        return f"http://127.0.0.1:{self.port}/state/{stack}"

    def put(self, key: str, content: bytes) -> tuple[str, str]:
        """Store an object and return its url and digest."""
        self.objects[key] = content
        return self.url(key), hashlib.sha256(content).hexdigest()

    async def serve_object(self, request: Request) -> Response:
        key = request.path_params["key"]
        if request.method == "PUT":
            return await self._store(key, request)
        if key not in self.objects:
            return Response(status_code=404)
        return Response(self.objects[key], media_type="application/octet-stream")

    async def _store(self, key: str, request: Request) -> Response:
        body = await request.body()
        if "content-length" not in request.headers:
            self.chunked_puts += 1
        if self.refuse_puts:
            self.refuse_puts -= 1
            return Response(status_code=503)
        self.objects[key] = body
        return Response()

    async def serve_state(self, request: Request) -> Response:
        stack, method = request.path_params["stack"], request.method
        password = _password(request)
        self.seen_passwords.append((method, password))
        if password not in self.passwords:
            return Response(status_code=401)
        body = await request.body()
        if method == "LOCK":
            if stack in self.locks:
                return Response(self.locks[stack], status_code=423)
            self.locks[stack] = body.decode()
        elif method == "UNLOCK":
            self.locks.pop(stack, None)
        elif method == "POST":
            return self._write(stack, request, body)
        elif stack not in self.states:
            return Response(status_code=204)
        else:
            return Response(self.states[stack], media_type="application/json")
        return Response()

    def _write(self, stack: str, request: Request, body: bytes) -> Response:
        if self.refuse_states:
            self.refuse_states -= 1
            return Response(status_code=503)
        lock = json.loads(self.locks.get(stack, "{}"))
        if request.query_params.get("ID") != lock.get("ID"):
            return Response(status_code=409)
        self.states[stack] = body
        return Response()


@asynccontextmanager
async def running_stores() -> AsyncIterator[Stores]:
    stores = Stores(free_port())
    states = ["GET", "POST", "LOCK", "UNLOCK", "DELETE"]
    application = Starlette(
        routes=[
            Route("/objects/{key:path}", stores.serve_object, methods=["GET", "PUT"]),
            Route("/state/{stack}", stores.serve_state, methods=states),
        ]
    )
    config = uvicorn.Config(
        application, port=stores.port, log_level="error", lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield stores
    finally:
        server.should_exit = True
        await serving


def _password(request: Request) -> str:
    scheme, _, word = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return ""
    return base64.b64decode(word).decode().partition(":")[2]
