"""Find the commit of a run, and where a worker gets its code from."""

import base64
from typing import Any

from stackyard.heads import SourceUnsupportedError, find_head
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import BlobNotFoundError, Bucket
from stackyard.kernel.ids import WorkspaceId
from stackyard.local_workspaces import uploaded_key
from stackyard.reactions.tools import Tools
from stackyard.runs import Run, WorkspaceMissingError
from stackyard.stacks import Project
from stackyard.vcs import GitUrl
from stackyard_protocol.job import Archive, GitClone, Source

URL_SECONDS = 900


async def find_commit(tools: Tools, run: Run, stack: Project) -> dict[str, Any]:
    """Return the head of the run's branch, as history and the worker need it."""
    found = await find_head(tools.open_unit, tools.heads, stack, run.branch)
    return found.as_dict()


async def source_of(tools: Tools, run: Run, stack: Project) -> Source:
    """Return where the worker gets the run's code from."""
    if run.local_workspace is not None:
        return await _uploaded(tools, run, stack, run.local_workspace)
    sha = str((run.commit or {}).get("hash"))
    if stack.vcs_repo_id is not None:
        archive = await tools.contents.archive(stack.vcs_repo_id, sha, by=SYSTEM)
        url = await tools.blobs.presign_get(
            archive.bucket, archive.key, seconds=URL_SECONDS
        )
        return Archive(url=url, sha256=archive.sha256, file_key=_told(archive.file_key))
    if stack.repository_url:
        return GitClone(url=str(GitUrl(stack.repository_url)), commit=sha)
    raise SourceUnsupportedError(provider=stack.provider)


async def _uploaded(
    tools: Tools, run: Run, stack: Project, workspace: WorkspaceId
) -> Archive:
    """Return where the code lies that somebody uploaded: in a folder of its own.

    A clone has sealed files, and so has what is uploaded of it.
    """
    bucket, key = Bucket.USER_UPLOADED_WORKSPACES, uploaded_key(run.stack_id, workspace)
    try:
        await tools.blobs.get_range(bucket, key, start=0, length=1)
    except BlobNotFoundError:
        raise WorkspaceMissingError(run=run.id) from None
    url = await tools.blobs.presign_get(bucket, key, seconds=URL_SECONDS)
    file_key = None
    if stack.vcs_repo_id is not None:
        async with tools.open_unit() as unit:
            file_key = await unit.repositories.file_key(stack.vcs_repo_id, by=SYSTEM)
    return Archive(
        url=url,
        sha256=run.local_sha256 or "",
        in_folder=True,
        file_key=_told(file_key),
    )


def _told(file_key: bytes | None) -> str:
    return base64.b64encode(file_key).decode() if file_key else ""
