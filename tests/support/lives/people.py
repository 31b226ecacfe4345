"""Whoever holds roles: people, their groups, keys and stacks."""

from contextlib import AsyncExitStack
from typing import Final

from tests.support.lives.course import HERE, Course, Sender, Variables, carry, living
from tests.support.lives.kinds import course

# What holds a role → the kind of it, and what the binding calls it.
_HOLDERS: Final = {
    "ApiKey": ("api_key", "apiKeyID"),
    "UserGroup": ("idp_group_mapping", "userGroupID"),
}


async def live_with_roles(sender: Sender, name: str) -> None:
    """Bind a role of one's own to a key, a group and a person; one to each of them."""
    async with AsyncExitStack() as around:

        async def made(noun: str) -> str:
            thing = living(sender, course(noun, name))
            return str((await around.enter_async_context(thing))["id"])

        bound = {"roleID": await made("role"), "spaceID": "legacy"}
        for holder, (noun, called) in _HOLDERS.items():
            await carry(sender, binding(holder, bound | {called: await made(noun)}))
        person = await made("managed_user")
        await _carry_a_persons(sender, bound | {"userID": person})


def binding(holder: str, bound: Variables) -> Course:
    operation = f"{holder}RoleBinding"
    return Course(
        (f"{operation}Create", {"input": bound}),
        (f"{operation}Read", {"id": HERE}),
        (f"{operation}Delete", {"id": HERE}),
    )


async def _carry_a_persons(sender: Sender, bound: Variables) -> None:
    """They are made by the dozen, and each is a resource of its own afterwards."""
    [made] = await sender.data(
        "UserRoleBindingBatchCreate", input={"bindings": [bound]}
    )
    named = {"id": made["id"]}
    assert await sender.data("UserRoleBindingRead", **named) == made
    assert {name: made[name] for name in bound} == bound
    await sender.data("UserRoleBindingDelete", **named)
    assert await sender.data("UserRoleBindingRead", **named) is None
