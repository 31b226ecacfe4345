"""Where new objects wait until their push is the truth."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stackyard.adapters.git import fast_import, history
from stackyard.adapters.git.fast_import import BRANCH, Tree
from stackyard.adapters.git.layout import add_pack, pack_names, pack_path
from stackyard.adapters.git.limits import Limits
from stackyard.adapters.git.process import Git, GitFailedError, OutputTooLargeError
from stackyard.vcs import (
    Commit,
    FileTooLargeError,
    LocalPack,
    NewRevision,
    RefChange,
    RevisionError,
)

_MOST_BYTES_OF_COMMITS: Final = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Quarantine:
    git: Git
    folder: Path
    mirror: Path
    before: dict[str, str]
    limits: Limits

    def receive_pack(
        self, body: AsyncIterator[bytes], *, protocol: str
    ) -> AsyncGenerator[bytes]:
        return self.git.stream(
            "receive-pack",
            "--stateless-rpc",
            "--",
            self.folder,
            stdin=body,
            protocol=protocol,
            seconds=self.limits.transfer_seconds,
            check=False,  # what is wrong with a push, git has told its client
        )

    async def files(self, paths: Sequence[str], *, limit: int) -> dict[str, bytes]:
        tree = await self._tree(self.before.get(BRANCH), sorted(paths))
        names = {path: one.name for path, one in tree.items() if one.kind == "blob"}
        blobs = await history.read_blobs(
            self.git, self.folder, sorted(set(names.values())), limit=limit
        )
        return {path: blobs[name] for path, name in names.items()}

    async def commit(self, revision: NewRevision, *, at: int) -> str:
        parent = self.before.get(BRANCH)
        tree = await self._tree(parent, fast_import.paths_to_ask(revision))
        fast_import.check(revision, tree)
        stream = b"".join(fast_import.render(revision, tree, parent=parent, at=at))
        await self.git.run(
            f"--git-dir={self.folder}",
            "fast-import",
            "--quiet",
            "--done",
            "--date-format=raw",
            stdin=stream,
            seconds=self.limits.work_seconds,
        )
        await self._inspect()
        return (await self._refs())[BRANCH]

    async def changes(self) -> tuple[RefChange, ...]:
        after = await self._refs()
        names = sorted(self.before.keys() | after.keys())
        every = (RefChange(n, self.before.get(n), after.get(n)) for n in names)
        return tuple(change for change in every if change.before != change.after)

    async def new_commits(self, changes: tuple[RefChange, ...]) -> list[Commit]:
        new = {change.after for change in changes if change.after}
        if not new:
            return []
        old = {f"^{sha}" for sha in self.before.values()}
        try:
            output = await self.git.run(
                f"--git-dir={self.folder}",
                "log",
                "-z",
                "--encoding=UTF-8",
                history.COMMIT_FORMAT,
                "--stdin",
                stdin="".join(f"{sha}\n" for sha in [*new, *old]).encode(),
                limit=_MOST_BYTES_OF_COMMITS,
                seconds=self.limits.work_seconds,
            )
        except OutputTooLargeError as error:
            raise FileTooLargeError(limit=_MOST_BYTES_OF_COMMITS) from error
        return history.parse_commits(output)

    def packs(self) -> list[LocalPack]:
        paths = [(name, pack_path(self.folder, name)) for name in self._names()]
        return [LocalPack(path, name, path.stat().st_size) for name, path in paths]

    def keep(self) -> None:
        for name in self._names():
            add_pack(self.mirror, name, self.folder / "objects" / "pack")

    def _names(self) -> list[str]:
        return sorted(pack_names(self.folder))

    async def _refs(self) -> dict[str, str]:
        output = await self.git.run(
            f"--git-dir={self.folder}",
            "for-each-ref",
            "--format=%(objectname) %(refname)",
        )
        pairs = (line.split(" ", 1) for line in output.decode().splitlines())
        return {name: sha for sha, name in pairs}

    async def _tree(self, parent: str | None, paths: list[str]) -> Tree:
        if parent is None:
            return {}
        output = await self.git.run(
            f"--git-dir={self.folder}", "ls-tree", "-z", parent, "--", *paths
        )
        return fast_import.parse_tree(output)

    async def _inspect(self) -> None:
        """Hold what fast-import made against the same rules as a push."""
        for pack in self.packs():
            try:
                await self.git.run(
                    f"--git-dir={self.folder}",
                    "index-pack",
                    "--strict",
                    "-o",
                    self.folder / "inspected.idx",
                    pack.path,
                )
            except GitFailedError as error:
                problem = "git refuses one of its files"
                raise RevisionError(problem=problem) from error
