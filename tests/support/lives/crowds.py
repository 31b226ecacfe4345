"""Many of a kind that hang on one thing, at the same moment: a `count` of forty.

Each is made, read, changed, read again and deleted, as in a life of its own; but they
all want the same rows. Versions of one module are not among them: each has to follow
another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeAlias

from tests.support.lives.attachments import attach_all, give_one_of_many
from tests.support.lives.course import Sender, carry, living
from tests.support.lives.kinds import course
from tests.support.lives.people import binding
from tests.support.lives.shelves import carry_file, carry_settings
from tests.support.lives.stacks import (
    a_stack,
    carry_dependency,
    carry_roles,
    carry_schedules,
)
from tests.support.lives.templates import a_draft, of_a_version

Crowd: TypeAlias = Callable[[Sender, str, int], Awaitable[None]]


async def at_once(many: int, one: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(many):
            group.create_task(one(number))


async def crowd_attached_to_a_stack(sender: Sender, name: str, many: int) -> None:
    async with a_stack(sender, name) as stack:
        await at_once(many, lambda n: attach_all(sender, stack, f"{name}-{n}"))


async def crowd_of_a_stack(sender: Sender, name: str, many: int) -> None:
    async with a_stack(sender, name) as stack:

        async def one(number: int) -> None:
            await give_one_of_many(sender, "Stack", stack, str(number))
            await carry_schedules(sender, stack)
            await carry_roles(sender, stack, f"{name}-{number}")

        await at_once(many, one)


async def crowd_around_a_stack(sender: Sender, name: str, many: int) -> None:
    """Some that depend on it, and some that it depends on."""
    async with a_stack(sender, name) as stack:

        async def one(number: int) -> None:
            variable = f"TF_VAR_n{number}"
            async with a_stack(sender, f"{name}-{number}") as other:
                if number % 2:
                    await carry_dependency(sender, other, stack)
                else:
                    await carry_dependency(sender, stack, other, variable)

        await at_once(many, one)


async def crowd_attached_to_a_module(sender: Sender, name: str, many: int) -> None:
    async with living(sender, course("module", name)) as made:

        async def one(number: int) -> None:
            await attach_all(sender, made["id"], f"{name}-{number}")
            await give_one_of_many(sender, "Module", made["id"], str(number))

        await at_once(many, one)


async def crowd_of_files(sender: Sender, name: str, many: int) -> None:
    async with living(sender, course("repo", name)) as repo:
        await at_once(many, lambda n: carry_file(sender, repo["id"], f"{n}.tf"))


async def crowd_of_settings(sender: Sender, name: str, many: int) -> None:
    async with living(sender, course("context", name)) as made:
        await at_once(
            many, lambda n: carry_settings(sender, "Context", made["id"], str(n))
        )


async def crowd_of_drafts(sender: Sender, name: str, many: int) -> None:
    async with living(sender, course("template", name)) as made:

        async def one(number: int) -> None:
            first = a_draft(name, f"1.{number}.0")
            then = first | {"instructions": "# Do", "labels": ["a"]}
            await carry(sender, of_a_version(made["id"], first, then))

        await at_once(many, one)


async def crowd_of_roles(sender: Sender, name: str, many: int) -> None:
    async with living(sender, course("api_key", name)) as key:
        bound = {"apiKeyID": key["id"], "spaceID": "legacy"}

        async def one(number: int) -> None:
            async with living(sender, course("role", f"{name}-{number}")) as role:
                await carry(sender, binding("ApiKey", bound | {"roleID": role["id"]}))

        await at_once(many, one)


CROWDS: Final[tuple[Crowd, ...]] = (
    crowd_attached_to_a_stack,
    crowd_of_a_stack,
    crowd_around_a_stack,
    crowd_attached_to_a_module,
    crowd_of_files,
    crowd_of_settings,
    crowd_of_drafts,
    crowd_of_roles,
)
