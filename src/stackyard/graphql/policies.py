"""Policies in the graph, and which stacks have them."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.graphql.search import connection, search_from
from stackyard.kernel.ids import AttachmentId, PolicyId, SpaceId, StackId
from stackyard.kernel.search import Page
from stackyard.policies import EngineType, Policy, PolicySpec, PolicyType
from stackyard.spaces import Space
from stackyard.stacks import AttachedPolicy, Stack

query = QueryType()
mutation = MutationType()
stack = ObjectType("Stack")
policy = ObjectType("Policy")
bindables = [query, mutation, stack, policy]

policy.set_alias("space", "space_id")
# nothing has been evaluated as long as there is no engine
policy.set_field("evaluationRecords", lambda *_: [])
policy.set_field("evaluationSample", lambda *_, **__: None)


@query.field("policy")
async def resolve_policy(_root: None, info: Info, *, id: str) -> Policy | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.policies.find(PolicyId(id), by=info.context.subject)


@query.field("policies")
async def resolve_policies(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any] | None = None,  # noqa: A002 - the contract's name
) -> Sequence[Policy]:
    named = (input or {}).get("type")
    kind = PolicyType.named(named) if named else None
    async with info.context.open_list() as unit:
        return await unit.policies.all(kind=kind, by=info.context.subject)


@query.field("searchPolicies")
async def resolve_search(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.policies.search(search_from(input), by=info.context.subject)
    return connection(page)


@query.field("policyRuntime")
async def resolve_runtime(_root: None, info: Info) -> dict[str, str]:
    async with info.context.open_unit() as unit:
        version = await unit.policies.engine_version(by=info.context.subject)
    return {"open_policy_agent_version": version}


@mutation.field("policyCreatev2")
async def resolve_create(_root: None, info: Info, *, input: dict[str, Any]) -> Policy:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.policies.create(
            _spec(input), PolicyType.named(input["type"]), by=info.context.subject
        )


@mutation.field("policyUpdatev2")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Policy:
    async with info.context.open_unit() as unit:
        return await unit.policies.update(
            PolicyId(id), _spec(input), by=info.context.subject
        )


@mutation.field("policyDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> Policy | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.policies.delete(PolicyId(id), by=info.context.subject)


@mutation.field("policySimulate")
async def resolve_simulate(
    _root: None,
    info: Info,
    *,
    body: str,
    input: str,  # noqa: A002 - the contract's name
    type: str,  # noqa: A002 - the contract's name
) -> str:
    async with info.context.open_unit() as unit:
        return await unit.policies.simulate(
            body, input, PolicyType.named(type), by=info.context.subject
        )


@mutation.field("policyAttach")
async def resolve_attach(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    stack: str,
) -> AttachedPolicy:
    async with info.context.open_unit() as unit:
        return await unit.stack_policies.attach(
            PolicyId(id), StackId(stack), by=info.context.subject
        )


@mutation.field("policyDetach")
async def resolve_detach(_root: None, info: Info, *, id: str) -> AttachedPolicy | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.stack_policies.detach(
            AttachmentId(id), by=info.context.subject
        )


@policy.field("createdAt")
def resolve_created_at(root: Policy, _info: Info) -> int:
    return int(root.created_at.timestamp())


@policy.field("updatedAt")
def resolve_updated_at(root: Policy, _info: Info) -> int:
    return int(root.updated_at.timestamp())


@policy.field("spaceDetails")
async def resolve_space_details(root: Policy, info: Info) -> Space:
    return await info.context.loaders.spaces.load(root.space_id)


@policy.field("searchEvaluationRecords")
def resolve_records(
    _root: Policy,
    _info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    searched = search_from(input)
    none: Page[Any] = Page([], None, has_next=False, has_previous=bool(searched.after))
    return connection(none)


@policy.field("attachedStack")
async def resolve_stack(
    root: Policy,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> AttachedPolicy | None:
    """Return what somebody attached: the provider takes what it gets for its own."""
    pair = (root.id, StackId(id))
    return await info.context.loaders.policies_by_hand.load(pair)


@policy.field("attachedStacks")
async def resolve_stacks(root: Policy, info: Info) -> list[AttachedPolicy]:
    return await info.context.loaders.stacks_with.load(root.id)


@policy.field("attachedStacksCount")
async def resolve_stacks_count(root: Policy, info: Info) -> int:
    return (await info.context.loaders.policy_counts.load(root.id)).stacks


@policy.field("attachedModulesCount")
async def resolve_modules_count(root: Policy, info: Info) -> int:
    return (await info.context.loaders.policy_counts.load(root.id)).modules


@stack.field("attachedPolicies")
async def resolve_attached(root: Stack, info: Info) -> list[AttachedPolicy]:
    return await info.context.loaders.attached_policies.load(root.id)


def _spec(given: dict[str, Any]) -> PolicySpec:
    space, engine = given.get("space"), given.get("engine_type")
    return PolicySpec(
        name=given["name"],
        body=given["body"],
        description=given.get("description"),
        labels=tuple(given.get("labels") or ()),
        engine_type=EngineType(engine) if engine else EngineType.REGO_V0,
        space_id=SpaceId(space) if space else None,
    )
