"""One platform with one worker per module; every test leaves it free."""

from collections.abc import Iterator

import pytest
from tests.support.client import eventually
from tests.support.platform import Platform, running_platform

HELD = (
    "SELECT (SELECT count(*) FROM run_legs WHERE ended_at IS NULL)"
    " + (SELECT count(*) FROM state_locks)"
    " + (SELECT count(*) FROM runs WHERE holds_blocker)"
    " + (SELECT count(*) FROM workers WHERE leg_id IS NOT NULL)"
)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform(workers=1) as platform:
        yield platform


@pytest.fixture(autouse=True)
def nothing_is_held(platform: Platform) -> Iterator[None]:
    """No slot, no lock, no open leg, no run that waits for something, afterwards.

    What a failed test before this one left behind is not held against it.
    """
    before = platform.query(HELD)
    yield
    eventually(
        lambda: platform.query(HELD) <= before, "every slot and lock to be free", 30
    )
