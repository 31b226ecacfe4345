"""A push to a built-in repository whose message came to nothing still has its runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count

import pytest
from tests.support.bureau import Bureau
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import ROOT, RepoId, StackId
from stackyard.kernel.routing import event_of
from stackyard.reactions.pushes import tell_unheard, trigger_pushed
from stackyard.stacks import Provider
from stackyard.unit import Unit
from stackyard.vcs import (
    PATIENCE,
    Commit,
    Push,
    RefChange,
    RefUpdated,
    RepositorySettings,
)
from stackyard.vcs.service.updates import MOST_AT_ONCE

A, B, C = ("a" * 40, "b" * 40, "c" * 40)
REPO = RepoId("garden")
MAIN = "refs/heads/main"
LATE = PATIENCE.total_seconds() + 1


@dataclass
class Garden:
    bureau: Bureau
    stack: StackId

    async def push(self, sha: str | None, ref: str = MAIN) -> RefUpdated:
        """Move a branch, and take the message away that tells of it."""
        commits = [Commit(sha, "Change", "Ada", 0)] if sha else []
        async with self.bureau.unit() as unit:
            refs = (await unit.repositories.manifest(REPO, by=SYSTEM)).refs
            change = RefChange(ref, refs.get(ref), sha)
            await unit.repositories.record(REPO, Push((change,), commits, []), by=ADA)
        [event] = await self.told()
        return event

    async def told(self) -> list[RefUpdated]:
        facts = await self.bureau.taken("trigger_pushed")
        return [event_of(RefUpdated, one) for one in facts]

    async def told_again(self, bureau: Bureau | None = None) -> list[RefUpdated]:
        await tell_unheard((bureau or self.bureau).tools)
        return await self.told()

    async def hear(self, event: RefUpdated) -> None:
        await trigger_pushed(self.bureau.tools, event)

    async def runs(self) -> list[tuple[str, str]]:
        found = await self.bureau.runs(self.stack)
        return [(run.type, (run.commit or {})["hash"]) for run in found]


@pytest.fixture
async def garden(database: Database) -> Garden:
    bureau = await Bureau(database).prepare()
    async with bureau.unit() as unit:
        settings = RepositorySettings(name="Garden")
        await unit.repositories.create(ROOT, settings, by=SYSTEM)
    return Garden(bureau, await make_stack(bureau, "Net"))


async def make_stack(bureau: Bureau, name: str) -> StackId:
    spec = a_spec(name=name, provider=Provider.SPACELIFT, repository=REPO)
    async with bureau.unit() as unit:
        return (await unit.stacks.create(spec, by=SYSTEM)).id


async def test_what_was_heard_is_not_told_again(garden: Garden) -> None:
    for sha, ref in ((A, MAIN), (B, "refs/heads/x"), (A, "refs/tags/v1")):
        await garden.hear(await garden.push(sha, ref))
    await garden.hear(await garden.push(None, "refs/heads/x"))
    garden.bureau.clock.advance(LATE)

    assert await garden.told_again() == []
    assert await garden.runs() == [("PROPOSED", B), ("TRACKED", A)]


@pytest.mark.parametrize(
    ("ref", "kind"), [(MAIN, "TRACKED"), ("refs/heads/feature", "PROPOSED")]
)
async def test_a_lost_push_is_told_again_as_it_was(
    garden: Garden, ref: str, kind: str
) -> None:
    lost = await garden.push(A, ref)
    garden.bureau.clock.advance(LATE)

    [again] = await garden.told_again()
    await garden.hear(again)

    assert again == lost
    assert await garden.runs() == [(kind, A)]
    assert (await garden.bureau.runs(garden.stack))[0].triggered_by == ADA.name


async def test_the_queue_is_given_time_before_a_push_is_told_again(
    garden: Garden,
) -> None:
    await garden.push(A)
    garden.bureau.clock.advance(PATIENCE.total_seconds() - 1)
    assert await garden.told_again() == []
    garden.bureau.clock.advance(2)
    assert len(await garden.told_again()) == 1
    garden.bureau.clock.advance(LATE)
    assert await garden.told_again() == []
    garden.bureau.clock.advance(LATE)
    assert len(await garden.told_again()) == 1


async def test_a_push_that_is_late_and_told_again_makes_one_run(garden: Garden) -> None:
    late = await garden.push(A)
    garden.bureau.clock.advance(LATE)
    [again] = await garden.told_again()
    await asyncio.gather(garden.hear(late), garden.hear(again))

    assert await garden.runs() == [("TRACKED", A)]


async def test_of_two_lost_pushes_the_last_has_its_run(garden: Garden) -> None:
    await garden.push(A)
    await garden.push(B)
    garden.bureau.clock.advance(LATE)
    for again in await garden.told_again():
        await garden.hear(again)

    assert await garden.runs() == [("TRACKED", B)]


async def test_an_old_push_does_not_take_a_stack_back(garden: Garden) -> None:
    """A dead letter is played again, long after a newer push was acted on."""
    old, new = await garden.push(A), await garden.push(B)
    await garden.hear(new)
    await garden.hear(old)

    stack = await garden.bureau.stack(garden.stack)
    assert await garden.runs() == [("TRACKED", B)]
    assert (stack.tracked_commit or {})["hash"] == B


async def test_pushes_in_their_order_have_a_run_each(garden: Garden) -> None:
    events = [await garden.push(sha) for sha in (A, B, A)]
    for one in events:
        await garden.hear(one)
    garden.bureau.clock.advance(LATE)

    assert await garden.runs() == [("TRACKED", B), ("TRACKED", A)]
    assert await garden.told_again() == []


async def test_a_stack_made_after_a_lost_push_gets_nothing_from_it(
    garden: Garden,
) -> None:
    await garden.push(A)
    garden.bureau.clock.advance(LATE)
    late = replace(garden, stack=await make_stack(garden.bureau, "Late"))
    for again in await garden.told_again():
        await garden.hear(again)

    assert await garden.runs() == [("TRACKED", A)]
    assert await late.runs() == []


async def test_a_disabled_stack_knows_the_commit_of_a_lost_push(
    garden: Garden,
) -> None:
    async with garden.bureau.unit() as unit:
        await unit.stacks.disable(garden.stack, by=SYSTEM)
    await garden.push(A)
    garden.bureau.clock.advance(LATE)
    for again in await garden.told_again():
        await garden.hear(again)

    stack = await garden.bureau.stack(garden.stack)
    assert (stack.tracked_commit or {})["hash"] == A
    assert await garden.runs() == []
    garden.bureau.clock.advance(LATE * 4)
    assert await garden.told_again() == []


async def test_a_branch_deleted_after_a_lost_push_runs_nothing(garden: Garden) -> None:
    await garden.push(A)
    await garden.push(None)
    garden.bureau.clock.advance(LATE)
    for again in await garden.told_again():
        await garden.hear(again)

    assert await garden.runs() == []


async def test_a_stack_deleted_meanwhile_does_not_take_the_others_with_it(
    garden: Garden,
) -> None:
    gone = await make_stack(garden.bureau, "Gone")  # comes before `net`
    event = await garden.push(A)
    units = count()

    @asynccontextmanager
    async def open_unit() -> AsyncIterator[Unit]:
        if next(units) == 1:  # the stacks have been read, and nothing done yet
            async with garden.bureau.unit() as unit:
                await unit.stacks.purge(gone, by=SYSTEM)
        async with garden.bureau.unit() as unit:
            yield unit

    await trigger_pushed(replace(garden.bureau.tools, open_unit=open_unit), event)

    assert await garden.runs() == [("TRACKED", A)]


async def test_two_drains_tell_again_of_each_push_once(
    garden: Garden, database: Database
) -> None:
    refs = {f"refs/heads/{number}" for number in range(MOST_AT_ONCE)}
    for ref in refs:
        await garden.push(A, ref)
    garden.bureau.clock.advance(LATE)
    await asyncio.gather(*(tell_unheard(garden.bureau.tools) for _ in range(4)))

    told = [event.ref for event in await garden.told()]

    assert sorted(told) == sorted(refs)


async def test_what_is_told_again_at_once_is_bounded(garden: Garden) -> None:
    for number in range(MOST_AT_ONCE + 1):
        await garden.push(A, f"refs/heads/{number}")
    garden.bureau.clock.advance(LATE)

    counts = [len(await garden.told_again()) for _ in range(3)]

    assert counts == [MOST_AT_ONCE, 1, 0]
