"""Use cases of built-in repositories, with real SQL and a real git."""

import asyncio
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from tests.support.hosting import ADA, GARDEN, Hosting, Replica, deletion, revision

from stackyard.adapters.git import CacheTakenError, GitMirrors
from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM, Action
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.errors import ForbiddenError, NotFoundError
from stackyard.kernel.ids import RepoId
from stackyard.vcs import (
    CommitNotFoundError,
    FileAction,
    FileChange,
    FileRevision,
    NewRevision,
    Push,
    PushExpiredError,
    RefChange,
    Repository,
    RepositoryExistsError,
    RepositoryInUseError,
    RepositoryNotFoundError,
    RepositorySettings,
    RevisionError,
    StaleRefsError,
    StoredPack,
)
from stackyard_protocol.sealed_file import open_file

HERE = RepoId("garden")
MANY = 16


def shown(found: FileRevision) -> bytes | None:
    return None if found.content is None else found.content.shown


@pytest.fixture
async def hosting(database: Database, tmp_path: Path) -> Hosting:
    hosting = Hosting(database, tmp_path)
    await hosting.create()
    return hosting


@pytest.fixture
async def replica(hosting: Hosting) -> AsyncIterator[Replica]:
    async with hosting.replica() as replica:
        yield replica


async def test_a_repository_keeps_its_id_when_it_is_renamed(hosting: Hosting) -> None:
    async with hosting.unit() as unit:
        settings = RepositorySettings(name="Park", labels=("green",))
        await unit.repositories.update(HERE, settings, by=ADA)
    async with hosting.unit() as unit:
        found = await unit.repositories.get(HERE, by=ADA)
    assert (found.id, found.name, found.labels) == (HERE, "Park", ["green"])


async def test_a_name_is_taken_once(hosting: Hosting) -> None:
    with pytest.raises(RepositoryExistsError):
        await hosting.create("garden!")


async def test_pages_follow_each_other_without_gap_or_repeat(hosting: Hosting) -> None:
    for number in range(4):
        await hosting.create(f"Bed {number}")
    async with hosting.unit() as unit:
        first = await unit.repositories.page(GARDEN, first=3, after=None, by=ADA)
        second = await unit.repositories.page(
            GARDEN, first=3, after=first.end_cursor, by=ADA
        )
    ids = [item.id for page in (first, second) for item in page.items]
    assert ids == ["bed-0", "bed-1", "bed-2", "bed-3", "garden"]
    assert (first.has_next, second.has_next, second.has_previous) == (True, False, True)


async def test_deleting_takes_the_rows_at_once_and_the_objects_later(
    hosting: Hosting, replica: Replica
) -> None:
    await replica.pushes.create_revision(revision(HERE), by=ADA)
    async with hosting.unit() as unit:
        await unit.repositories.delete(HERE, by=ADA)

    await replica.upkeep.sweep(by=SYSTEM)
    assert len(hosting.blobs.keys(Bucket.MODULES)) == 1
    hosting.clock.advance(2 * 3600)
    await replica.upkeep.sweep(by=SYSTEM)

    assert hosting.blobs.keys(Bucket.MODULES) == []
    with pytest.raises(RepositoryNotFoundError):
        await replica.contents.file_history(HERE, "main.tf", first=1, by=ADA)


async def test_a_repository_that_is_in_use_is_not_deleted(hosting: Hosting) -> None:
    async with hosting.database.transaction() as session:
        await session.execute(
            text(
                "CREATE TABLE follower (repo text REFERENCES repositories ON DELETE"
                " RESTRICT)"
            )
        )
        await session.execute(text("INSERT INTO follower VALUES ('garden')"))

    with pytest.raises(RepositoryInUseError, match="still used by stacks"):
        async with hosting.unit() as unit:
            await unit.repositories.delete(HERE, by=ADA)


async def test_a_new_repository_of_an_old_name_starts_empty(
    hosting: Hosting, replica: Replica
) -> None:
    await replica.pushes.create_revision(revision(HERE), by=ADA)
    async with hosting.unit() as unit:
        await unit.repositories.delete(HERE, by=ADA)
    await hosting.create()

    assert await replica.contents.file_history(HERE, "main.tf", first=5, by=ADA) == []


async def test_a_revision_is_the_head_of_main_for_every_replica(
    hosting: Hosting, replica: Replica
) -> None:
    made = await replica.pushes.create_revision(revision(HERE), by=ADA)

    async with hosting.unit() as unit:
        heads = await unit.repositories.heads(HERE, ["main", "other"], by=ADA)
    assert heads == {"main": made}
    assert made.as_dict() == {
        "hash": made.hash,
        "message": "Write main.tf",
        "author_name": "Ada",
        "timestamp": int(hosting.clock.now.timestamp()),
    }
    async with hosting.replica() as other:
        [found] = await other.contents.file_history(HERE, "main.tf", first=9, by=ADA)
    assert (found.sha, shown(found), found.mode) == (made.hash, b"one\n", "0644")


async def test_the_history_of_a_file_is_newest_first_with_its_end(
    replica: Replica,
) -> None:
    commits = [
        await replica.pushes.create_revision(change, by=ADA)
        for change in (
            revision(HERE, content=b"1"),
            revision(HERE, "other.tf"),
            revision(HERE, content=b"2"),
            deletion(HERE, "main.tf"),
        )
    ]

    found = await replica.contents.file_history(HERE, "main.tf", first=None, by=ADA)

    assert [(f.sha, shown(f), f.is_deleted) for f in found] == [
        (commits[3].hash, None, True),
        (commits[2].hash, b"2", False),
        (commits[0].hash, b"1", False),
    ]
    assert await replica.contents.file_history(HERE, "../x", first=1, by=ADA) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (FileChange(path="a/b", content=b"", action=FileAction.CREATE), "exists"),
        (FileChange(path="no", content=b"", action=FileAction.UPDATE), "not exist"),
        (FileChange(path="no", action=FileAction.DELETE), "not exist"),
        (FileChange(path="a", content=b""), "is a folder"),
        (FileChange(path="a/b/c", content=b""), "is a file"),
    ],
)
async def test_a_change_that_does_not_fit_what_is_there_is_refused(
    hosting: Hosting, replica: Replica, change: FileChange, problem: str
) -> None:
    await replica.pushes.create_revision(revision(HERE, "a/b"), by=ADA)
    told = len(hosting.outbox.events)
    wanted = NewRevision(repo_id=HERE, message="m", author_name="A", files=[change])

    with pytest.raises(RevisionError, match=problem):
        await replica.pushes.create_revision(wanted, by=ADA)

    assert len(hosting.outbox.events) == told


async def test_a_file_changes_its_mode_and_keeps_its_content(replica: Replica) -> None:
    await replica.pushes.create_revision(revision(HERE, "run"), by=ADA)
    change = FileChange(path="run", mode="0755", action=FileAction.UPDATE)
    wanted = NewRevision(repo_id=HERE, message="m", author_name="A", files=[change])
    await replica.pushes.create_revision(wanted, by=ADA)

    [found, _] = await replica.contents.file_history(HERE, "run", first=2, by=ADA)

    assert (found.mode, shown(found)) == ("0755", b"one\n")


async def test_of_revisions_at_the_same_time_none_is_refused(
    hosting: Hosting, replica: Replica
) -> None:
    """As many files of one repository as a client makes at once."""
    made = await asyncio.gather(
        *(
            replica.pushes.create_revision(revision(HERE, f"f{number}"), by=ADA)
            for number in range(MANY)
        )
    )

    assert len({one.hash for one in made}) == MANY
    for number in range(MANY):
        path = f"f{number}"
        [found] = await replica.contents.file_history(HERE, path, first=1, by=ADA)
        assert shown(found) == b"one\n"


async def test_an_archive_is_the_whole_tree_and_the_same_when_made_again(
    hosting: Hosting, replica: Replica
) -> None:
    files = {".gitattributes": b"* export-ignore\n", 'odd "name"/-x.tf': b"tf"}
    for path, content in files.items():
        made = await replica.pushes.create_revision(
            revision(HERE, path, content), by=ADA
        )
    first = await replica.contents.archive(HERE, made.hash, by=SYSTEM)
    body = hosting.blobs.bodies.pop((first.bucket, first.key))
    hosting.clock.advance(8 * 24 * 3600)  # the bucket has forgotten it
    async with hosting.replica() as other:
        again = await other.contents.archive(HERE, made.hash, by=SYSTEM)

    assert again == first
    assert first.key == f"sources/garden/{made.hash}.tar.gz"
    assert hosting.blobs.bodies[first.bucket, first.key] == body
    assert (hashlib.sha256(body).hexdigest(), len(body)) == (first.sha256, first.size)
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        names = {member.name for member in archive if member.isfile()}
    assert names == set(files)


@pytest.mark.parametrize("sha", ["0" * 40, "main", "HEAD", "--output=/tmp/x", ""])
async def test_there_is_no_archive_of_what_is_no_commit(
    replica: Replica, sha: str
) -> None:
    with pytest.raises(CommitNotFoundError):
        await replica.contents.archive(HERE, sha, by=SYSTEM)


async def test_packs_become_one_and_the_old_ones_go_later(
    hosting: Hosting, replica: Replica
) -> None:
    for number in range(5):
        await replica.pushes.create_revision(revision(HERE, f"f{number}"), by=ADA)
    await replica.upkeep.sweep(by=SYSTEM)
    assert len(hosting.blobs.keys(Bucket.MODULES)) == 6
    hosting.clock.advance(2 * 3600)
    await replica.upkeep.sweep(by=SYSTEM)

    assert len(hosting.blobs.keys(Bucket.MODULES)) == 1
    await replica.pushes.create_revision(revision(HERE, "after"), by=ADA)
    async with hosting.replica() as other:
        found = await other.contents.file_history(HERE, "f0", first=1, by=ADA)
    assert shown(found[0]) == b"one\n"


async def test_the_slower_of_two_pushes_changes_nothing(
    hosting: Hosting, replica: Replica
) -> None:
    made = await replica.pushes.create_revision(revision(HERE), by=ADA)
    change = RefChange("refs/heads/main", "0" * 40, "1" * 40)

    with pytest.raises(StaleRefsError):
        async with hosting.repositories() as repositories:
            await repositories.record(HERE, Push((change,), [], []), by=ADA)

    async with hosting.repositories() as repositories:
        heads = await repositories.heads(HERE, ["main"], by=ADA)
    assert heads == {"main": made}


async def test_a_push_whose_upload_was_given_up_is_not_recorded(
    hosting: Hosting,
) -> None:
    async with hosting.repositories() as repositories:
        [pack_id] = await repositories.announce_packs(HERE, 1, by=ADA)
    hosting.clock.advance(timedelta(days=2).total_seconds())
    change = RefChange("refs/heads/main", None, "1" * 40)
    push = Push((change,), [], [StoredPack(pack_id, "a" * 40, 1)])

    with pytest.raises(PushExpiredError):
        async with hosting.repositories() as repositories:
            await repositories.record(HERE, push, by=ADA)


async def test_who_may_not_commit_makes_no_revision(
    hosting: Hosting, replica: Replica
) -> None:
    hosting.access.refused.add(Action.SPACELIFT_VCS_COMMIT_FILES)

    with pytest.raises(ForbiddenError):
        await replica.pushes.create_revision(revision(HERE), by=ADA)

    assert hosting.blobs.bodies == {}


async def test_a_clone_can_be_thrown_away_at_any_time(
    replica: Replica, hosting: Hosting
) -> None:
    await replica.pushes.create_revision(revision(HERE), by=ADA)
    replica.mirrors.most_bytes = 0
    await replica.mirrors.prune()
    assert list((replica.mirrors.root / "mirrors").iterdir()) == []

    [found] = await replica.contents.file_history(HERE, "main.tf", first=1, by=ADA)

    assert shown(found) == b"one\n"


async def test_what_a_crash_left_is_cleared_away_at_start(
    hosting: Hosting, tmp_path: Path
) -> None:
    left = tmp_path / "cache" / "scratch" / "quarantine-x" / "repository.git"
    left.mkdir(parents=True)

    mirrors = GitMirrors.open_at(tmp_path / "cache", hosting.blobs)

    assert list((tmp_path / "cache" / "scratch").iterdir()) == []
    with pytest.raises(CacheTakenError):
        GitMirrors.open_at(tmp_path / "cache", hosting.blobs)
    mirrors.close()


async def test_what_one_may_not_see_is_a_repository_that_does_not_exist(
    hosting: Hosting,
) -> None:
    async with hosting.unit() as unit:
        assert await unit.repositories.find(RepoId("desert"), by=ADA) is None
        with pytest.raises(NotFoundError):
            await unit.repositories.get(RepoId("desert"), by=ADA)


SECRET = b'password = "canary"\n'


def secret(content: bytes = SECRET, *, encrypt: bool | None = True) -> NewRevision:
    change = FileChange(path="secret.tf", content=content, encrypt=encrypt)
    return NewRevision(
        repo_id=HERE, message="Keep it", author_name="Ada", files=[change]
    )


async def test_nothing_outside_of_runs_holds_an_encrypted_file_in_the_clear(
    hosting: Hosting, replica: Replica
) -> None:
    made = await replica.pushes.create_revision(secret(), by=ADA)
    archive = await replica.contents.archive(HERE, made.hash, by=SYSTEM)
    [found] = await replica.contents.file_history(HERE, "secret.tf", first=1, by=ADA)

    assert found.content is not None
    assert found.content.shown is None
    assert found.content.sha256 == hashlib.sha256(SECRET).hexdigest()
    assert found.content.size == len(SECRET)
    assert "canary" not in repr(found)
    packed = hosting.blobs.bodies[archive.bucket, archive.key]
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        file = tar.extractfile("secret.tf")
        assert file is not None
        stored = file.read()
    assert archive.file_key is not None
    assert open_file(archive.file_key, stored) == SECRET
    assert SECRET not in stored
    async with hosting.database.transaction() as session:
        sealed = await session.scalar(select(Repository.file_key))
    assert sealed
    assert archive.file_key not in sealed


async def test_a_file_is_encrypted_anew_only_if_it_is_another(
    replica: Replica,
) -> None:
    for wanted in (secret(), secret(), secret(encrypt=None), secret(encrypt=False)):
        await replica.pushes.create_revision(wanted, by=ADA)

    found = await replica.contents.file_history(HERE, "secret.tf", first=9, by=ADA)

    assert [shown(one) for one in found] == [SECRET, None]
    assert len({one.content.sha256 for one in found if one.content}) == 1


async def test_two_that_encrypt_the_first_file_at_once_agree_on_the_key(
    hosting: Hosting, replica: Replica
) -> None:
    async with hosting.replica() as other:
        await asyncio.gather(
            replica.pushes.create_revision(secret(b"one"), by=ADA),
            other.pushes.create_revision(secret(b"two"), by=ADA),
        )
    found = await replica.contents.file_history(HERE, "secret.tf", first=9, by=ADA)

    digests = {one.content.sha256 for one in found if one.content}
    assert digests == {hashlib.sha256(one).hexdigest() for one in (b"one", b"two")}
