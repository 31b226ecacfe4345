"""Modules in the graph, and with whom they are shared."""

from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.graphql.runs import resolve_run
from stackyard.graphql.search import connection, search_from
from stackyard.graphql.spaces import resolve_space_details
from stackyard.graphql.stacks import (
    resolve_can_write,
    resolve_created_at,
    resolve_element,
    resolve_namespace,
    resolve_vcs_integration,
)
from stackyard.graphql.workers import resolve_stack_pool
from stackyard.kernel.ids import PoolId, SpaceId, StackId
from stackyard.modules import ModuleShare, ModuleSpec, name_module
from stackyard.spaces import Space
from stackyard.stacks import Module, Provider, StackSpec, Terraform, TerraformTool

query = QueryType()
mutation = MutationType()
module = ObjectType("Module")
share = ObjectType("ModuleShare")
scope = ObjectType("ModuleShareScope")
bindables = [query, mutation, module, share, scope]

module.set_alias("space", "space_id")
# What a module has in common with a stack is answered in the same way.
_AS_STACKS: Final[dict[str, Any]] = {
    "canWrite": resolve_can_write,
    "configElement": resolve_element,
    "createdAt": resolve_created_at,
    "namespace": resolve_namespace,
    "run": resolve_run,
    "spaceDetails": resolve_space_details,
    "vcsIntegration": resolve_vcs_integration,
    "workerPool": resolve_stack_pool,
}
for _name, _resolve in _AS_STACKS.items():
    module.set_field(_name, _resolve)
# Engines that are not built yet: what they would say of every module today.
module.set_field("integrations", lambda root, _info: root)
module.set_field("starred", lambda *_: False)

_TEXTS: Final = (
    "description",
    "namespace",
    "project_root",
    "repository_url",
    "runner_image",
    "vcs_integration_id",
)


@query.field("module")
async def resolve_module(_root: None, info: Info, *, id: str) -> Module | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.modules.find(StackId(id), by=info.context.subject)


@query.field("searchModules")
async def resolve_search(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.modules.search(search_from(input), by=info.context.subject)
    return connection(page)


@mutation.field("moduleCreate")
async def resolve_create(_root: None, info: Info, *, input: dict[str, Any]) -> Module:  # noqa: A002 - the contract's name
    settings = input["update_input"]
    space = input.get("space") or settings.get("space")
    named = name_module(
        input["repository"],
        name=input.get("name"),
        provider=input.get("terraform_provider"),
    )
    spec = _spec({**settings, **input, "space": space}, name=named.name)
    async with info.context.open_unit() as unit:
        return await unit.modules.create(named, spec, by=info.context.subject)


@mutation.field("moduleUpdateV2")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Module:
    async with info.context.open_unit() as unit:
        return await unit.modules.update(
            StackId(id), _spec(input, name=id), by=info.context.subject
        )


@mutation.field("moduleDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> Module | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.modules.delete(StackId(id), by=info.context.subject)


@mutation.field("modulePublish")
async def resolve_publish(_root: None, info: Info, *, id: str) -> Module:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.modules.publish(StackId(id), by=info.context.subject)


@mutation.field("moduleShare")
async def resolve_share(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> list[ModuleShare]:
    spaces = [SpaceId(one) for one in input.get("spaces") or ()]
    async with info.context.open_unit() as unit:
        return await unit.modules.share(
            StackId(id), input.get("accounts") or (), spaces, by=info.context.subject
        )


@module.field("apiHost")
def resolve_api_host(_root: Module, info: Info) -> str:
    return info.context.means.site.host


@module.field("owner")
@module.field("ownerSubdomain")
def resolve_owner(_root: Module, info: Info) -> str:
    return info.context.means.site.account


@module.field("moduleSource")
def resolve_source(root: Module, info: Info) -> str:
    """Return what code writes as `source` to use the module."""
    site = info.context.means.site
    return f"{site.host}/{site.account}/{root.name}/{root.terraform_provider}"


@module.field("moduleShares")
async def resolve_shares(root: Module, info: Info) -> list[ModuleShare]:
    return await info.context.loaders.module_shares.load(root.id)


@share.field("module")
async def resolve_shared(root: ModuleShare, info: Info) -> Module | None:
    return await info.context.loaders.modules.load(root.module_id)


@share.field("from")
async def resolve_from(root: ModuleShare, info: Info) -> dict[str, Any]:
    found = await info.context.loaders.modules.load(root.module_id)
    account = info.context.means.site.account
    return _scope(account, found.space_id if found else None)


@share.field("to")
def resolve_to(root: ModuleShare, _info: Info) -> dict[str, Any]:
    return _scope(root.account, root.space_id)


@scope.field("space")
async def resolve_scope_space(root: dict[str, Any], info: Info) -> Space | None:
    """Return the space, unless whoever asks may not know of it."""
    space_id = root["space_id"]
    return space_id and await info.context.loaders.known_spaces.load(space_id)


def _scope(account: str, space: SpaceId | None) -> dict[str, Any]:
    return {"account": {"subdomain": account}, "space_id": space}


def _spec(given: dict[str, Any], *, name: str) -> ModuleSpec:
    pool, space = given.get("worker_pool"), given.get("space")
    texts: dict[str, Any] = {name: given.get(name) or None for name in _TEXTS}
    tool = TerraformTool(given.get("workflow_tool") or TerraformTool.TERRAFORM_FOSS)
    settings = StackSpec(
        name=name,
        repository=given["repository"],
        branch=given["branch"],
        provider=Provider(given.get("provider") or Provider.GITHUB),
        administrative=given["administrative"],
        local_preview_enabled=given["local_preview_enabled"],
        protect_from_deletion=given["protect_from_deletion"],
        labels=tuple(given.get("labels") or ()),
        git_sparse_checkout_paths=tuple(given.get("git_sparse_checkout_paths") or ()),
        space_id=SpaceId(space) if space else None,
        worker_pool_id=PoolId(pool) if pool else None,
        vendor=Terraform(workflow_tool=tool),
        **texts,
    )
    return ModuleSpec(settings, tuple(given.get("shared_accounts") or ()))
