"""What the slice needs of the outside: git on this machine, and other servers.

The services know when something is to be done, and with which rights; behind these
ports is how git does it.
"""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Sequence,
)
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

from sqlalchemy import Select

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import SpaceId
from stackyard.kernel.outbound import Answer
from stackyard.vcs.model import Commit, Integration, NewRevision, RefChange

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]

# Whether a subject administers any space (`stackyard.spaces.SpaceAccess`).
AdministersAny: TypeAlias = Callable[[Subject], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class IntegrationUsers:
    """What uses an integration, as the slices above tell it.

    `of` names those that do, `cut_off` what those use and do not reach.
    """

    of: Callable[[Integration], Awaitable[Sequence[str]]]
    cut_off: Callable[[Integration], Awaitable[Sequence[str]]]


class GitService(StrEnum):
    """The two programs a git client can ask for."""

    UPLOAD_PACK = "git-upload-pack"
    RECEIVE_PACK = "git-receive-pack"


@dataclass(frozen=True, slots=True)
class PackFile:
    key: str  # in `Bucket.MODULES`
    name: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which repository, and how far it has come."""

    storage: str
    version: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is needed to make a clone. *refs* may only be older than *packs*."""

    stamp: Stamp
    refs: dict[str, str]
    packs: tuple[PackFile, ...]


@dataclass(frozen=True, slots=True)
class LocalPack:
    path: Path
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file as one commit left it; no mode and no blob when it was deleted."""

    sha: str
    author_name: str
    mode: str | None
    blob: str | None


class Quarantine(Protocol):
    """A private place for new objects on top of a mirror. Gone when it is left."""

    @property
    def before(self) -> dict[str, str]:
        """Return where the mirror's branches and tags were when it was opened."""

    def receive_pack(
        self, body: AsyncIterator[bytes], *, protocol: str
    ) -> AsyncGenerator[bytes]:
        """Take a push and yield git's answer to it."""

    async def files(self, paths: Sequence[str], *, limit: int) -> dict[str, bytes]:
        """Return what is at *paths* on the default branch; what is no file is left out.

        Raises `FileTooLargeError` if that is more than *limit* bytes.
        """

    async def commit(self, revision: NewRevision, *, at: int) -> str:
        """Commit on the default branch, or raise `RevisionError`; return the hash."""

    async def changes(self) -> tuple[RefChange, ...]:
        """Return what is different from the mirror."""

    async def new_commits(self, changes: tuple[RefChange, ...]) -> list[Commit]:
        """Return the commits that no branch or tag of the mirror had."""

    def packs(self) -> list[LocalPack]:
        """Return the new objects."""

    def keep(self) -> None:
        """Give the new objects to the mirror, which saves it a download."""


class Mirror(Protocol):
    """A clone on this machine. Read only: what is new goes through a quarantine."""

    def advertise(self, service: GitService, *, protocol: str) -> AsyncGenerator[bytes]:
        """Yield what the client of *service* wants to know first."""

    def upload_pack(
        self, body: AsyncIterator[bytes], *, protocol: str
    ) -> AsyncGenerator[bytes]:
        """Answer a fetch."""

    async def history(self, path: str, *, limit: int) -> list[FileVersion]:
        """Return the newest versions of a file on the default branch, newest first."""

    async def blobs(self, names: list[str], *, limit: int) -> dict[str, bytes]:
        """Return files' contents, or raise `FileTooLargeError` beyond *limit* bytes."""

    def archive(self, sha: str) -> AbstractAsyncContextManager[Path]:
        """Lend the tree of a commit as a tar.gz that depends on the commit only."""

    def repacked(self, names: list[str]) -> AbstractAsyncContextManager[LocalPack]:
        """Lend one pack of all the objects in the packs *names*."""

    def quarantine(self) -> AbstractAsyncContextManager[Quarantine]:
        """Open a place to receive new objects in."""


class Mirrors(Protocol):
    """The clones on this machine, all of which can be thrown away."""

    def open(
        self, stamp: Stamp, load: Callable[[], Awaitable[Manifest]]
    ) -> AbstractAsyncContextManager[Mirror]:
        """Lend a clone at least as new as *stamp*; *load* is asked if it is not."""

    async def prune(self) -> None:
        """Throw away what is old, or too much, and not in use."""


class Outbound(Protocol):
    """HTTP to places that a user named."""

    async def get(self, url: str, *, limit: int) -> Answer:
        """Read at most *limit* bytes of an https URL, following few redirects.

        Raises `RemoteRefusedError` if the address must not be called, and
        `RemoteUnavailableError` if nothing useful answers in time.
        """


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    branch: str
    commit: Commit


class Source(Protocol):
    """One repository, wherever it is, as it stands now.

    What its server sent while nobody listened is found by asking this and comparing.
    Raises `RemoteUnavailableError` for what will pass, and another `StackyardError`
    for what will not.
    """

    async def heads(self, branches: Collection[str]) -> dict[str, Commit]:
        """Return the newest commit of each of *branches*; a missing one is left out.

        All but the hash of a commit may be unknown. One question to the server,
        however many branches.
        """

    async def open_pull_requests(self) -> Sequence[PullRequest]:
        """Return what is proposed; nothing where no such thing is known."""
