"""What is in repositories: fetches, the history of files, archives for runs.

Lives as long as the process. Asks leave in a short transaction, and has closed it
before it waits for git or for object storage.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, Self, TypeAlias

from stackyard.kernel.access import Action, Subject
from stackyard.kernel.blobs import BlobNotFoundError, Blobs, Bucket
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import RepoId
from stackyard.kernel.needs import Rule, needs
from stackyard.vcs.model import SourceArchive, opened, path_problem
from stackyard.vcs.ports import FileVersion, GitService, Manifest, Mirror, Mirrors
from stackyard.vcs.service.repositories import Repositories

OpenRepositories: TypeAlias = Callable[[], AbstractAsyncContextManager[Repositories]]

MOST_HISTORY: Final = 100
_USUAL_HISTORY: Final = 50
_MOST_BYTES: Final = 32 * 1024 * 1024
_PIECE: Final = 1024 * 1024
_SURELY_KEPT: Final = timedelta(days=1)  # the workspace bucket keeps seven


@dataclass(frozen=True, slots=True)
class FileContent:
    """What is in a file. Digest and size are of the clear text, sealed or not."""

    sha256: str
    size: int
    shown: bytes | None  # None: it is sealed

    @classmethod
    def of(cls, stored: bytes, key: bytes | None) -> Self:
        secret = opened(stored, key)
        clear = stored if secret is None else secret
        digest = hashlib.sha256(clear).hexdigest()
        return cls(digest, len(clear), clear if secret is None else None)


@dataclass(frozen=True, slots=True)
class FileRevision:
    """A file as one revision left it. Deleted files have no mode and no content."""

    path: str
    sha: str
    author_name: str
    mode: str | None
    content: FileContent | None

    @property
    def is_deleted(self) -> bool:
        return self.content is None


@dataclass(frozen=True, slots=True)
class ArchiveRef:
    """Where the archive of a commit's tree is, and what must be in it.

    Sealed files are sealed in it, too; *file_key* opens them.
    """

    bucket: Bucket
    key: str
    sha256: str
    size: int
    file_key: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Contents:
    open: OpenRepositories
    mirrors: Mirrors
    blobs: Blobs
    clock: Clock

    @asynccontextmanager
    @needs(Action.SPACE_READ, Action.SPACELIFT_VCS_COMMIT_FILES)
    async def mirror(
        self, repo_id: RepoId, *, by: Subject, writing: bool = False
    ) -> AsyncIterator[Mirror]:
        """Lend a clone that has everything pushed until now, to read from."""
        async with self.open() as repositories:
            stamp = await repositories.stamp(repo_id, by=by, writing=writing)
        load = partial(self._manifest, repo_id, by)
        async with self.mirrors.open(stamp, load) as mirror:
            yield mirror

    @needs(Action.SPACE_READ, Action.SPACELIFT_VCS_COMMIT_FILES)
    async def advertise(
        self, repo_id: RepoId, service: GitService, *, protocol: str, by: Subject
    ) -> AsyncGenerator[bytes]:
        writing = service is GitService.RECEIVE_PACK
        async with (
            self.mirror(repo_id, by=by, writing=writing) as mirror,
            aclosing(mirror.advertise(service, protocol=protocol)) as pieces,
        ):
            async for piece in pieces:
                yield piece

    @needs(Action.SPACE_READ)
    async def upload_pack(
        self,
        repo_id: RepoId,
        body: AsyncIterator[bytes],
        *,
        protocol: str,
        by: Subject,
    ) -> AsyncGenerator[bytes]:
        """Answer what a client fetches, as git does."""
        async with (
            self.mirror(repo_id, by=by) as mirror,
            aclosing(mirror.upload_pack(body, protocol=protocol)) as pieces,
        ):
            async for piece in pieces:
                yield piece

    @needs(Action.SPACE_READ)
    async def file_history(
        self, repo_id: RepoId, path: str, *, first: int | None, by: Subject
    ) -> list[FileRevision]:
        """Return a file's revisions on the default branch, the newest first."""
        limit = max(1, min(first or _USUAL_HISTORY, MOST_HISTORY))
        async with self.mirror(repo_id, by=by) as mirror:
            if path_problem(path):
                return []  # no revision can have had such a file
            versions = await mirror.history(path, limit=limit)
            names = sorted({v.blob for v in versions if v.blob})
            blobs = await mirror.blobs(names, limit=_MOST_BYTES) if names else {}
        async with self.open() as repositories:
            key = await repositories.file_key(repo_id, by=by)
        found = {name: FileContent.of(blob, key) for name, blob in blobs.items()}
        return [_revision(path, version, found) for version in versions]

    @needs(Rule.PLATFORM)
    async def archive(self, repo_id: RepoId, sha: str, *, by: Subject) -> ArchiveRef:
        """Return the commit's tree as a tar.gz in storage, making it if need be."""
        async with self.open() as repositories:
            known = await repositories.find_archive(repo_id, sha, by=by)
            file_key = await repositories.file_key(repo_id, by=by)
        if known and (self._is_fresh(known) or await self._is_there(known.key)):
            return ArchiveRef(
                Bucket.WORKSPACE, known.key, known.sha256, known.size, file_key
            )
        async with (
            self.mirror(repo_id, by=by) as mirror,
            mirror.archive(sha) as path,
        ):
            sha256, size = await asyncio.to_thread(_measure, path)
            key = f"sources/{repo_id}/{sha}.tar.gz"
            await self.blobs.put_stream(Bucket.WORKSPACE, key, read_file(path))
        async with self.open() as repositories:
            await repositories.save_archive(
                repo_id, sha, sha256=sha256, size=size, by=by
            )
        return ArchiveRef(Bucket.WORKSPACE, key, sha256, size, file_key)

    def _is_fresh(self, archive: SourceArchive) -> bool:
        """Whether the bucket cannot have forgotten it yet: then nobody is asked."""
        return self.clock() - archive.made_at < _SURELY_KEPT

    async def _is_there(self, key: str) -> bool:
        try:
            await self.blobs.get_range(Bucket.WORKSPACE, key, start=0, length=1)
        except BlobNotFoundError:
            return False
        return True

    async def _manifest(self, repo_id: RepoId, by: Subject) -> Manifest:
        async with self.open() as repositories:
            return await repositories.manifest(repo_id, by=by)


async def read_file(path: Path) -> AsyncIterator[bytes]:
    """Yield a local file in pieces."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _measure(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, hashlib.sha256)
        return digest.hexdigest(), file.tell()


def _revision(
    path: str, version: FileVersion, found: dict[str, FileContent]
) -> FileRevision:
    content = found[version.blob] if version.blob else None
    return FileRevision(path, version.sha, version.author_name, version.mode, content)
