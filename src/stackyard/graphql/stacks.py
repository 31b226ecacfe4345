from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.graphql.search import connection, search_from
from stackyard.graphql.stack_input import spec_from
from stackyard.kernel.access import Subject
from stackyard.kernel.ids import StackId, VcsIntegrationId
from stackyard.stacks import (
    CommitFacts,
    CommitUnknownError,
    Project,
    Stack,
    Terraform,
    TrackedCommit,
)
from stackyard.state import StateUnmanagedError
from stackyard.unit import Unit
from stackyard.vcs import IntegrationLink
from stackyard_protocol.job import Hooks

query = QueryType()
mutation = MutationType()
stack = ObjectType("Stack")
bindables = [query, mutation, stack]

stack.set_alias("space", "space_id")
stack.set_alias("vendorConfig", "vendor")
stack.set_alias("managesStateFile", "manages_state")

# Engines that are not built yet: what they would say of every stack today.
_NOTHING: Final[dict[str, Any]] = {
    "starred": False,
    "deleted": False,  # a deleted stack is not found
}
for _field, _value in _NOTHING.items():
    stack.set_field(_field, lambda *_, value=_value: value)
# each noun resolves its own part of them from the stack
stack.set_field("integrations", lambda root, _info: root)


def _hook_resolver(name: str) -> Any:
    return lambda root, _info: root.hook_lists[name]


for _name in Hooks.__struct_fields__:
    _before, _, _phase = _name.partition("_")
    stack.set_field(_before + _phase.capitalize(), _hook_resolver(_name))


@query.field("stack")
async def resolve_stack(_root: None, info: Info, *, id: str) -> Stack | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.stacks.find(StackId(id), by=info.context.subject)


@query.field("stacks")
async def resolve_stacks(_root: None, info: Info) -> Sequence[Stack]:
    async with info.context.open_list() as unit:
        return await unit.stacks.all(by=info.context.subject)


@query.field("searchStacks")
async def resolve_search(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.stacks.search(search_from(input), by=info.context.subject)
    return connection(page)


@mutation.field("stackCreate")
async def resolve_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
    manage_state: bool | None = None,
    slug: str | None = None,
    stack_object_id: str | None = None,
) -> Stack:
    by = info.context.subject
    managed = manage_state is not False

    async def make(unit: Unit) -> Stack:
        return await unit.stacks.create(
            spec_from(input),
            manage_state=managed,
            slug=slug or None,
            by=by,
        )

    if stack_object_id:
        if not managed:
            raise StateUnmanagedError
        files = info.context.means.state_files
        return await files.bring_to_new(make, stack_object_id, by=by)
    async with info.context.open_unit() as unit:
        return await make(unit)


@mutation.field("stackUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Stack:
    async with info.context.open_unit() as unit:
        return await unit.stacks.update(
            StackId(id), spec_from(input), by=info.context.subject
        )


@mutation.field("stackDelete")
async def resolve_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    destroy_resources: bool | None = None,
) -> Stack | None:
    async with info.context.open_unit() as unit:
        return await unit.stacks.delete(
            StackId(id),
            destroy_resources=bool(destroy_resources),
            by=info.context.subject,
        )


@mutation.field("stackLock")
async def resolve_lock(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    note: str | None = None,
) -> Stack:
    async with info.context.open_unit() as unit:
        return await unit.stacks.lock(StackId(id), note=note, by=info.context.subject)


@mutation.field("stackUnlock")
async def resolve_unlock(_root: None, info: Info, *, id: str) -> Stack:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.stacks.unlock(StackId(id), by=info.context.subject)


@mutation.field("stackEnable")
async def resolve_enable(_root: None, info: Info, *, id: str) -> Stack:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.stacks.enable(StackId(id), by=info.context.subject)


@mutation.field("stackDisable")
async def resolve_disable(_root: None, info: Info, *, id: str) -> Stack:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.stacks.disable(StackId(id), by=info.context.subject)


@mutation.field("stackSetCurrentCommit")
async def resolve_set_commit(_root: None, info: Info, *, id: str, sha: str) -> Stack:  # noqa: A002 - the contract's name
    by, stack_id = info.context.subject, StackId(id)
    async with info.context.open_unit() as unit:
        commit = await _commit(unit, stack_id, sha.strip().lower(), by=by)
        return await unit.stacks.set_tracked_commit(stack_id, commit, by=by)


async def _commit(
    unit: Unit, stack_id: StackId, sha: str, *, by: Subject
) -> CommitFacts:
    """Return the commit of that hash; on other servers only the hash is known."""
    named = TrackedCommit(sha)
    repo_id = (await unit.stacks.get(stack_id, by=by)).vcs_repo_id
    if repo_id is None:
        return named
    known = await unit.repositories.commit(repo_id, sha, by=by)
    if known is None:
        raise CommitUnknownError(commit=sha, repository=repo_id)
    return known


@stack.field("canWrite")
async def resolve_can_write(root: Stack, info: Info) -> bool:
    return await info.context.loaders.writable.load(root.space_id)


@stack.field("namespace")
def resolve_namespace(root: Stack, _info: Info) -> str:
    return root.namespace or ""


@stack.field("createdAt")
def resolve_created_at(root: Stack, _info: Info) -> int:
    return int(root.created_at.timestamp())


@stack.field("updatedAt")
def resolve_updated_at(root: Stack, _info: Info) -> int:
    return int(root.updated_at.timestamp())


@stack.field("stateSetAt")
def resolve_state_set_at(root: Stack, _info: Info) -> int | None:
    return int(root.state_set_at.timestamp()) if root.state_set_at else None


@stack.field("terraformVersion")
def resolve_terraform_version(root: Stack, _info: Info) -> str | None:
    return root.vendor.version if isinstance(root.vendor, Terraform) else None


@stack.field("trackedCommit")
def resolve_tracked_commit(root: Stack, _info: Info) -> dict[str, Any] | None:
    return root.tracked_commit


@stack.field("vcsIntegration")
async def resolve_vcs_integration(root: Project, info: Info) -> IntegrationLink | None:
    """Return what is used, also if only the account's default is; or nothing."""
    if root.vcs_repo_id is not None:
        return IntegrationLink(VcsIntegrationId(root.vcs_repo_id), is_default=False)
    named = root.integration
    return await info.context.loaders.vcs_links.load(named) if named else None


@stack.field("config")
async def resolve_config(root: Stack, info: Info) -> Sequence[Any]:
    return await info.context.loaders.stack_config.load(root.id)


@stack.field("configElement")
async def resolve_element(root: Stack, info: Info, *, id: str) -> Any:  # noqa: A002 - the contract's name
    return await info.context.loaders.stack_elements.load((root.id, id))
