"""When a git server is asked again, and what its answer means to a stack."""

from datetime import UTC, datetime, timedelta

import pytest

from stackyard.follows import LEASE, Cursor, Moved, Pace, Remote, host_of
from stackyard.follows.model import Pulse
from stackyard.kernel.ids import StackId

NOW = datetime(2030, 1, 1, tzinfo=UTC)
URL = "https://git.example/infra.git"
EVERY = timedelta(minutes=2)
PACE = Pace(EVERY, luck=0.5)


def a_cursor(sha: str | None) -> Cursor:
    return Cursor(stack_id=StackId("net"), url=URL, branch="main", sha=sha)


def a_remote() -> Remote:
    return Remote(url=URL, due_at=NOW, failures=0)


def test_the_first_look_says_where_a_stack_begins_and_nothing_more() -> None:
    cursor = a_cursor(None)

    assert cursor.see("a") is None
    assert cursor.sha == "a"


def test_another_head_is_news_until_the_cursor_has_gone_on() -> None:
    cursor = a_cursor("a")

    moved = cursor.see("b")

    assert moved == Moved(StackId("net"), URL, "main", "a", "b")
    assert cursor.see("b") == moved
    assert cursor.advance(moved)
    assert cursor.see("b") is None


def test_a_cursor_goes_on_once() -> None:
    cursor = a_cursor("a")
    moved = Moved(StackId("net"), URL, "main", "a", "b")

    assert [cursor.advance(moved), cursor.advance(moved)] == [True, False]


def test_news_of_what_a_stack_no_longer_follows_is_nothing() -> None:
    moved = Moved(StackId("net"), URL, "other", "a", "b")

    assert not a_cursor("a").advance(moved)


def test_a_deleted_branch_leaves_the_cursor_where_it_was() -> None:
    cursor = a_cursor("a")

    assert cursor.see(None) is None
    assert cursor.see("a") is None
    assert cursor.see("b") is not None


def test_a_branch_that_appears_after_the_first_look_is_news() -> None:
    cursor = a_cursor(None)

    assert cursor.see(None) is None
    assert cursor.see("a") is not None


def test_a_remote_that_answers_is_asked_at_its_pace() -> None:
    remote = a_remote()
    remote.failed("it is away", NOW, PACE)

    remote.answered(NOW, PACE)

    assert (remote.failures, remote.problem, remote.checked_at) == (0, None, NOW)
    assert remote.due_at == NOW + EVERY


def test_a_remote_that_fails_is_asked_less_and_less() -> None:
    remote, pauses = a_remote(), []
    for _ in range(20):
        remote.failed("it is away", NOW, PACE)
        pauses.append(remote.due_at - NOW)

    assert pauses[:3] == [EVERY * 2, EVERY * 4, EVERY * 8]
    assert pauses[-1] == timedelta(hours=1)


def test_a_slow_pace_does_not_become_quicker_by_failing() -> None:
    daily = Pace(timedelta(days=1), luck=0.5)

    assert daily.next(NOW, failures=3) == NOW + timedelta(days=1)


def test_a_problem_is_news_once() -> None:
    remote = a_remote()
    told = [remote.failed(what, NOW, PACE) for what in ("away", "away", "gone" * 999)]

    assert told == [True, False, True]
    assert len(remote.problem or "") == 500
    assert not remote.failed("gone" * 999, NOW, PACE)


@pytest.mark.parametrize("luck", [0, 0.3, 0.999])
def test_luck_spreads_the_next_time_by_a_tenth_either_way(luck: float) -> None:
    pause = Pace(EVERY, luck).next(NOW) - NOW

    assert EVERY * 0.9 <= pause <= EVERY * 1.1


def test_what_was_lent_is_due_again_when_the_lease_is_over() -> None:
    remote = a_remote()
    remote.lend(NOW)

    assert remote.due_at == NOW + LEASE


def test_a_long_silence_is_noticed_and_a_short_one_is_not() -> None:
    pulse = Pulse.first(NOW)

    assert not pulse.beat(NOW + timedelta(seconds=15))
    assert pulse.beat(NOW + timedelta(seconds=60))
    assert not pulse.beat(NOW + timedelta(seconds=59))  # another clock
    assert not pulse.beat(NOW + timedelta(seconds=61))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (URL, "git.example"),
        ("https://Git.Example:8443/a", "git.example:8443"),
        ("https://[::1]:80/a", "[::1]:80"),
    ],
)
def test_the_host_is_who_answers(url: str, host: str) -> None:
    assert host_of(url) == host
