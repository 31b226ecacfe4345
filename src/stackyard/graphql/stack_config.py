"""A stack's variables and files in the graph. A secret's value is never among them."""

from typing import Any

from ariadne import MutationType, ObjectType

from stackyard.graphql.context import Info
from stackyard.kernel.config import ConfigInput, ConfigType, checksum
from stackyard.kernel.ids import StackId
from stackyard.stacks import ConfigElement, Stack, computed_variables

mutation = MutationType()
stack = ObjectType("Stack")
element = ObjectType("ConfigElement")
bindables = [mutation, stack, element]


@mutation.field("stackConfigAdd")
async def resolve_add(
    _root: None,
    info: Info,
    *,
    stack: str,
    config: dict[str, Any],
) -> ConfigElement:
    wanted = ConfigInput(
        id=config["id"],
        type=ConfigType(config["type"]),
        value=config["value"],
        write_only=config["write_only"],
        description=config.get("description"),
    )
    async with info.context.open_unit() as unit:
        return await unit.stack_config.add(
            StackId(stack), wanted, by=info.context.subject
        )


@mutation.field("stackConfigDelete")
async def resolve_delete(
    _root: None,
    info: Info,
    *,
    stack: str,
    id: str,  # noqa: A002 - the contract's name
) -> ConfigElement | None:
    async with info.context.open_unit() as unit:
        return await unit.stack_config.delete(
            StackId(stack), id, by=info.context.subject
        )


@stack.field("runtimeConfig")
async def resolve_runtime_config(root: Stack, info: Info) -> list[dict[str, Any]]:
    """Return what a run is given: the platform's variables and the stack's own."""
    own = await info.context.loaders.stack_config.load(root.id)
    overridden = {one.id for one in own if not one.is_file}
    computed = [
        {
            "id": one.id,
            "type": ConfigType.ENVIRONMENT_VARIABLE,
            "value": one.value,
            "write_only": False,
            "checksum": checksum(one.value),
            "runtime": True,
            "created_at": root.created_at,
        }
        for one in computed_variables(root)
        if one.id not in overridden
    ]
    return [{"element": one} for one in [*computed, *own]]


@element.field("runtime")
def resolve_runtime(root: ConfigElement | dict[str, Any], _info: Info) -> bool:
    return isinstance(root, dict)


@element.field("createdAt")
def resolve_created_at(root: ConfigElement | dict[str, Any], _info: Info) -> int:
    at = root["created_at"] if isinstance(root, dict) else root.created_at
    return int(at.timestamp())
