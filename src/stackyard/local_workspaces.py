"""Code that people upload for a preview, on its way from them to a worker.

It goes past us, by signed URLs, and is looked at once: when a run of it is proposed.
From then on only those very bytes are run. The bucket forgets them after a day.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.access import Subject
from stackyard.kernel.blobs import BlobNotFoundError, Blobs, Bucket
from stackyard.kernel.ids import StackId, WorkspaceId, new_ulid
from stackyard.runs import (
    LocalWorkspace,
    Run,
    WorkspaceFormatError,
    WorkspaceMissingError,
    WorkspaceSizeError,
)
from stackyard.unit import OpenUnit

LARGEST: Final = 1024 * 1024 * 1024  # as much as workers take of any source
_UPLOAD_SECONDS: Final = 3600
_GZIP: Final = b"\x1f\x8b"
_ULID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True, slots=True)
class Upload:
    id: WorkspaceId
    url: str


@dataclass(frozen=True, slots=True)
class LocalWorkspaces:
    open_unit: OpenUnit
    blobs: Blobs

    async def upload(self, stack_id: StackId, *, by: Subject) -> Upload:
        """Return where code for previews of this project may be put, for an hour."""
        async with self.open_unit() as unit:
            project = await unit.previews.ensure_may_upload(stack_id, by=by)
        made = WorkspaceId(new_ulid())
        url = await self.blobs.presign_put(
            Bucket.USER_UPLOADED_WORKSPACES,
            uploaded_key(project.id, made),
            seconds=_UPLOAD_SECONDS,
        )
        return Upload(made, url)

    async def propose(
        self,
        stack_id: StackId,
        workspace: str,
        overrides: Mapping[str, str],
        *,
        by: Subject,
        user_metadata: str | None = None,
    ) -> Run:
        """Propose a run of what was uploaded under this id for this very stack."""
        async with self.open_unit() as unit:
            stack = await unit.previews.ensure_may_propose(stack_id, overrides, by=by)
        found = await self.look_at(stack.id, workspace)
        async with self.open_unit() as unit:
            return await unit.previews.propose(
                stack_id, found, overrides, by=by, user_metadata=user_metadata
            )

    async def look_at(self, project_id: StackId, workspace: str) -> LocalWorkspace:
        """Return what was uploaded under this id, or say why nothing can run it.

        Whoever calls has asked whether somebody may.
        """
        if not _ULID.fullmatch(workspace):  # it becomes a key: none but ours
            raise WorkspaceMissingError(project=project_id)
        found = WorkspaceId(workspace)
        digest, size, head = hashlib.sha256(), 0, b""
        key = uploaded_key(project_id, found)
        try:
            async for piece in self.blobs.stream(Bucket.USER_UPLOADED_WORKSPACES, key):
                size += len(piece)
                if size > LARGEST:
                    raise WorkspaceSizeError(most=LARGEST)
                head = (head + piece)[: len(_GZIP)]
                await asyncio.to_thread(digest.update, piece)
        except BlobNotFoundError:
            raise WorkspaceMissingError(project=project_id) from None
        if head != _GZIP:
            raise WorkspaceFormatError(project=project_id)
        return LocalWorkspace(found, digest.hexdigest())


def uploaded_key(project_id: StackId, workspace: WorkspaceId) -> str:
    """Return where it lies: below its project, so that no other can name it."""
    return f"{project_id}/{workspace}"
