"""Terraform itself, and a server of ours for it to find: with TLS, as in use.

It is told nothing of the server but its name. Where the registries are, and where
people sign in, it finds out for itself.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from stackyard.kernel.blobs import Bucket
from stackyard_worker.shim import install_shim
from tests.support.git_backend import OwnTls
from tests.support.ports import free_port
from tests.support.whole import Whole

SECONDS: Final = 60


@asynccontextmanager
async def listening(served: Whole, tls: OwnTls) -> AsyncIterator[str]:
    """Serve all of it, and what lies in its object store; yield the host's name."""
    host, blobs = f"127.0.0.1:{free_port()}", served.blobs
    before = blobs.address

    async def blob(request: Request) -> Response:
        bucket = Bucket(request.path_params["bucket"])
        return Response(await blobs.get(bucket, request.path_params["key"]))

    routes = [Route("/blobs/{bucket}/{key:path}", blob), Mount("/", served.app)]
    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=routes),
            port=int(host.partition(":")[2]),
            log_level="error",
            lifespan="off",
            ssl_certfile=tls.certificate,
            ssl_keyfile=str(tls.key),
        )
    )
    blobs.address = f"https://{host}/blobs"
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield host
    finally:
        blobs.address = before
        server.should_exit = True
        await serving


@dataclass(frozen=True)
class Machine:
    """A computer with Terraform on it that trusts the server's certificate."""

    folder: Path
    tls: OwnTls

    @cached_property
    def program(self) -> Path:
        return install_shim(self.folder / "tools")

    @property
    def environment(self) -> dict[str, str]:
        # no PATH: there is no browser that Terraform could open by itself
        return {"HOME": str(self.folder), "SSL_CERT_FILE": str(self.tls.certificate)}

    @property
    def code(self) -> Path:
        made = self.folder / "code"
        made.mkdir(exist_ok=True)
        return made

    def settings(self, text: str) -> None:
        (self.folder / ".terraformrc").write_text(text)

    async def run(self, *arguments: str) -> str:
        """Return what it says where the code is."""
        process = await asyncio.create_subprocess_exec(
            self.program,
            *arguments,
            "-no-color",
            cwd=self.code,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
        return said.decode()

    async def log_in(self, host: str, browse: Callable[[str], Awaitable[None]]) -> str:
        """Answer it on a terminal, and open the page that it names in *browse*."""
        ours, theirs = os.openpty()
        process = await asyncio.create_subprocess_exec(
            self.program,
            *("login", "-no-color", host),
            cwd=self.code,
            env=self.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        with os.fdopen(ours, "r+b", buffering=0) as terminal:
            heard = asyncio.StreamReader()
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(heard), terminal
            )
            try:
                async with asyncio.timeout(SECONDS):
                    await heard.readuntil(b"Enter a value:")
                    terminal.write(b"yes\n")
                    await heard.readuntil(b"https://")
                    rest = await heard.readuntil(b"\r\n")
                    await browse(f"https://{rest.decode().strip()}")
                    said = await _to_the_end(heard)
                    await process.wait()
            finally:
                transport.close()
                if process.returncode is None:
                    process.kill()
        return said


async def _to_the_end(heard: asyncio.StreamReader) -> str:
    said = b""
    try:
        while piece := await heard.read(4096):
            said += piece
    except OSError:  # how a terminal says that nobody is there any more
        pass
    return said.decode()
