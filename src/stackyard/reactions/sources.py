"""Find the commit of a run, and where a worker gets its code from."""

from typing import Any

from stackyard.heads import SourceUnsupportedError, find_head
from stackyard.kernel.access import SYSTEM
from stackyard.reactions.tools import Tools
from stackyard.runs import Run
from stackyard.stacks import Stack
from stackyard.vcs import GitUrl
from stackyard_protocol.job import Archive, GitClone, Source

URL_SECONDS = 900


async def find_commit(tools: Tools, run: Run, stack: Stack) -> dict[str, Any]:
    """Return the head of the run's branch, as history and the worker need it."""
    found = await find_head(tools.open_unit, tools.heads, stack, run.branch)
    return found.as_dict()


async def source_of(tools: Tools, run: Run, stack: Stack) -> Source:
    """Return where the worker gets the run's code from."""
    sha = str((run.commit or {}).get("hash"))
    if stack.vcs_repo_id is not None:
        archive = await tools.contents.archive(stack.vcs_repo_id, sha, by=SYSTEM)
        url = await tools.blobs.presign_get(
            archive.bucket, archive.key, seconds=URL_SECONDS
        )
        return Archive(url=url, sha256=archive.sha256)
    if stack.repository_url:
        return GitClone(url=str(GitUrl(stack.repository_url)), commit=sha)
    raise SourceUnsupportedError(provider=stack.provider)
