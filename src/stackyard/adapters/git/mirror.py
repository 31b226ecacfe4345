"""A clone on this machine, and what is read from it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stackyard.adapters.git import history
from stackyard.adapters.git.layout import (
    borrow_objects,
    lay_out,
    read_refs,
    scratch_folder,
    write_refs,
)
from stackyard.adapters.git.limits import Limits
from stackyard.adapters.git.process import Git
from stackyard.adapters.git.quarantine import Quarantine
from stackyard.vcs import (
    DEFAULT_BRANCH,
    CommitNotFoundError,
    FileVersion,
    GitService,
    LocalPack,
    is_sha,
)

PREAMBLES: Final = {
    GitService.UPLOAD_PACK: b"001e# service=git-upload-pack\n0000",
    GitService.RECEIVE_PACK: b"001f# service=git-receive-pack\n0000",
}


@dataclass(frozen=True, slots=True)
class Mirror:
    git: Git
    folder: Path
    scratch: Path
    limits: Limits

    async def advertise(
        self, service: GitService, *, protocol: str
    ) -> AsyncGenerator[bytes]:
        if service is GitService.RECEIVE_PACK or "version=2" not in protocol.split(":"):
            yield PREAMBLES[service]
        pieces = self.git.stream(
            service.removeprefix("git-"),
            "--stateless-rpc",
            "--advertise-refs",
            "--",
            self.folder,
            protocol=protocol,
        )
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    def upload_pack(
        self, body: AsyncIterator[bytes], *, protocol: str
    ) -> AsyncGenerator[bytes]:
        return self.git.stream(
            "upload-pack",
            "--stateless-rpc",
            "--strict",
            "--",
            self.folder,
            stdin=body,
            protocol=protocol,
            seconds=self.limits.transfer_seconds,
            check=False,  # what is wrong with a fetch, git has told its client
        )

    async def history(self, path: str, *, limit: int) -> list[FileVersion]:
        branch = f"refs/heads/{DEFAULT_BRANCH}"
        if branch not in read_refs(self.folder):
            return []
        output = await self.git.run(
            f"--git-dir={self.folder}",
            *history.arguments(limit),
            branch,
            "--",
            path,
            seconds=self.limits.work_seconds,
        )
        return history.parse(output, path)

    async def blobs(self, names: list[str], *, limit: int) -> dict[str, bytes]:
        return await history.read_blobs(self.git, self.folder, names, limit=limit)

    @asynccontextmanager
    async def archive(self, sha: str) -> AsyncIterator[Path]:
        await self._require_commit(sha)
        with scratch_folder(self.scratch, "archive-") as folder:
            target = folder / "tree.tar.gz"
            await self.git.run(
                f"--git-dir={self.folder}",
                "archive",
                "--format=tar.gz",
                f"--output={target}",
                sha,
                seconds=self.limits.work_seconds,
            )
            yield target

    @asynccontextmanager
    async def repacked(self, names: list[str]) -> AsyncIterator[LocalPack]:
        with scratch_folder(self.scratch, "repack-") as folder:
            output = await self.git.run(
                f"--git-dir={self.folder}",
                "pack-objects",
                "--stdin-packs",
                "-q",
                folder / "pack",
                stdin="".join(f"pack-{name}.pack\n" for name in names).encode(),
                seconds=self.limits.transfer_seconds,
            )
            name = output.decode().strip()
            path = folder / f"pack-{name}.pack"
            yield LocalPack(path, name, path.stat().st_size)

    @asynccontextmanager
    async def quarantine(self) -> AsyncIterator[Quarantine]:
        with scratch_folder(self.scratch, "quarantine-") as folder:
            before = read_refs(self.folder)
            inner = folder / "repository.git"
            lay_out(inner, max_push=self.limits.push_bytes)
            borrow_objects(inner, of=self.folder)
            write_refs(inner, before)
            yield Quarantine(self.git, inner, self.folder, before, self.limits)

    async def _require_commit(self, sha: str) -> None:
        if is_sha(sha):
            output = await self.git.run(
                f"--git-dir={self.folder}",
                "cat-file",
                "--batch-check=%(objecttype)",
                stdin=f"{sha}\n".encode(),
            )
            if output == b"commit\n":
                return
        raise CommitNotFoundError(commit=sha[:64])
