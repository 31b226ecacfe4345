"""One platform with two workers for the fault tests; each test leaves it whole."""

from collections.abc import Iterator

import pytest
from tests.support.platform import Platform, running_platform


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform(workers=2) as platform:
        yield platform
