"""A git server over smart HTTP: the real `git http-backend` behind real sockets."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.ports import free_port

_AUTHOR = ["-c", "user.name=a", "-c", "user.email=a@example.com"]


@dataclass
class GitServer:
    folder: Path
    port: int

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def commit(self, name: str, files: dict[str, str]) -> str:
        """Add a commit and return its hash."""
        repository = self.folder / name
        repository.mkdir(parents=True, exist_ok=True)
        self.git(name, "init", "--quiet", "--initial-branch=main")
        for path, content in files.items():
            (repository / path).write_text(content)
        self.git(name, "add", "-A")
        self.git(name, *_AUTHOR, "commit", "--quiet", "-m", "x")
        return self.git(name, "rev-parse", "HEAD").strip()

    def serve_hashes(self, name: str, *, allowed: bool) -> None:
        value = str(allowed).lower()
        self.git(name, "config", "uploadpack.allowAnySHA1InWant", value)

    def git(self, name: str, *arguments: str) -> str:
        ended = subprocess.run(
            ["git", *arguments],
            cwd=self.folder / name,
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return ended.stdout

    async def serve(self, request: Request) -> Response:
        process = await asyncio.create_subprocess_exec(
            "git",
            *("-c", "safe.directory=*"),
            "http-backend",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "GIT_PROJECT_ROOT": str(self.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                # over protocol 2 every hash would be served
                "GIT_PROTOCOL": "",
                "PATH_INFO": request.url.path,
                "QUERY_STRING": request.url.query,
                "REQUEST_METHOD": request.method,
                "CONTENT_TYPE": request.headers.get("content-type", ""),
                "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            },
        )
        output, _ = await process.communicate(await request.body())
        head, _, body = output.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        return Response(body, status, headers)


@asynccontextmanager
async def running_git(folder: Path) -> AsyncIterator[GitServer]:
    git = GitServer(folder, free_port())
    application = Starlette(
        routes=[Route("/{path:path}", git.serve, methods=["GET", "POST"])]
    )
    config = uvicorn.Config(
        application, port=git.port, log_level="error", lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield git
    finally:
        server.should_exit = True
        await serving
