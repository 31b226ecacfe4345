"""Built-in repositories for tests: replicas over one database and one store."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from stackyard.adapters.git import GitMirrors, Limits
from stackyard.adapters.postgres import Database
from stackyard.http.git import GitHttp, GitLimits
from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.errors import UnavailableError
from stackyard.kernel.ids import ROOT, RepoId, SpaceId
from stackyard.spaces import Space, seed
from stackyard.vcs import (
    Contents,
    FileAction,
    FileChange,
    NewRevision,
    Pushes,
    Repositories,
    Repository,
    RepositorySettings,
    RepositoryStore,
    Upkeep,
)
from tests.support.blobs import MemoryBlobs
from tests.support.fakes import Clock, MemoryOutbox, MemoryTrail, OpenAccess
from tests.support.ports import free_port
from tests.support.vault import AesGcmVault

ADA = Subject(SubjectKind.USER, "ada", "ada")
KEY = "key:secret"
GARDEN = SpaceId("garden")
SECONDS = 60


@dataclass
class BreakableBlobs(MemoryBlobs):
    """Fails while it is `down`."""

    down: bool = False

    async def put(self, bucket: Bucket, key: str, body: bytes) -> None:
        self._answer()
        await super().put(bucket, key, body)

    async def get(self, bucket: Bucket, key: str) -> bytes:
        self._answer()
        return await super().get(bucket, key)

    def keys(self, bucket: Bucket) -> list[str]:
        return sorted(key for where, key in self.bodies if where is bucket)

    def _answer(self) -> None:
        if self.down:
            raise UnavailableError


@dataclass(frozen=True)
class SmallUnit:
    """A transaction with the one service that these tests need."""

    repositories: Repositories


@dataclass
class Replica:
    """One process of the control plane, as far as repositories go."""

    contents: Contents
    pushes: Pushes
    upkeep: Upkeep
    mirrors: GitMirrors


@dataclass
class Hosting:
    database: Database
    folder: Path
    blobs: BreakableBlobs = field(default_factory=BreakableBlobs)
    access: OpenAccess = field(default_factory=OpenAccess)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    clock: Clock = field(default_factory=Clock)
    trail: MemoryTrail = field(default_factory=MemoryTrail)
    vault: AesGcmVault = field(default_factory=AesGcmVault)
    replicas: int = 0

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[SmallUnit]:
        async with self.database.transaction() as session:
            store = RepositoryStore(session)
            yield SmallUnit(
                Repositories(
                    store,
                    self.access,
                    self.outbox,
                    self.clock,
                    self.trail,
                    self.vault,
                )
            )

    @asynccontextmanager
    async def repositories(self) -> AsyncIterator[Repositories]:
        async with self.unit() as unit:
            yield unit.repositories

    @asynccontextmanager
    async def replica(self, limits: Limits | None = None) -> AsyncIterator[Replica]:
        self.replicas += 1
        root = self.folder / f"replica-{self.replicas}"
        mirrors = GitMirrors.open_at(root, self.blobs, limits=limits)
        try:
            contents = Contents(self.repositories, mirrors, self.blobs, self.clock)
            pushes = Pushes(contents, self.clock)
            yield Replica(contents, pushes, Upkeep(contents, many_packs=3), mirrors)
        finally:
            mirrors.close()

    async def prepare(self) -> None:
        async with self.database.transaction() as session:
            await seed(session, at=self.clock())
            await session.merge(
                Space(
                    id=GARDEN,
                    name="Garden",
                    description="",
                    parent_id=ROOT,
                    inherits=False,
                    labels=[],
                )
            )

    async def create(self, name: str = "Garden") -> Repository:
        await self.prepare()
        async with self.unit() as unit:
            settings = RepositorySettings(name=name)
            return await unit.repositories.create(GARDEN, settings, by=ADA)


def revision(
    repo_id: RepoId, path: str = "main.tf", content: bytes | None = b"one\n"
) -> NewRevision:
    return NewRevision(
        repo_id=repo_id,
        message=f"Write {path}",
        author_name="Ada",
        files=[FileChange(path=path, content=content)],
    )


def deletion(repo_id: RepoId, path: str) -> NewRevision:
    change = FileChange(path=path, action=FileAction.DELETE)
    return NewRevision(
        repo_id=repo_id, message=f"Drop {path}", author_name="Ada", files=[change]
    )


async def authenticate(user: str, password: str) -> Subject | None:
    return ADA if f"{user}:{password}" == KEY else None


@asynccontextmanager
async def served(
    replica: Replica, limits: GitLimits | None = None
) -> AsyncIterator[str]:
    """Serve git over HTTP on loopback; yield where, with credentials."""
    git = GitHttp(replica.contents, replica.pushes, authenticate, limits or GitLimits())
    async with running(Starlette(routes=git.routes())) as port:
        yield f"http://{KEY}@127.0.0.1:{port}/git"


@asynccontextmanager
async def running(app: ASGIApp, *, port: int = 0, **options: str) -> AsyncIterator[int]:
    port = port or free_port()
    config = uvicorn.Config(
        app,
        "127.0.0.1",
        port,
        log_level="warning",
        lifespan="off",
        **options,  # type: ignore[arg-type]
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())  # noqa: SLF001 - no signal handlers
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await serving


class GitCommandError(Exception):
    """The user's git failed; the message is what it printed."""


@dataclass
class Laptop:
    """Somebody's git, with nothing of this machine's configuration."""

    home: Path

    async def git(self, *arguments: str | Path, at: Path | None = None) -> str:
        process = await asyncio.create_subprocess_exec(
            "git",
            *map(str, arguments),
            cwd=at or self.home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_AUTHOR_NAME": "Ada",
                "GIT_AUTHOR_EMAIL": "ada@example.com",
                "GIT_COMMITTER_NAME": "Ada",
                "GIT_COMMITTER_EMAIL": "ada@example.com",
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(SECONDS):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise GitCommandError(output.decode())
        return output.decode()

    async def clone(self, url: str, name: str, *options: str) -> Path:
        await self.git("clone", "-q", *options, url, name)
        return self.home / name

    async def start(self, name: str, url: str) -> Path:
        """Make a new local repository with *url* as its remote."""
        await self.git("init", "-q", "-b", "main", name)
        await self.git("remote", "add", "origin", url, at=self.home / name)
        return self.home / name

    async def commit(self, at: Path, path: str, content: str | bytes) -> str:
        target = at / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        await self.git("add", "-A", at=at)
        await self.git("commit", "-q", "-m", f"Write {path}", at=at)
        return (await self.git("rev-parse", "HEAD", at=at)).strip()
