"""The course of a life: which operations, with what; and what must be so on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

Variables: TypeAlias = dict[str, Any]
Call: TypeAlias = tuple[str, Variables]  # an operation, and what is sent with it
HERE: Final = "<the id that the answer to the creation says>"
PATIENCE: Final = 60  # seconds

# What the answer to a creation may say alone.
_SAID_ONCE: Final = {"secret", "config"}
# What is sent and named alike, but is not what is read.
_OTHERWISE: Final = {"id", "secret", "inputs"}


class Sender(Protocol):
    async def data(self, operation: str, **variables: Any) -> Any:
        """Send one of the provider's operations; return what was asked for."""

    async def put(self, url: str, body: bytes) -> None:
        """Put something where an answer said, as the provider does."""


Life: TypeAlias = Callable[[Sender, str], Awaitable[None]]  # with a name of its own


@dataclass(frozen=True, slots=True)
class Course:
    """What is sent about one resource, where `HERE` stands for its id.

    *at* is where in what is read it stands. What cannot be changed has no *update*.
    """

    create: Call
    read: Call
    delete: Call
    update: Call | None = None
    at: tuple[str, ...] = ()


async def carry(sender: Sender, course: Course) -> None:
    """Carry one resource through its life; whatever is not as it should be fails."""
    async with living(sender, course):
        pass


@asynccontextmanager
async def living(sender: Sender, course: Course) -> AsyncIterator[Any]:
    """Lend a resource that was made and changed already; it is deleted afterwards."""
    operation, sent = course.create
    made = said = await sender.data(operation, **sent)
    here = made.get("id", "")
    await _compare(sender, course, here, made, sent)
    if course.update:
        operation, sent = course.update[0], _named(course.update[1], here)
        said = await sender.data(operation, **sent)
        assert not same(said, made), (operation, said)
        await _compare(sender, course, here, said, sent)
    yield made | said
    operation, sent = course.delete
    await sender.data(operation, **_named(sent, here))
    found = await read(sender, course, here)
    assert found is None, (operation, found)


async def read(sender: Sender, course: Course, here: str) -> Any:
    operation, sent = course.read
    found = await sender.data(operation, **_named(sent, here))
    return inside(found, *course.at)


async def _compare(
    sender: Sender, course: Course, here: str, said: Variables, sent: Variables
) -> None:
    """See that a plan would be empty, as far as the answers tell."""
    found = await read(sender, course, here)
    assert same(found, said), (course.read[0], found, said)
    assert shows(found, sent), (course.read[0], found, sent)


def same(found: Variables | None, said: Variables) -> bool:
    """Say whether what was read is what was said, as far as both tell it."""
    if found is None:
        return False
    both = found.keys() & said.keys() - _SAID_ONCE
    return all(found[name] == said[name] for name in both)


def shows(found: Variables, sent: Variables) -> bool:
    """Say whether all that was sent is read again; nothing and unset are the same."""
    return all(
        (_id_of(found[name]) or None) == (value or None)
        for name, value in _leaves(sent)
        if name in found and value is not None and name not in _OTHERWISE
    )


def inside(found: Any, *names: str) -> Any:
    for name in names:
        if found is None:
            return None
        found = found[name]
    return found


async def until_gone(sender: Sender, operation: str, **named: str) -> None:
    """Read until there is nothing to read, as the provider does."""
    async with asyncio.timeout(PATIENCE):
        while await sender.data(operation, **named) is not None:  # noqa: ASYNC110 - as clients do
            await asyncio.sleep(0.5)


def _leaves(sent: Variables) -> Iterator[tuple[str, Any]]:
    for name, value in sent.items():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield name, value


def _id_of(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) and "id" in value else value


def _named(sent: Variables, here: str) -> Variables:
    return {
        name: _named(value, here)
        if isinstance(value, dict)
        else here
        if value == HERE
        else value
        for name, value in sent.items()
    }
