"""Code that people upload for a preview, on its way from them to a worker.

It goes past us, by signed URLs, and is looked at once: when a run of it is proposed.
From then on only those very bytes are run. The bucket forgets them after a day.
"""

import asyncio
import hashlib
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Final

from stackyard.kernel.access import Subject
from stackyard.kernel.blobs import BlobNotFoundError, Blobs, Bucket
from stackyard.kernel.ids import StackId, WorkspaceId, new_ulid
from stackyard.modules import CONFIG_FILE, ModuleConfig, read_config
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
_LARGEST_CONFIG: Final = 512 * 1024
# Of what is gone through for that file: a small upload may unpack to very much.
_MOST_MEMBERS: Final = 100_000
_LARGEST_UNPACKED: Final = 4 * LARGEST
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

    async def propose_cases(
        self,
        module_id: StackId,
        workspace: str,
        chosen: Sequence[str],
        *,
        by: Subject,
    ) -> list[Run]:
        """Propose runs of these test cases of what was uploaded for this module."""
        async with self.open_unit() as unit:
            module = await unit.version_cases.ask(module_id, by=by)
        with TemporaryFile() as file:
            found = await self.look_at(module.id, workspace, keep=file)
            file.seek(0)
            folder = module.project_root or ""
            config = await asyncio.to_thread(_config, file, folder, module.id)
        async with self.open_unit() as unit:
            return await unit.version_cases.propose(
                module_id, found, config, chosen, by=by
            )

    async def look_at(
        self, project_id: StackId, workspace: str, *, keep: IO[bytes] | None = None
    ) -> LocalWorkspace:
        """Return what was uploaded under this id, or say why nothing can run it.

        Whoever calls has asked whether somebody may. *keep* gets a copy.
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
                if keep is not None:
                    await asyncio.to_thread(keep.write, piece)
        except BlobNotFoundError:
            raise WorkspaceMissingError(project=project_id) from None
        if head != _GZIP:
            raise WorkspaceFormatError(project=project_id)
        return LocalWorkspace(found, digest.hexdigest())


def _config(file: IO[bytes], folder: str, project_id: StackId) -> ModuleConfig:
    """Return what the uploaded module's own file says; all lies in one folder."""
    wanted = PurePosixPath(folder, CONFIG_FILE)
    try:
        with tarfile.open(fileobj=file, mode="r|gz") as tar:
            for count, member in enumerate(tar):
                if count > _MOST_MEMBERS or member.offset > _LARGEST_UNPACKED:
                    break
                inner = PurePosixPath(*PurePosixPath(member.name).parts[1:])
                if inner == wanted and member.isfile():
                    content = tar.extractfile(member)
                    text = content.read(_LARGEST_CONFIG) if content else b""
                    return read_config(text.decode(errors="replace"))
    except (tarfile.TarError, EOFError, OSError):
        raise WorkspaceFormatError(project=project_id) from None
    return ModuleConfig()


def uploaded_key(project_id: StackId, workspace: WorkspaceId) -> str:
    """Return where it lies: below its project, so that no other can name it."""
    return f"{project_id}/{workspace}"
