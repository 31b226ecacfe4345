"""What providers publish is kept for a while, and not asked for in a hurry."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.support.fakes import Clock

from stackyard.adapters.federation.cache import AGE, RENEWAL, Cache
from stackyard.kernel.federation import ProviderUnavailableError

URL = "https://a.example"


@dataclass
class Provider:
    calls: list[str] = field(default_factory=list)
    down: bool = False

    async def load(self, url: str) -> int:
        self.calls.append(url)
        await asyncio.sleep(0)
        if self.down:
            raise ProviderUnavailableError
        return len(self.calls)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider() -> Provider:
    return Provider()


async def test_a_copy_is_good_for_an_hour_and_for_whoever_wants_a_newer_one_less(
    clock: Clock, provider: Provider
) -> None:
    cache = Cache(provider.load, clock)
    assert await cache.get(URL) == 1

    clock.now += RENEWAL - timedelta(seconds=1)
    assert await cache.get(URL, age=RENEWAL) == 1
    clock.now += timedelta(seconds=1)
    assert await cache.get(URL) == 1
    assert await cache.get(URL, age=RENEWAL) == 2
    clock.now += AGE
    assert await cache.get(URL) == 3


async def test_those_who_wait_for_one_that_is_down_are_told_together(
    clock: Clock, provider: Provider
) -> None:
    provider.down = True
    cache = Cache(provider.load, clock)

    asked = (cache.get(URL) for _ in range(5))
    told = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one) for one in told] == [ProviderUnavailableError] * 5
    assert len(provider.calls) == 1


async def test_a_copy_outlives_a_failure_to_get_a_newer_one(
    clock: Clock, provider: Provider
) -> None:
    cache = Cache(provider.load, clock)
    await cache.get(URL)
    provider.down = True
    clock.now += RENEWAL

    with pytest.raises(ProviderUnavailableError):
        await cache.get(URL, age=RENEWAL)
    assert await cache.get(URL) == 1


async def test_no_more_is_kept_than_fits_and_the_last_used_stays(
    clock: Clock, provider: Provider
) -> None:
    cache = Cache(provider.load, clock, most=2)
    for name in ("a", "b", "a", "c", "a"):
        await cache.get(name)
    assert provider.calls == ["a", "b", "c"]

    await cache.get("b")
    assert provider.calls == ["a", "b", "c", "b"]
