"""Managed state in the graph: links, versions, and what came out of a run."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType

from stackyard.graphql.context import Info
from stackyard.kernel.access import Action
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import StackId
from stackyard.stacks import Stack
from stackyard.state import StackOutput, StateVersion

mutation = MutationType()
stack = ObjectType("Stack")
version = ObjectType("StateVersion")
version.set_alias("sha256", "sha256")  # which snake case would take apart
bindables = [mutation, stack, version]


@mutation.field("stateDownloadUrl")
async def resolve_download_url(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, str]:
    stack_id = StackId(input["stack_id"])
    async with info.context.open_unit() as unit:
        newest = await unit.states.newest(stack_id, by=info.context.subject)
    return {"url": info.context.means.state_links.download(stack_id, newest.id)}


@mutation.field("stateUploadUrl")
async def resolve_upload_url(_root: None, info: Info) -> dict[str, str]:
    async with info.context.open_unit() as unit:
        if not await unit.access.administers_any(info.context.subject):
            raise ForbiddenError(subject=info.context.subject.name)
    object_id, url = info.context.means.state_links.upload()
    return {"object_id": object_id, "url": url}


@mutation.field("stackManagedStateRollback")
async def resolve_rollback(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    state_version_id: str,
) -> Stack:
    by = info.context.subject
    await info.context.means.state_files.roll_back(StackId(id), state_version_id, by=by)
    async with info.context.open_unit() as unit:
        return await unit.stacks.get(StackId(id), by=by)


@stack.field("outputs")
async def resolve_outputs(root: Stack, info: Info) -> Sequence[StackOutput]:
    return await info.context.loaders.outputs.load(root.id)


@stack.field("stateVersions")
async def resolve_state_versions(
    root: Stack, info: Info, *, before: str | None = None
) -> Sequence[StateVersion]:
    found = await info.context.loaders.state_versions(before).load(root.id)
    if found is None:
        raise ForbiddenError(stack=root.id, action=Action.STACK_STATE_READ)
    return found


@version.field("createdAt")
def resolve_version_created_at(root: StateVersion, _info: Info) -> int:
    return int(root.created_at.timestamp())
