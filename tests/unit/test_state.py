import json
from datetime import UTC, datetime

import pytest

from stackyard.kernel.ids import StackId
from stackyard.state import (
    Given,
    LockInfo,
    StateConflictError,
    StateLock,
    StateLockedError,
    StateMalformedError,
    StateNotLockedError,
    StateVersion,
    parse,
)
from stackyard.state.model import ensure_held, new_version

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def a_version(serial: int = 3, lineage: str = "l", sha256: str = "s") -> StateVersion:
    given = Given(serial, lineage, sha256, 10)
    return new_version(
        stack_id=StackId("net"), given=given, at=NOON, by="ada", run_id=None
    )


def test_a_newer_serial_of_the_same_lineage_follows() -> None:
    assert a_version(3).is_followed_by(Given(4, "l", "t", 1))


def test_the_same_write_again_is_not_another_version() -> None:
    assert not a_version(3).is_followed_by(Given(3, "l", "s", 10))


@pytest.mark.parametrize(
    "given",
    [
        Given(2, "l", "t", 1),  # somebody else wrote in between
        Given(3, "l", "t", 1),  # the same serial with other content
        Given(9, "other", "t", 1),  # other infrastructure
    ],
)
def test_what_does_not_go_forward_is_refused(given: Given) -> None:
    with pytest.raises(StateConflictError):
        a_version(3).is_followed_by(given)


def test_a_write_needs_the_very_lock_that_is_held() -> None:
    lock = StateLock(stack_id=StackId("net"), lock_id="a", info={"Who": "ada"})

    ensure_held(lock, "a")
    with pytest.raises(StateLockedError):
        ensure_held(lock, "b")
    with pytest.raises(StateNotLockedError):
        ensure_held(None, "a")
    with pytest.raises(StateNotLockedError):
        ensure_held(lock, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"serial": "1", "lineage": "l"}',
        b'{"serial": -1, "lineage": "l"}',
        b'{"lineage": "l"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_state_is_refused(body: bytes) -> None:
    with pytest.raises(StateMalformedError):
        parse(body)


def test_a_state_is_known_by_serial_lineage_and_digest() -> None:
    given = parse(json.dumps({"serial": 7, "lineage": "l"}).encode())

    assert (given.serial, given.lineage, len(given.sha256)) == (7, "l", 64)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"ID": ""}', b'{"ID": 1}', b"[]"])
def test_a_lock_without_an_id_is_refused(body: bytes) -> None:
    with pytest.raises(StateMalformedError):
        LockInfo.read(body)
