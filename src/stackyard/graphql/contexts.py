"""Contexts in the graph, and which stacks have them."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.contexts import Context, ContextElement, ContextSpec
from stackyard.graphql.config_input import config_from
from stackyard.graphql.context import Info
from stackyard.graphql.search import connection, search_from
from stackyard.kernel.ids import AttachmentId, ContextId, SpaceId, StackId
from stackyard.spaces import Space
from stackyard.stacks import AttachedContext, Stack
from stackyard_protocol.job import Hooks

query = QueryType()
mutation = MutationType()
stack = ObjectType("Stack")
context = ObjectType("Context")
attached_stack = ObjectType("ContextStackAttachment")
attached_context = ObjectType("StackContextAttachment")
bindables = [query, mutation, stack, context, attached_stack, attached_context]

context.set_alias("space", "space_id")
context.set_alias("hooks", "hook_lists")


@query.field("context")
async def resolve_context(_root: None, info: Info, *, id: str) -> Context | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.contexts.find(ContextId(id), by=info.context.subject)


@query.field("contexts")
async def resolve_contexts(_root: None, info: Info) -> Sequence[Context]:
    async with info.context.open_list() as unit:
        return await unit.contexts.all(by=info.context.subject)


@query.field("searchContexts")
async def resolve_search(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.contexts.search(search_from(input), by=info.context.subject)
    return connection(page)


@mutation.field("contextCreateV2")
async def resolve_create(_root: None, info: Info, *, input: dict[str, Any]) -> Context:  # noqa: A002 - the contract's name
    by = info.context.subject
    async with info.context.open_unit() as unit:
        made = await unit.contexts.create(_spec(input), by=by)
        for one in input.get("config_attachments") or ():
            await unit.context_config.add(made.id, config_from(one), by=by)
        return made


@mutation.field("contextUpdateV2")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Context:
    by, given = info.context.subject, input.get("config_attachments")
    async with info.context.open_unit() as unit:
        changed = await unit.contexts.update(ContextId(id), _spec(input), by=by)
        if given is not None:
            wanted = [config_from(one) for one in given]
            await unit.context_config.replace(changed.id, wanted, by=by)
        return changed


@mutation.field("contextDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> Context | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.contexts.delete(ContextId(id), by=info.context.subject)


@mutation.field("contextConfigAdd")
async def resolve_config_add(
    _root: None,
    info: Info,
    *,
    context: str,
    config: dict[str, Any],
) -> ContextElement:
    async with info.context.open_unit() as unit:
        return await unit.context_config.add(
            ContextId(context), config_from(config), by=info.context.subject
        )


@mutation.field("contextConfigDelete")
async def resolve_config_delete(
    _root: None,
    info: Info,
    *,
    context: str,
    id: str,  # noqa: A002 - the contract's name
) -> ContextElement | None:
    async with info.context.open_unit() as unit:
        return await unit.context_config.delete(
            ContextId(context), id, by=info.context.subject
        )


@mutation.field("contextAttach")
async def resolve_attach(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    stack: str,
    priority: int | None = None,
) -> AttachedContext:
    async with info.context.open_unit() as unit:
        return await unit.stack_contexts.attach(
            ContextId(id),
            StackId(stack),
            priority=priority or 0,
            by=info.context.subject,
        )


@mutation.field("contextDetach")
async def resolve_detach(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> AttachedContext | None:
    async with info.context.open_unit() as unit:
        return await unit.stack_contexts.detach(
            AttachmentId(id), by=info.context.subject
        )


@context.field("createdAt")
def resolve_created_at(root: Context, _info: Info) -> int:
    return int(root.created_at.timestamp())


@context.field("updatedAt")
def resolve_updated_at(root: Context, _info: Info) -> int:
    return int(root.updated_at.timestamp())


@context.field("spaceDetails")
async def resolve_space_details(root: Context, info: Info) -> Space:
    return await info.context.loaders.spaces.load(root.space_id)


@context.field("hasAttachedStacks")
async def resolve_has_stacks(root: Context, info: Info) -> bool:
    return bool(await info.context.loaders.stacks_having.load(root.id))


@context.field("attachedStacks")
async def resolve_stacks(root: Context, info: Info) -> list[AttachedContext]:
    return await info.context.loaders.stacks_having.load(root.id)


@context.field("attachedStack")
async def resolve_stack(
    root: Context,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> AttachedContext | None:
    """Return what somebody attached: the provider takes what it gets for its own."""
    for one in await info.context.loaders.stacks_having.load(root.id):
        if one.stack_id == id and not one.is_autoattached:
            return one
    return None


@context.field("config")
async def resolve_config(root: Context, info: Info) -> list[ContextElement]:
    return await info.context.loaders.context_config.load(root.id)


@context.field("configElement")
async def resolve_element(
    root: Context,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> ContextElement | None:
    return await info.context.loaders.context_elements.load((root.id, id))


@stack.field("attachedContexts")
async def resolve_attached(root: Stack, info: Info) -> list[AttachedContext]:
    return await info.context.loaders.attached_contexts.load(root.id)


@attached_context.field("config")
async def resolve_attached_config(
    root: AttachedContext, info: Info
) -> list[ContextElement]:
    return await info.context.loaders.context_config.load(root.context_id)


def _spec(given: dict[str, Any]) -> ContextSpec:
    said, space = given.get("hooks") or {}, given.get("space")
    hooks = {name: said.get(name) or [] for name in Hooks.__struct_fields__}
    return ContextSpec(
        name=given["name"],
        description=given.get("description"),
        labels=tuple(given.get("labels") or ()),
        hooks=Hooks(**hooks),
        space_id=SpaceId(space) if space else None,
    )
