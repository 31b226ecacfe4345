"""Stacks follow git servers that tell nobody of pushes: none missed, none twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event
from tests.support.bureau import EVERY, Bureau
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.follows import LEASE, RemotesDue
from stackyard.follows.service import MOST_DUE
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import StackId
from stackyard.reactions.follows import ask_due
from stackyard.stacks import Provider, TrackedCommit

URL = "https://git.example/infra.git"
OTHER = "https://other.example/infra.git"
SLOW = "https://a-slow.example/infra.git"  # would be the first in line
A, B, C = ("a" * 40, "b" * 40, "c" * 40)
POLL = EVERY.total_seconds() * 1.1  # whatever the luck


@pytest.fixture
async def bureau(database: Database) -> Bureau:
    return await Bureau(database).prepare()


@pytest.fixture
async def net(bureau: Bureau) -> StackId:
    """A stack that has had its first look, at commit A."""
    bureau.world.push(URL, A)
    stack = await bureau.follow("Net", URL)
    await bureau.check()
    return stack


@pytest.fixture
async def second(bureau: Bureau, database_url: str) -> AsyncIterator[Bureau]:
    """Another drain, with connections of its own."""
    other = Database.connect(database_url)
    yield replace(bureau, database=other)
    await other.close()


@contextmanager
def counted(bureau: Bureau) -> Iterator[list[str]]:
    """Collect the statements that are sent meanwhile."""
    sent: list[str] = []

    def count(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    engine = bureau.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    yield sent
    event.remove(engine, "before_cursor_execute", count)


async def tracked(bureau: Bureau, stack: StackId) -> str | None:
    found = (await bureau.stack(stack)).tracked_commit
    return str(found["hash"]) if found else None


async def cursors(bureau: Bureau) -> list[tuple[str, str, str, str | None]]:
    rows = await bureau.sql(
        "SELECT stack_id, url, branch, sha FROM stack_cursors ORDER BY stack_id"
    )
    return [(one, url, branch, sha) for one, url, branch, sha in rows]


async def remote(bureau: Bureau, url: str) -> tuple[int, str | None]:
    [(failures, problem)] = await bureau.sql(
        f"SELECT failures, problem FROM followed_remotes WHERE url = '{url}'"
    )
    return failures, problem


async def test_a_stack_gets_nothing_from_what_was_pushed_before_it(
    bureau: Bureau, net: StackId
) -> None:
    await bureau.wait(POLL)
    await bureau.check()

    assert await bureau.runs(net) == []
    assert await tracked(bureau, net) is None
    assert await cursors(bureau) == [(net, URL, "main", A)]


async def test_a_new_commit_is_tracked_and_runs_once(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.push(URL, B)
    for _ in range(3):
        await bureau.wait(POLL)
        await bureau.check()

    [run] = await bureau.runs(net)
    assert ((run.commit or {})["hash"], run.type) == (B, "TRACKED")
    assert (run.branch, run.triggered_by) == ("main", None)
    assert await tracked(bureau, net) == B


async def test_a_server_is_not_asked_before_its_time(
    bureau: Bureau, net: StackId
) -> None:
    await bureau.wait(EVERY.total_seconds() * 0.8)
    await bureau.check()
    assert bureau.world.asked == [URL]

    await bureau.wait(EVERY.total_seconds() * 0.3)
    await bureau.check()
    assert bureau.world.asked == [URL, URL]


async def test_an_outage_is_followed_by_a_look_at_everything(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.push(URL, B)
    bureau.clock.advance(25)  # nobody was there to look round
    await bureau.look()
    bureau.clock.advance(20)  # no longer than that, and they were there
    await bureau.check()

    assert await bureau.commits(net) == [B]


async def test_a_disabled_stack_gets_no_run_but_knows_the_commit(
    bureau: Bureau, net: StackId
) -> None:
    async with bureau.unit() as unit:
        await unit.stacks.disable(net, by=SYSTEM)
    bureau.world.push(URL, B)
    await bureau.wait(POLL)
    await bureau.check()
    assert await tracked(bureau, net) == B
    async with bureau.unit() as unit:
        await unit.stacks.enable(net, by=SYSTEM)
    await bureau.wait(POLL)
    await bureau.check()

    assert await bureau.runs(net) == []


async def test_a_commit_that_somebody_triggered_gets_no_second_run(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.push(URL, B)
    async with bureau.unit() as unit:
        commit = TrackedCommit(B).as_dict()
        await unit.triggers.trigger(net, commit=commit, by=SYSTEM)
    await bureau.wait(POLL)
    await bureau.check()

    assert await bureau.commits(net) == [B]
    assert await tracked(bureau, net) == B


async def test_a_branch_that_is_gone_leaves_all_as_it_is(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.branches[URL] = {"other": C}
    await bureau.wait(POLL)
    await bureau.check()
    assert await bureau.runs(net) == []
    bureau.world.push(URL, B)
    await bureau.wait(POLL)
    await bureau.check()

    assert await bureau.commits(net) == [B]


async def test_a_branch_forced_back_is_tracked_there_and_runs_nothing_twice(
    bureau: Bureau, net: StackId
) -> None:
    for sha in (B, C, B):
        bureau.world.push(URL, sha)
        await bureau.wait(POLL)
        await bureau.check()

    assert await bureau.commits(net) == [C, B]
    assert await tracked(bureau, net) == B


async def test_a_stack_that_follows_another_branch_begins_there(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.push(URL, C, "stable")
    spec = a_spec(
        name="Net", provider=Provider.GIT, repository_url=URL, branch="stable"
    )
    async with bureau.unit() as unit:
        await unit.stacks.update(net, spec, by=SYSTEM)
    await bureau.check()

    assert await bureau.runs(net) == []
    assert await cursors(bureau) == [(net, URL, "stable", C)]


async def test_news_for_a_stack_that_has_moved_on_meanwhile_is_dropped(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.push(URL, B)
    bureau.world.push(URL, C, "stable")
    await bureau.wait(POLL)
    due = await bureau.due()
    spec = a_spec(
        name="Net", provider=Provider.GIT, repository_url=URL, branch="stable"
    )
    async with bureau.unit() as unit:
        await unit.stacks.update(net, spec, by=SYSTEM)
    for one in due:
        await ask_due(bureau.tools, one)

    assert await bureau.runs(net) == []
    assert await tracked(bureau, net) is None


async def test_many_stacks_of_one_repository_are_one_question(
    bureau: Bureau, net: StackId
) -> None:
    others = [await bureau.follow(f"Net {number}", URL) for number in range(5)]
    bureau.world.push(URL, B, "side")
    side = await bureau.follow("Side", URL, branch="side")
    await bureau.check()
    bureau.world.asked.clear()
    bureau.world.push(URL, C)
    await bureau.wait(POLL)
    await bureau.check()

    assert bureau.world.asked == [URL]
    for stack in (net, *others):
        assert await bureau.commits(stack) == [C]
    assert await bureau.runs(side) == []


async def test_two_drains_that_reconcile_at_once_make_one_run(
    bureau: Bureau, second: Bureau, net: StackId
) -> None:
    bureau.world.push(URL, B)
    await bureau.wait(POLL)
    [one] = await bureau.due()  # delivered twice, to two who do not know of each other
    await asyncio.gather(*(ask_due(drain.tools, one) for drain in (bureau, second) * 4))

    assert await bureau.commits(net) == [B]


async def test_two_drains_share_what_is_due(bureau: Bureau, second: Bureau) -> None:
    urls = [f"https://git.example/{number}" for number in range(MOST_DUE * 4)]
    for number, url in enumerate(urls):
        await bureau.follow(f"Stack {number}", url)
    await asyncio.gather(bureau.look(), second.look())
    await bureau.sql("UPDATE followed_remotes SET due_at = '2000-1-1' RETURNING 1")
    await bureau.due()
    await asyncio.gather(*(drain.look() for drain in (bureau, second) * 2))

    claimed = [url for one in await bureau.due() for url in one.urls]

    assert sorted(claimed) == sorted(urls)


async def test_what_was_claimed_by_a_drain_that_died_is_due_again(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.push(URL, B)
    await bureau.wait(POLL)
    assert [one.urls for one in await bureau.due()] == [(URL,)]
    await bureau.wait(LEASE.total_seconds() + 15)
    await bureau.check()

    assert await bureau.commits(net) == [B]


async def test_a_run_is_not_lost_between_the_answer_and_the_cursor(
    bureau: Bureau, net: StackId
) -> None:
    """The answer is noted, then the drain dies before it acts on it."""
    bureau.world.push(URL, B)
    async with bureau.unit() as unit:
        [_] = await unit.follows.answered(URL, {"main": B}, by=SYSTEM)
    await bureau.wait(POLL)
    await bureau.check()

    assert await bureau.commits(net) == [B]


async def test_a_server_that_hangs_does_not_hold_up_the_others(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.push(SLOW, A)
    await bureau.follow("Slow", SLOW)
    await bureau.check()
    bureau.world.silent.add("a-slow.example")
    bureau.world.push(URL, B)
    await bureau.wait(POLL)
    urls = tuple(url for one in await bureau.due() for url in one.urls)
    assert set(urls) == {URL, SLOW}
    both = RemotesDue(urls=(SLOW, URL), at=bureau.clock.now)
    asking = asyncio.create_task(ask_due(bureau.tools, both))
    async with asyncio.timeout(8):  # less than the silent one is given
        while await bureau.commits(net) != [B]:  # noqa: ASYNC110 - rows tell nobody
            await asyncio.sleep(0.05)
    assert not asking.done()
    await asyncio.wait_for(asking, 15)

    assert await remote(bureau, URL) == (0, None)
    failures, problem = await remote(bureau, SLOW)
    assert failures == 1
    assert problem is not None
    assert "does not answer" in problem


async def test_a_host_that_is_down_is_not_asked_about_each_of_its_repositories(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.away.add("down.example")
    for number in range(6):
        await bureau.follow(f"Down {number}", f"https://down.example/{number}")
    await bureau.check()

    asked = [url for url in bureau.world.asked if "down" in url]

    assert len(asked) == 2
    rows = await bureau.sql(
        "SELECT failures FROM followed_remotes WHERE url LIKE '%down%'"
    )
    assert rows == [(1,)] * 6


async def test_an_answer_that_breaks_us_is_a_failure_of_that_server_only(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.mad.add("other.example")
    await bureau.follow("Mad", OTHER)
    bureau.world.push(URL, B)
    await bureau.wait(POLL)
    await bureau.check()

    assert await bureau.commits(net) == [B]
    assert (await remote(bureau, OTHER))[0] >= 1


async def test_a_server_that_fails_is_asked_less_often_until_it_is_back(
    bureau: Bureau, net: StackId
) -> None:
    bureau.world.away.add("git.example")
    await bureau.wait(POLL)
    await bureau.check()
    assert (await remote(bureau, URL))[0] == 1
    asked = len(bureau.world.asked)
    await bureau.wait(POLL)
    await bureau.check()
    assert len(bureau.world.asked) == asked
    bureau.world.away.clear()
    bureau.world.push(URL, B)
    await bureau.wait(POLL)
    await bureau.check()

    assert await remote(bureau, URL) == (0, None)
    assert await bureau.commits(net) == [B]


async def test_a_deleted_stack_takes_its_cursor_along_and_its_server_is_left_alone(
    bureau: Bureau, net: StackId
) -> None:
    async with bureau.unit() as unit:
        await unit.stacks.purge(net, by=SYSTEM)
    assert await cursors(bureau) == []
    async with bureau.unit() as unit:
        await unit.follows.forget_idle(by=SYSTEM)

    assert await bureau.sql("SELECT * FROM followed_remotes") == []


async def test_a_stack_whose_code_moved_in_follows_nothing_elsewhere(
    bureau: Bureau, net: StackId
) -> None:
    kept = await bureau.follow("Kept", OTHER)
    await bureau.look()
    await bureau.sql(
        "UPDATE stacks SET repository_url = NULL, provider = 'SPACELIFT'"
        f" WHERE id = '{net}' RETURNING id"
    )
    async with bureau.unit() as unit:
        await unit.follows.forget_idle(by=SYSTEM)

    assert await bureau.sql("SELECT url FROM followed_remotes") == [(OTHER,)]
    assert [one for one, *_ in await cursors(bureau)] == [kept]


async def test_looking_round_is_as_many_statements_for_many_as_for_one(
    bureau: Bureau, net: StackId
) -> None:
    await bureau.follow("One", OTHER)
    with counted(bureau) as for_one:
        await bureau.look()
    for number in range(MOST_DUE - 2):
        await bureau.follow(f"Stack {number}", f"https://git.example/{number}")
    with counted(bureau) as for_many:
        await bureau.look()

    assert len(for_many) == len(for_one)


def test_a_question_is_over_before_what_was_lent_is_due_again() -> None:
    assert timedelta(seconds=60) < LEASE


async def test_the_gate_is_held_before_the_stack_is(
    bureau: Bureau, net: StackId
) -> None:
    """As by whoever lets runs through: or the two would wait for one another."""
    bureau.world.push(URL, B)
    await bureau.wait(POLL)
    with counted(bureau) as sent:
        for event in await bureau.due():
            await ask_due(bureau.tools, event)
    assert await bureau.commits(net) == [B]
    locking = (one for one in sent if "advisory" in one or "FOR UPDATE" in one)
    held = [one for one in locking if "advisory" in one or "stacks" in one]
    assert "advisory" in held[0]
    assert "FOR UPDATE" in held[1]
