import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from tests.support.blobs import MemoryBlobs
from tests.support.fake_vault import MemoryVault

from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import StackId
from stackyard.kernel.secrets import Vault
from stackyard.state import (
    Given,
    LockInfo,
    StateConflictError,
    StateLock,
    StateLockedError,
    StateMalformedError,
    StateNotLockedError,
    StateVersion,
    is_bare,
    parse,
)
from stackyard.state.model import ensure_held, new_version
from stackyard.state_files import StateFiles

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


NOTHING: dict[str, Any] = {"version": 4, "serial": 1, "lineage": "l", "resources": []}
DATA, MANAGED = {"mode": "data"}, {"mode": "managed"}


@pytest.mark.parametrize("resources", [[], [DATA]])
def test_a_state_may_be_of_nothing(resources: list[Any]) -> None:
    assert is_bare(json.dumps(NOTHING | {"resources": resources}).encode())


@pytest.mark.parametrize(
    "state",
    [
        NOTHING | {"resources": [DATA, MANAGED]},
        NOTHING | {"resources": [{}]},
        NOTHING | {"resources": None},
        NOTHING | {"version": 3},
        [],
    ],
)
def test_what_is_not_understood_of_a_state_is_taken_for_something(state: Any) -> None:
    assert not is_bare(json.dumps(state).encode())


async def test_a_state_that_cannot_be_read_may_be_of_something() -> None:
    blobs, vault, version = MemoryBlobs(), MemoryVault(), a_version()
    files = StateFiles(cast("Any", None), blobs, cast("Vault", vault))
    body = json.dumps(NOTHING).encode()
    assert not await files.is_bare(version)  # it is not there
    await blobs.put(Bucket.STATES, version.key, vault.seal(body, context="another"))
    assert not await files.is_bare(version)
    context = f"state_versions/{version.stack_id}/{version.id}"
    await blobs.put(Bucket.STATES, version.key, vault.seal(body, context=context))
    assert await files.is_bare(version)
