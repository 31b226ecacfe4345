"""Versions of modules in the graph."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType

from stackyard.graphql.context import Info
from stackyard.graphql.search import connection, search_from
from stackyard.kernel.ids import StackId, VersionId
from stackyard.modules import ModuleVersion, VersionState
from stackyard.runs import Run
from stackyard.stacks import Module, Stack

mutation = MutationType()
module = ObjectType("Module")
stack = ObjectType("Stack")
version = ObjectType("Version")
bindables = [mutation, module, stack, version]

version.set_alias("sourceURL", "source_url")


@mutation.field("versionCreate")
async def resolve_create(
    _root: None,
    info: Info,
    *,
    module: str,
    commit_sha: str | None = None,
    version: str | None = None,
) -> ModuleVersion:
    by = info.context.subject
    async with info.context.open_unit() as unit:
        asked = await unit.versions.ask(StackId(module), by=by)
    # outside of any transaction: it may wait for git
    code = await info.context.means.module_code.at(asked, commit_sha or None)
    async with info.context.open_unit() as unit:
        return await unit.versions.create(asked.id, code, number=version or None, by=by)


@mutation.field("versionDelete")
async def resolve_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    module: str,
) -> ModuleVersion:
    async with info.context.open_unit() as unit:
        return await unit.versions.delete(
            StackId(module), VersionId(id), by=info.context.subject
        )


@mutation.field("versionProposeLocalWorkspace")
async def resolve_propose(
    _root: None,
    info: Info,
    *,
    module: str,
    workspace: str,
    test_ids: Sequence[str] | None = None,
) -> list[Run]:
    return await info.context.means.local_workspaces.propose_cases(
        StackId(module), workspace, test_ids or (), by=info.context.subject
    )


@module.field("current")
@module.field("latest")
async def resolve_current(root: Module, info: Info) -> ModuleVersion | None:
    return await info.context.loaders.current_versions.load(root.id)


@module.field("versions")
async def resolve_versions(
    root: Module,
    info: Info,
    *,
    include_failed: bool | None = None,
) -> list[ModuleVersion]:
    found = await info.context.loaders.versions.load(root.id)
    failed = VersionState.FAILED
    return [one for one in found if include_failed or one.state is not failed]


@module.field("versionsCount")
async def resolve_count(root: Module, info: Info) -> int:
    return await info.context.loaders.version_counts.load(root.id)


@module.field("version")
async def resolve_version(
    root: Module,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> ModuleVersion | None:
    async with info.context.open_unit() as unit:
        return await unit.versions.find(root.id, VersionId(id), by=info.context.subject)


@module.field("searchModuleVersions")
async def resolve_search(
    root: Module,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_unit() as unit:
        page = await unit.versions.search(
            root.id, search_from(input), by=info.context.subject
        )
    return connection(page)


@stack.field("moduleVersionsUsed")
async def resolve_used(root: Stack, info: Info) -> list[ModuleVersion]:
    return await info.context.loaders.versions_used.load(root.id)


@version.field("createdAt")
def resolve_created_at(root: ModuleVersion, _info: Info) -> int:
    return int(root.created_at.timestamp())


@version.field("module")
async def resolve_module(root: ModuleVersion, info: Info) -> Module | None:
    return await info.context.loaders.modules.load(root.module_id)


@version.field("versionCount")
async def resolve_version_count(root: ModuleVersion, info: Info) -> int:
    return await info.context.loaders.version_counts.load(root.module_id)


@version.field("downloadLink")
async def resolve_link(root: ModuleVersion, info: Info) -> str | None:
    found = await info.context.loaders.modules.load(root.module_id)
    kept = root.repo_id is not None and root.state is VersionState.ACTIVE
    if found is None or not kept:
        return None
    site = info.context.means.site
    address = f"{site.account}/{found.name}/{found.terraform_provider}/{root.number}"
    return f"{site.base_url}/registry/modules/v1/{address}/archive"


@version.field("metadata")
async def resolve_metadata(root: ModuleVersion, info: Info) -> dict[str, Any] | None:
    described = await info.context.loaders.version_descriptions.load(root.id)
    return described and {"root": described}


@version.field("consumers")
async def resolve_consumers(root: ModuleVersion, info: Info) -> list[Stack]:
    return await info.context.loaders.consumers.load(root.id)


@version.field("consumerCount")
async def resolve_consumer_count(root: ModuleVersion, info: Info) -> int:
    return len(await info.context.loaders.consumers.load(root.id))
