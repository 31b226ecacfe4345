"""The one way into a repository: for `git push` and for revisions made by the API.

Objects arrive in a quarantine; their pack is stored under a new key; then one
transaction compares what the branches were with what they are, and moves them all or
none. Whoever was slower is told to fetch first, and nothing of theirs is left.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final
from weakref import WeakValueDictionary

from stackyard.kernel.access import Action, Subject
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import RepoId
from stackyard.kernel.needs import needs
from stackyard.vcs.errors import StaleRefsError
from stackyard.vcs.model import Commit, NewRevision, as_stored
from stackyard.vcs.model.push_report import FETCH_FIRST, HeldReport, PushRequest
from stackyard.vcs.ports import LocalPack, Quarantine
from stackyard.vcs.service.contents import Contents, read_file
from stackyard.vcs.service.repositories import Push, StoredPack

_ATTEMPTS: Final = 10
_MOST_BYTES: Final = 64 * 1024 * 1024  # of the files that a revision changes


@dataclass(frozen=True, slots=True)
class Pushes:
    """*turns*: revisions of one repository are made one after another.

    Each begins where the last one ended, so at the same moment all but one would be in
    vain, and be made again. Only other processes are left to be raced with.
    """

    contents: Contents
    clock: Clock
    turns: WeakValueDictionary[RepoId, asyncio.Lock] = field(
        default_factory=WeakValueDictionary
    )

    @needs(Action.SPACELIFT_VCS_COMMIT_FILES)
    async def receive(
        self,
        repo_id: RepoId,
        body: AsyncIterator[bytes],
        *,
        protocol: str,
        by: Subject,
    ) -> AsyncGenerator[bytes]:
        """Take a `git push`; yield git's answer, with a report that is true."""
        request = PushRequest()
        report = HeldReport(request)
        async with (
            self.contents.mirror(repo_id, by=by, writing=True) as mirror,
            mirror.quarantine() as quarantine,
        ):
            heard = request.listen(body)
            answer = quarantine.receive_pack(heard, protocol=protocol)
            async with aclosing(heard), aclosing(answer):
                async for piece in answer:
                    for packet in report.feed(piece):
                        yield packet
            stale = request.stale(quarantine.before)
            refused = await self._refusal(repo_id, quarantine, by)
        if request.old:  # else the client only tried whether it may push
            for packet in report.release(refused=refused, stale=stale):
                yield packet

    @needs(Action.SPACELIFT_VCS_COMMIT_FILES)
    async def create_revision(self, revision: NewRevision, *, by: Subject) -> Commit:
        """Commit file changes on top of the default branch, wherever it is by now."""
        turn = self.turns.setdefault(revision.repo_id, asyncio.Lock())
        async with turn:  # for as long as a request may take
            for _ in range(_ATTEMPTS - 1):
                try:
                    return await self._commit(revision, by)
                except StaleRefsError:  # the changes are relative to any head
                    continue
            return await self._commit(revision, by)

    async def _commit(self, revision: NewRevision, by: Subject) -> Commit:
        async with (
            self.contents.mirror(revision.repo_id, by=by, writing=True) as mirror,
            mirror.quarantine() as quarantine,
        ):
            at = int(self.clock().timestamp())
            stored = await self._as_stored(revision, quarantine, by)
            sha = await quarantine.commit(stored, at=at)
            await self._record(revision.repo_id, quarantine, by)
        return Commit.shown(sha, revision.text, revision.author_name, at)

    async def _as_stored(
        self, revision: NewRevision, quarantine: Quarantine, by: Subject
    ) -> NewRevision:
        """Seal what is to be sealed, and open what is to be so no longer."""
        async with self.contents.open() as repositories:
            if any(file.encrypt for file in revision.files):
                key = await repositories.make_file_key(revision.repo_id, by=by)
            elif found := await repositories.file_key(revision.repo_id, by=by):
                key = found
            else:
                return revision
        there = await quarantine.files(
            [file.path for file in revision.files], limit=_MOST_BYTES
        )
        return replace(
            revision,
            files=[as_stored(one, there.get(one.path), key) for one in revision.files],
        )

    async def _refusal(
        self, repo_id: RepoId, quarantine: Quarantine, by: Subject
    ) -> str | None:
        """Save the push, or say in a few words why not."""
        try:
            await self._record(repo_id, quarantine, by)
        except StaleRefsError:
            return FETCH_FIRST
        except StackyardError as error:
            return str(error)
        return None

    async def _record(
        self, repo_id: RepoId, quarantine: Quarantine, by: Subject
    ) -> None:
        changes = await quarantine.changes()
        if not changes:
            return
        commits = await quarantine.new_commits(changes)
        packs = await self._upload(repo_id, quarantine.packs(), by)
        async with self.contents.open() as repositories:
            await repositories.record(repo_id, Push(changes, commits, packs), by=by)
        quarantine.keep()

    async def _upload(
        self, repo_id: RepoId, packs: list[LocalPack], by: Subject
    ) -> list[StoredPack]:
        if not packs:
            return []
        async with self.contents.open() as repositories:
            keys = await repositories.announce_packs(repo_id, len(packs), by=by)
        stored = []
        for pack, (pack_id, key) in zip(packs, keys.items(), strict=True):
            await self.contents.blobs.put_stream(
                Bucket.MODULES, key, read_file(pack.path)
            )
            stored.append(StoredPack(pack_id, pack.name, pack.size))
        return stored
