"""A stack's variables and files in the graph. A secret's value is never among them."""

from typing import Any

from ariadne import MutationType, ObjectType

from stackyard.graphql.config_input import config_from
from stackyard.graphql.context import Info
from stackyard.kernel.config import ConfigFields, ConfigType, checksum
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
    async with info.context.open_unit() as unit:
        return await unit.stack_config.add(
            StackId(stack), config_from(config), by=info.context.subject
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
    """Return what a run is given: by the platform, by contexts and by the stack."""
    given = await info.context.loaders.given.load(root.id)
    overridden = {one.id for _, one in given if not one.is_file}
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
        for one in computed_variables(root, info.context.means.site)
        if one.id not in overridden
    ]
    return [
        *({"element": one} for one in computed),
        *({"element": one, "context": context} for context, one in reversed(given)),
    ]


@element.field("runtime")
def resolve_runtime(root: ConfigFields | dict[str, Any], _info: Info) -> bool:
    return isinstance(root, dict)


@element.field("createdAt")
def resolve_created_at(root: ConfigFields | dict[str, Any], _info: Info) -> int:
    at = root["created_at"] if isinstance(root, dict) else root.created_at
    return int(at.timestamp())
