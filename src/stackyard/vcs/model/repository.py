"""What a built-in repository is: a few rows here, packs in object storage.

The rows are the truth about branches and tags. A clone on some machine's disk is
only a cache of them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import RepoId, SpaceId, new_ulid, slugify
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed
from stackyard.vcs.errors import (
    RefClashError,
    RepositoryNameError,
    StaleRefsError,
    TooManyRefsError,
)

DEFAULT_BRANCH: Final = "main"
MOST_REFS: Final = 10_000
_LONGEST_NAME: Final = 100
_LONGEST_MESSAGE: Final = 4_000
_LAST_SECOND: Final = 2**31 - 1  # an integer of the graph holds no more
_SHA: Final = re.compile(r"[0-9a-f]{40}")


class VcsChecks(StrEnum):
    INDIVIDUAL = "INDIVIDUAL"
    AGGREGATED = "AGGREGATED"
    ALL = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """What people choose; an update replaces all of it."""

    name: str
    description: str | None = None
    labels: tuple[str, ...] = ()
    vcs_checks: VcsChecks = VcsChecks.INDIVIDUAL

    def __post_init__(self) -> None:
        if not slugify(self.name) or len(self.name) > _LONGEST_NAME:
            raise RepositoryNameError(name=self.name[:_LONGEST_NAME])


@dataclass(frozen=True, slots=True)
class Commit:
    hash: str
    message: str
    author_name: str
    timestamp: int

    @classmethod
    def shown(cls, sha: str, message: str, author_name: str, timestamp: int) -> Self:
        """Return it with what a column and a client can hold."""
        return cls(
            sha,
            message.replace("\0", "")[:_LONGEST_MESSAGE].strip(),
            author_name.replace("\0", ""),
            max(0, min(timestamp, _LAST_SECOND)),
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "hash": self.hash,
            "message": self.message,
            "author_name": self.author_name,
            "timestamp": self.timestamp,
        }


@dataclass(frozen=True, slots=True)
class RefChange:
    name: str
    before: str | None
    after: str | None


class Repository(Entity):
    __tablename__ = "repositories"

    id: Mapped[RepoId] = mapped_column(primary_key=True)
    # Keys and folders go by this, so that a new repository of an old name never
    # meets what the old one left behind.
    storage: Mapped[str]
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"), index=True)
    name: Mapped[str]
    description: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    vcs_checks: Mapped[VcsChecks]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]  # counts the changes of refs and packs
    # Of its sealed files; made with the first of them.
    file_key: Mapped[Sealed | None] = mapped_column(LargeBinary)

    @classmethod
    def create(
        cls, settings: RepositorySettings, *, space: SpaceId, at: datetime
    ) -> Self:
        repository = cls(
            id=RepoId(slugify(settings.name)),
            storage=new_ulid().lower(),
            space_id=space,
            created_at=at,
            version=0,
        )
        repository.change(settings, at=at)
        return repository

    def change(self, settings: RepositorySettings, *, at: datetime) -> None:
        """Take the new settings; the id stays, as it is in people's remotes."""
        self.name = settings.name
        self.description = settings.description
        self.labels = list(settings.labels)
        self.vcs_checks = settings.vcs_checks
        self.updated_at = at

    def move(
        self, refs: dict[str, str], changes: tuple[RefChange, ...], *, at: datetime
    ) -> None:
        """Check that *changes* still fit the present *refs*, all of them or none."""
        stale = [c.name for c in changes if refs.get(c.name) != c.before]
        if stale:
            raise StaleRefsError(repository=self.id, refs=stale)
        after = {n: s for n, s in refs.items() if n not in {c.name for c in changes}}
        after |= {c.name: c.after for c in changes if c.after is not None}
        if len(after) > MOST_REFS:
            raise TooManyRefsError(repository=self.id)
        if any(_folders(name) & after.keys() for name in after):
            raise RefClashError(repository=self.id)
        self.version += 1
        self.updated_at = at

    @property
    def sealed_at(self) -> str:
        """Return the context that the key of its files is sealed in."""
        return f"repositories/{self.storage}/file_key"

    def repack(self) -> None:
        """Remember that the packs are others, with the same objects."""
        self.version += 1

    def pack_key(self, pack_id: str) -> str:
        return f"repositories/{self.storage}/{pack_id}.pack"


def _folders(name: str) -> set[str]:
    parts = name.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


def is_sha(text: str) -> bool:
    return _SHA.fullmatch(text) is not None


class Ref(Entity):
    __tablename__ = "repository_refs"

    repo_id: Mapped[RepoId] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str]


class Pack(Entity):
    """One object of the repository's history, in `Bucket.MODULES`.

    That bucket is the one kept for ever that is meant for what users publish;
    `UPLOADS` and `WORKSPACE` forget, and `STATES` is for state alone. The prefix
    `repositories/` keeps packs apart from modules.
    """

    __tablename__ = "repository_packs"

    id: Mapped[str] = mapped_column(primary_key=True)
    repo_id: Mapped[RepoId] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), index=True
    )
    name: Mapped[str]  # git's own: the checksum at the end of the file
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class CommitRow(Entity):
    """Every commit that was ever pushed, so that reading one needs no clone."""

    __tablename__ = "repository_commits"

    repo_id: Mapped[RepoId] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True
    )
    sha: Mapped[str] = mapped_column(primary_key=True)
    message: Mapped[str]
    author_name: Mapped[str]
    timestamp: Mapped[int] = mapped_column(BigInteger)

    def value(self) -> Commit:
        return Commit(self.sha, self.message, self.author_name, self.timestamp)


class SourceArchive(Entity):
    """The tree of one commit as an archive for runs; it can always be made again."""

    __tablename__ = "repository_archives"

    repo_id: Mapped[RepoId] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True
    )
    sha: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(index=True)

    @property
    def key(self) -> str:
        return f"sources/{self.repo_id}/{self.sha}.tar.gz"


class Garbage(Entity):
    """An object to delete from storage when its time has come.

    A key is written here before its object, and taken out in the transaction that
    starts to use it: whatever dies in between leaves nothing behind for ever.
    """

    __tablename__ = "repository_garbage"

    key: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
