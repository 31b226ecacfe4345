"""Repositories as rows: who may do what, and which commit a branch is at.

Never touches git or object storage, so it can serve inside anybody's transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ROOT, RepoId, SpaceId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Vault
from stackyard.vcs.errors import PushExpiredError, RepositoryNotFoundError
from stackyard.vcs.events import RefUpdated
from stackyard.vcs.model import (
    PATIENCE,
    Commit,
    Pack,
    RefChange,
    Repository,
    RepositorySettings,
    SourceArchive,
)
from stackyard.vcs.ports import Manifest, PackFile, Stamp
from stackyard.vcs.store import RepositoryStore
from stackyard_protocol.sealed_file import new_key

UPLOAD_HOURS: Final = 24  # an upload that is not in use by then never will be
READER_HOURS: Final = 1  # replicas may still be reading what was replaced
ARCHIVE_DAYS: Final = 30
MOST_PER_PAGE: Final = 100
MOST_NOTED: Final = 100  # branches of one push, by name
_USUAL_PER_PAGE: Final = 50
_BRANCHES: Final = "refs/heads/"


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    items: Sequence[Repository]
    has_next: bool
    has_previous: bool

    @property
    def end_cursor(self) -> str | None:
        return self.items[-1].id if self.items else None


@dataclass(frozen=True, slots=True)
class StoredPack:
    """A pack that has been uploaded under the key of this id."""

    id: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Push:
    changes: tuple[RefChange, ...]
    commits: Sequence[Commit]
    packs: Sequence[StoredPack]


@dataclass(frozen=True, slots=True)
class Repositories:
    store: RepositoryStore
    access: Access
    outbox: Outbox
    clock: Clock
    trail: Trail
    vault: Vault

    @needs(Action.SPACELIFT_VCS_CREATE)
    async def create(
        self, space: SpaceId, settings: RepositorySettings, *, by: Subject
    ) -> Repository:
        await self.access.require(by, Action.SPACELIFT_VCS_CREATE, space=space)
        repository = Repository.create(settings, space=space, at=self.clock())
        await self.store.add(repository)
        await self._note("create", repository, by=by)
        return repository

    @needs(Action.SPACELIFT_VCS_UPDATE)
    async def update(
        self, repo_id: RepoId, settings: RepositorySettings, *, by: Subject
    ) -> Repository:
        repository = await self._load(
            repo_id, Action.SPACELIFT_VCS_UPDATE, by=by, lock=True
        )
        repository.change(settings, at=self.clock())
        await self._note("update", repository, by=by)
        return repository

    @needs(Action.SPACELIFT_VCS_DELETE)
    async def delete(self, repo_id: RepoId, *, by: Subject) -> None:
        """Delete the repository with its history, unless a stack uses it."""
        repository = await self._load(
            repo_id, Action.SPACELIFT_VCS_DELETE, by=by, lock=True
        )
        keys = [repository.pack_key(p.id) for p in await self.store.packs(repo_id)]
        await self.store.delete(repository)
        due = self.clock() + timedelta(hours=READER_HOURS)
        await self.store.discard(keys, due_at=due)
        await self._note("delete", repository, by=by)

    @needs(Action.SPACE_READ)
    async def get(self, repo_id: RepoId, *, by: Subject) -> Repository:
        return await self._load(repo_id, Action.SPACE_READ, by=by)

    @needs(Action.SPACE_READ)
    async def find(self, repo_id: RepoId, *, by: Subject) -> Repository | None:
        """Return the repository, or None if there is none that *by* may see."""
        try:
            return await self.get(repo_id, by=by)
        except NotFoundError:
            return None

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many repositories are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.SPACE_READ)
    async def page(
        self, space: SpaceId, *, by: Subject, first: int | None, after: str | None
    ) -> RepositoryPage:
        await self.access.require(by, Action.SPACE_READ, space=space)
        size = max(1, min(first or _USUAL_PER_PAGE, MOST_PER_PAGE))
        found = await self.store.page(space, limit=size + 1, after=after or "")
        return RepositoryPage(found[:size], len(found) > size, bool(after))

    @needs(Action.SPACE_READ)
    async def heads(
        self, repo_id: RepoId, branches: Collection[str], *, by: Subject
    ) -> dict[str, Commit]:
        """Return the newest commits of those of *branches* that there are."""
        await self._load(repo_id, Action.SPACE_READ, by=by)
        refs = [_BRANCHES + branch for branch in branches]
        found = await self.store.heads(repo_id, refs)
        return {ref.removeprefix(_BRANCHES): head for ref, head in found.items()}

    @needs(Action.SPACE_READ)
    async def commit(self, repo_id: RepoId, sha: str, *, by: Subject) -> Commit | None:
        """Return any commit that was ever pushed, by its full hash."""
        await self._load(repo_id, Action.SPACE_READ, by=by)
        return await self.store.commit(repo_id, sha)

    @needs(Action.SPACE_READ, Action.SPACELIFT_VCS_COMMIT_FILES)
    async def stamp(
        self, repo_id: RepoId, *, by: Subject, writing: bool = False
    ) -> Stamp:
        """Return how far the repository is, for one who may read or push."""
        action = Action.SPACELIFT_VCS_COMMIT_FILES if writing else Action.SPACE_READ
        repository = await self._load(repo_id, action, by=by)
        return Stamp(repository.storage, repository.version)

    @needs(Action.SPACE_READ)
    async def manifest(self, repo_id: RepoId, *, by: Subject) -> Manifest:
        # In this order: a push in between makes the packs newer than the refs, and
        # the refs newer than the version, and each of those is harmless.
        repository = await self._load(repo_id, Action.SPACE_READ, by=by)
        stamp = Stamp(repository.storage, repository.version)
        refs = await self.store.refs(repo_id)
        packs = [
            PackFile(repository.pack_key(pack.id), pack.name)
            for pack in await self.store.packs(repo_id)
        ]
        return Manifest(stamp, refs, tuple(packs))

    @needs(Action.SPACE_READ)
    async def file_key(self, repo_id: RepoId, *, by: Subject) -> bytes | None:
        """Return the key of the sealed files, or None if there never was one."""
        repository = await self._load(repo_id, Action.SPACE_READ, by=by)
        if repository.file_key is None:
            return None
        return self.vault.unseal(repository.file_key, context=repository.sealed_at)

    @needs(Action.SPACELIFT_VCS_COMMIT_FILES)
    async def make_file_key(self, repo_id: RepoId, *, by: Subject) -> bytes:
        """Return the key of the sealed files, making one if there is none."""
        repository = await self._load(
            repo_id, Action.SPACELIFT_VCS_COMMIT_FILES, by=by, lock=True
        )
        if repository.file_key is None:
            repository.file_key = self.vault.seal(
                new_key(), context=repository.sealed_at
            )
        return self.vault.unseal(repository.file_key, context=repository.sealed_at)

    @needs(Action.SPACELIFT_VCS_COMMIT_FILES)
    async def announce_packs(
        self, repo_id: RepoId, count: int, *, by: Subject
    ) -> dict[str, str]:
        """Name that many keys to upload packs to, by the packs' new ids.

        What is not in use a day later is deleted.
        """
        repository = await self._load(repo_id, Action.SPACELIFT_VCS_COMMIT_FILES, by=by)
        ids = [new_ulid() for _ in range(count)]
        keys = {pack_id: repository.pack_key(pack_id) for pack_id in ids}
        due = self.clock() + timedelta(hours=UPLOAD_HOURS)
        await self.store.discard(keys.values(), due_at=due)
        return keys

    @needs(Action.SPACELIFT_VCS_COMMIT_FILES)
    async def record(self, repo_id: RepoId, push: Push, *, by: Subject) -> None:
        """Make a push the truth, wholly, or raise `StaleRefsError` and change nothing.

        Its packs have been uploaded. The lock on the row lets one push pass at a time.
        """
        repository = await self._load(
            repo_id, Action.SPACELIFT_VCS_COMMIT_FILES, by=by, lock=True
        )
        now = self.clock()
        repository.move(await self.store.refs(repo_id), push.changes, at=now)
        await self._use(repository, push.packs)
        await self.store.add_commits(repo_id, push.commits)
        await self.store.move(repo_id, push.changes)
        updates = [
            RefUpdated(
                repo_id=repo_id,
                ref=change.name,
                before=change.before,
                after=change.after,
                at=now,
                pusher=by.name,
                version=repository.version,
            )
            for change in push.changes
        ]
        await self.store.expect_hearing(updates, due_at=now + PATIENCE)
        for update in updates:
            await self.outbox.add(update)
        moved = [
            {"Ref": one.name, "Before": one.before, "After": one.after}
            for one in push.changes[:MOST_NOTED]
        ]
        facts = {"Refs": moved, "RefCount": len(push.changes)}
        await self._note("push", repository, by=by, facts=facts)

    @needs(Action.SPACELIFT_VCS_COMMIT_FILES)
    async def replace_packs(
        self, repo_id: RepoId, old: Sequence[str], new: StoredPack, *, by: Subject
    ) -> None:
        """Swap the packs *old*, by their ids, for one with the same objects."""
        repository = await self._load(
            repo_id, Action.SPACELIFT_VCS_COMMIT_FILES, by=by, lock=True
        )
        packs = [p for p in await self.store.packs(repo_id) if p.id in set(old)]
        if len(packs) < len(old):  # another replica was faster
            return
        await self._use(repository, [new])
        await self.store.forget_packs(packs)
        due = self.clock() + timedelta(hours=READER_HOURS)
        keys = [repository.pack_key(pack.id) for pack in packs]
        await self.store.discard(keys, due_at=due)
        repository.repack()

    @needs(Action.SPACE_READ)
    async def packs(self, repo_id: RepoId, *, by: Subject) -> Sequence[StoredPack]:
        await self._load(repo_id, Action.SPACE_READ, by=by)
        found = await self.store.packs(repo_id)
        return [StoredPack(pack.id, pack.name, pack.size) for pack in found]

    @needs(Rule.PLATFORM)
    async def find_archive(
        self, repo_id: RepoId, sha: str, *, by: Subject
    ) -> SourceArchive | None:
        await self._load(repo_id, Action.SPACE_READ, by=by)
        return await self.store.archive(repo_id, sha)

    @needs(Rule.PLATFORM)
    async def save_archive(
        self, repo_id: RepoId, sha: str, *, sha256: str, size: int, by: Subject
    ) -> SourceArchive:
        await self._load(repo_id, Action.SPACE_READ, by=by)
        archive = SourceArchive(
            repo_id=repo_id, sha=sha, sha256=sha256, size=size, made_at=self.clock()
        )
        await self.store.save_archive(archive)
        return archive

    @needs(Rule.PLATFORM)
    async def many_packed(
        self, *, over: int, limit: int, by: Subject
    ) -> Sequence[RepoId]:
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return await self.store.many_packed(over=over, limit=limit)

    @needs(Rule.PLATFORM)
    async def due_garbage(self, *, limit: int, by: Subject) -> Sequence[str]:
        """Return keys of `Bucket.MODULES` that nothing uses any more."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return await self.store.due(now=self.clock(), limit=limit)

    @needs(Rule.PLATFORM)
    async def buried(self, keys: Sequence[str], *, by: Subject) -> None:
        """Take note that those objects are deleted, and forget old archives' rows."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        await self.store.buried(keys)
        before = self.clock() - timedelta(days=ARCHIVE_DAYS)
        await self.store.forget_archives(before=before)

    async def _note(
        self,
        verb: str,
        repository: Repository,
        *,
        by: Subject,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        await self.trail.note(
            f"repository.{verb}",
            Resource(ResourceType.UNKNOWN, repository.id),
            space=repository.space_id,
            facts={"ID": repository.id, "Name": repository.name} | dict(facts or {}),
            by=by,
        )

    async def _load(
        self, repo_id: RepoId, action: Action, *, by: Subject, lock: bool = False
    ) -> Repository:
        repository = await self.store.find(repo_id, lock=lock)
        if repository is None:
            raise RepositoryNotFoundError(repository=repo_id)
        try:
            await self.access.require(by, action, space=repository.space_id)
        except NotFoundError as error:  # and never: that space does not exist
            raise RepositoryNotFoundError(repository=repo_id) from error
        return repository

    async def _use(self, repository: Repository, packs: Sequence[StoredPack]) -> None:
        now = self.clock()
        keys = [repository.pack_key(pack.id) for pack in packs]
        if keys and await self.store.rescue(keys, now=now) < len(keys):
            raise PushExpiredError(repository=repository.id)
        for pack in packs:
            self.store.add_pack(
                Pack(
                    id=pack.id,
                    repo_id=repository.id,
                    name=pack.name,
                    size=pack.size,
                    created_at=now,
                )
            )
