"""The clones on this machine: made from packs and rows, kept fresh, thrown away.

One process owns the folder. Nothing in it is needed: whoever deletes it loses time.
"""

import asyncio
import fcntl
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Final, Self

from stackyard.adapters.git.layout import (
    add_pack,
    lay_out,
    pack_names,
    remove_pack,
    scratch_folder,
    write_refs,
)
from stackyard.adapters.git.limits import Limits
from stackyard.adapters.git.mirror import Mirror
from stackyard.adapters.git.process import Git, GitFailedError
from stackyard.kernel.blobs import Blobs, Bucket
from stackyard.kernel.errors import UnavailableError
from stackyard.vcs import Manifest, PackFile, Stamp

_VERSION: Final = "stackyard-version"


class CacheTakenError(Exception):
    """Another process uses this folder of clones: give each its own."""


class PackDamagedError(UnavailableError):
    """A part of the repository's history could not be read. Try again."""


@dataclass(slots=True)
class _Use:
    """Who is at a mirror now: readers, and the one who brings it up to date."""

    readers: int = 0
    refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def idle(self) -> bool:
        return not self.readers and not self.refreshing.locked()


@dataclass(slots=True)
class GitMirrors:
    """Make it with `open_at`, and `close` it at the end."""

    root: Path
    git: Git
    blobs: Blobs
    limits: Limits
    most_bytes: int
    most_seconds: float
    _lock: int
    _uses: defaultdict[str, _Use] = field(default_factory=lambda: defaultdict(_Use))

    @classmethod
    def open_at(
        cls,
        root: Path,
        blobs: Blobs,
        *,
        limits: Limits | None = None,
        most_bytes: int = 10 * 1024**3,
        most_seconds: float = 7 * 24 * 3600,
    ) -> Self:
        """Take the folder *root*, and clear away what a crash left in it."""
        root = root.resolve()
        root.mkdir(parents=True, exist_ok=True)
        lock = os.open(root / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise CacheTakenError(str(root)) from error
        rmtree(root / "scratch", ignore_errors=True)
        for name in ("scratch", "mirrors"):
            (root / name).mkdir(exist_ok=True)
        git = Git.find(root / "home")
        return cls(root, git, blobs, limits or Limits(), most_bytes, most_seconds, lock)

    def close(self) -> None:
        os.close(self._lock)

    @asynccontextmanager
    async def open(
        self, stamp: Stamp, load: Callable[[], Awaitable[Manifest]]
    ) -> AsyncIterator[Mirror]:
        folder = self._folder(stamp.storage)
        use = self._uses[stamp.storage]
        use.readers += 1
        try:
            if _version(folder) < stamp.version:
                async with use.refreshing:
                    if _version(folder) < stamp.version:
                        await self._refresh(folder, await load())
            os.utime(folder)
            yield Mirror(self.git, folder, self._scratch, self.limits)
        finally:
            use.readers -= 1

    async def prune(self) -> None:
        """Keep the most recently used that fit, none older than allowed."""
        oldest = time.time() - self.most_seconds
        room = self.most_bytes
        for used_at, folder in await asyncio.to_thread(_by_age, self.root / "mirrors"):
            size = await asyncio.to_thread(_size, folder)
            room -= size
            if (room < 0 or used_at < oldest) and self._uses[folder.stem].idle:
                room += size
                await self._throw_away(folder)

    @property
    def _scratch(self) -> Path:
        return self.root / "scratch"

    def _folder(self, storage: str) -> Path:
        return self.root / "mirrors" / f"{storage}.git"

    async def _throw_away(self, folder: Path) -> None:
        with scratch_folder(self._scratch, "trash-") as trash:
            _move(folder, trash / "mirror")  # at once: nobody opens half a clone
            await asyncio.to_thread(rmtree, trash / "mirror", ignore_errors=True)
        if self._uses[folder.stem].idle:
            del self._uses[folder.stem]

    async def _refresh(self, folder: Path, manifest: Manifest) -> None:
        """Add packs, then refs, then forget packs: readers may be in the middle."""
        with scratch_folder(self._scratch, "clone-") as scratch:
            _ensure(folder, scratch / "mirror", max_push=self.limits.push_bytes)
            here, there = pack_names(folder), {p.name for p in manifest.packs}
            for pack in manifest.packs:
                if pack.name not in here:
                    await self._download(pack, scratch)
                    add_pack(folder, pack.name, scratch)
        write_refs(folder, manifest.refs)
        _write_version(folder, manifest.stamp.version)
        for name in here - there:
            remove_pack(folder, name)

    async def _download(self, pack: PackFile, scratch: Path) -> None:
        path = scratch / f"pack-{pack.name}.pack"
        with path.open("wb") as file:
            async for piece in self.blobs.stream(Bucket.MODULES, pack.key):
                file.write(piece)
        try:
            output = await self.git.run(
                "index-pack", path, seconds=self.limits.transfer_seconds
            )
        except GitFailedError as error:
            raise PackDamagedError(pack=pack.name) from error
        if output.decode().split()[-1] != pack.name:
            raise PackDamagedError(pack=pack.name)


def _ensure(folder: Path, fresh: Path, *, max_push: int) -> None:
    """Let there be at least an empty repository; nobody ever sees half of one."""
    if not folder.exists():
        lay_out(fresh, max_push=max_push)
        _move(fresh, folder)


def _move(source: Path, target: Path) -> None:
    source.rename(target)


def _version(folder: Path) -> int:
    """Return how far a clone is; -1 if there is none. Asked of the disk each time."""
    try:
        return int((folder / _VERSION).read_text())
    except (FileNotFoundError, ValueError):
        return -1


def _write_version(folder: Path, version: int) -> None:
    fresh = folder / f"{_VERSION}.new"
    fresh.write_text(str(version))
    fresh.replace(folder / _VERSION)


def _by_age(folder: Path) -> list[tuple[float, Path]]:
    """Return the clones and when each was last used, the newest first."""
    found = [(path.stat().st_mtime, path) for path in folder.glob("*.git")]
    return sorted(found, reverse=True)


def _size(folder: Path) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # somebody is at work there
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118 - as walk gives it
    return total
