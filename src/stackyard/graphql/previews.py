"""Previews of local workspaces in the graph."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType

from stackyard.graphql.context import Info
from stackyard.graphql.runs import METADATA_HEADER
from stackyard.kernel.ids import StackId
from stackyard.runs import Run

mutation = MutationType()
bindables = [mutation]


@mutation.field("uploadLocalWorkspace")
async def resolve_upload(_root: None, info: Info, *, stack: str) -> dict[str, Any]:
    made = await info.context.means.local_workspaces.upload(
        StackId(stack), by=info.context.subject
    )
    # S3 wants no headers but the signature that is in the URL
    return {"id": made.id, "upload_url": made.url, "upload_headers": {"entries": []}}


@mutation.field("runProposeLocalWorkspace")
async def resolve_propose(
    _root: None,
    info: Info,
    *,
    stack: str,
    workspace: str,
    environment_vars_overrides: Sequence[dict[str, str]] | None = None,
) -> Run:
    overrides = {one["key"]: one["value"] for one in environment_vars_overrides or ()}
    return await info.context.means.local_workspaces.propose(
        StackId(stack),
        workspace,
        overrides,
        by=info.context.subject,
        user_metadata=info.context.headers.get(METADATA_HEADER),
    )
