"""All SQL about built-in repositories."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.constraints import constraint_of
from stackyard.kernel.ids import RepoId, SpaceId
from stackyard.vcs.errors import (
    RepositoryExistsError,
    RepositoryInUseError,
    RepositorySpaceError,
)
from stackyard.vcs.events import RefUpdated
from stackyard.vcs.model import (
    Commit,
    CommitRow,
    Garbage,
    Pack,
    Ref,
    RefChange,
    Repository,
    SourceArchive,
    UnheardUpdate,
)

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class RepositoryStore:
    session: AsyncSession

    async def find(self, repo_id: RepoId, *, lock: bool = False) -> Repository | None:
        """Load a repository; with *lock*, no one else may change it until we commit."""
        return await self.session.get(
            Repository, repo_id, with_for_update=lock, populate_existing=lock
        )

    async def add(self, repository: Repository) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(repository)
        except IntegrityError as error:
            if constraint_of(error) == "fk_repositories_space_id":
                raise RepositorySpaceError(space=repository.space_id) from None
            raise RepositoryExistsError(repository=repository.id) from error

    async def delete(self, repository: Repository) -> None:
        """Delete it with all its rows, unless another table still points at it."""
        statement = delete(Repository).where(Repository.id == repository.id)
        try:
            async with self.session.begin_nested():
                await self.session.execute(statement)
        except IntegrityError as error:
            raise RepositoryInUseError(repository=repository.id) from error

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Repository.space_id == space)
        return (await self.session.execute(query)).scalar_one()

    async def page(
        self, space: SpaceId, *, limit: int, after: str
    ) -> Sequence[Repository]:
        query = (
            select(Repository)
            .where(Repository.space_id == space, Repository.id > after)
            .order_by(Repository.id)
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()

    async def refs(self, repo_id: RepoId) -> dict[str, str]:
        rows = await self.session.execute(
            select(Ref.name, Ref.sha).where(Ref.repo_id == repo_id)
        )
        return {name: sha for name, sha in rows}  # noqa: C416 - rows are no pairs to mypy

    async def move(self, repo_id: RepoId, changes: Iterable[RefChange]) -> None:
        changes = list(changes)
        gone = [change.name for change in changes if change.after is None]
        if gone:
            await self.session.execute(
                delete(Ref).where(Ref.repo_id == repo_id, Ref.name.in_(gone))
            )
        moved = [
            {"repo_id": repo_id, "name": change.name, "sha": change.after}
            for change in changes
            if change.after is not None
        ]
        for rows in _batches(moved):
            statement = insert(Ref).values(rows)
            await self.session.execute(
                statement.on_conflict_do_update(
                    index_elements=[Ref.repo_id, Ref.name],
                    set_={"sha": statement.excluded.sha},
                )
            )

    async def heads(self, repo_id: RepoId, refs: Collection[str]) -> dict[str, Commit]:
        query = (
            select(Ref.name, CommitRow)
            .join(
                Ref,
                (Ref.repo_id == CommitRow.repo_id) & (Ref.sha == CommitRow.sha),
            )
            .where(Ref.repo_id == repo_id, Ref.name.in_(refs))
        )
        rows = await self.session.execute(query)
        return {name: row.value() for name, row in rows}

    async def commit(self, repo_id: RepoId, sha: str) -> Commit | None:
        row = await self.session.get(CommitRow, (repo_id, sha))
        return row.value() if row else None

    async def add_commits(self, repo_id: RepoId, commits: Iterable[Commit]) -> None:
        values = [_commit_values(repo_id, commit) for commit in commits]
        for rows in _batches(values):
            await self.session.execute(
                insert(CommitRow).values(rows).on_conflict_do_nothing()
            )

    async def packs(self, repo_id: RepoId) -> Sequence[Pack]:
        query = select(Pack).where(Pack.repo_id == repo_id).order_by(Pack.id)
        return (await self.session.scalars(query)).all()

    def add_pack(self, pack: Pack) -> None:
        self.session.add(pack)

    async def forget_packs(self, packs: Iterable[Pack]) -> None:
        for pack in packs:
            await self.session.delete(pack)

    async def many_packed(self, *, over: int, limit: int) -> Sequence[RepoId]:
        query = (
            select(Pack.repo_id)
            .group_by(Pack.repo_id)
            .having(func.count() > over)
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()

    async def archive(self, repo_id: RepoId, sha: str) -> SourceArchive | None:
        return await self.session.get(
            SourceArchive, (repo_id, sha), populate_existing=True
        )

    async def save_archive(self, archive: SourceArchive) -> None:
        values = {
            "sha256": archive.sha256,
            "size": archive.size,
            "made_at": archive.made_at,
        }
        statement = insert(SourceArchive).values(
            repo_id=archive.repo_id, sha=archive.sha, **values
        )
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[SourceArchive.repo_id, SourceArchive.sha], set_=values
            )
        )

    async def forget_archives(self, *, before: datetime) -> None:
        await self.session.execute(
            delete(SourceArchive).where(SourceArchive.made_at < before)
        )

    async def discard(self, keys: Iterable[str], *, due_at: datetime) -> None:
        rows = [{"key": key, "due_at": due_at} for key in keys]
        if rows:
            await self.session.execute(insert(Garbage).values(rows))

    async def rescue(self, keys: Sequence[str], *, now: datetime) -> int:
        """Take out of the garbage what is not due yet; return how many there were."""
        statement = (
            delete(Garbage)
            .where(Garbage.key.in_(keys), Garbage.due_at > now)
            .returning(Garbage.key)
        )
        return len((await self.session.scalars(statement)).all())

    async def due(self, *, now: datetime, limit: int) -> Sequence[str]:
        query = (
            select(Garbage.key)
            .where(Garbage.due_at < now)
            .order_by(Garbage.due_at)
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()

    async def buried(self, keys: Sequence[str]) -> None:
        await self.session.execute(delete(Garbage).where(Garbage.key.in_(keys)))

    async def expect_hearing(
        self, updates: Iterable[RefUpdated], *, due_at: datetime
    ) -> None:
        """Note that these have to be acted on, instead of older ones of their refs."""
        values = [_unheard_values(update, due_at) for update in updates]
        for rows in _batches(values):
            statement = insert(UnheardUpdate).values(rows)
            changed = {name: statement.excluded[name] for name in rows[0]}
            await self.session.execute(
                statement.on_conflict_do_update(
                    index_elements=[UnheardUpdate.repo_id, UnheardUpdate.ref],
                    set_=changed,
                )
            )

    async def unheard(self, *, now: datetime, limit: int) -> Sequence[UnheardUpdate]:
        """Lock what should have been acted on by now, and is in nobody else's hand."""
        query = (
            select(UnheardUpdate)
            .where(UnheardUpdate.due_at <= now)
            .order_by(UnheardUpdate.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self.session.scalars(query)).all()

    async def heard(self, repo_id: RepoId, ref: str, version: int) -> None:
        await self.session.execute(
            delete(UnheardUpdate).where(
                UnheardUpdate.repo_id == repo_id,
                UnheardUpdate.ref == ref,
                UnheardUpdate.version <= version,
            )
        )

    async def standing(self, repo_id: RepoId, ref: str) -> tuple[str | None, bool]:
        """Return where *ref* is, and whether its last update waits to be heard of."""
        head = select(Ref.sha).where(Ref.repo_id == repo_id, Ref.name == ref)
        waiting = exists().where(
            UnheardUpdate.repo_id == repo_id, UnheardUpdate.ref == ref
        )
        row = await self.session.execute(select(head.scalar_subquery(), waiting))
        sha, waits = row.one()
        return sha, waits


def _batches(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _commit_values(repo_id: RepoId, commit: Commit) -> dict[str, Any]:
    values = asdict(commit)
    return {"repo_id": repo_id, "sha": values.pop("hash"), **values}


def _unheard_values(update: RefUpdated, due_at: datetime) -> dict[str, Any]:
    return {
        "repo_id": update.repo_id,
        "ref": update.ref,
        "version": update.version,
        "before": update.before,
        "after": update.after,
        "pusher": update.pusher,
        "moved_at": update.at,
        "told": 1,
        "due_at": due_at,
    }
