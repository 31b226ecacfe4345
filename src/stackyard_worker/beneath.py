"""Files below a root that somebody else has filled, without being led out of it.

A path is taken component by component and no link is ever followed, so a link that
user code left behind leads to an error, never to a file of the machine.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

from stackyard_worker.errors import UnsafePathError

# uid and gid that new files are given; None: they stay ours
Owner: TypeAlias = tuple[int, int] | None

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# a fifo that user code left must not make us wait for a writer
_OLD_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_REFUSALS = {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}


def parts_of(path: str) -> tuple[str, ...]:
    """Split a relative path, or raise for one that is absolute or climbs."""
    if path.startswith("/") or "\0" in path:
        raise UnsafePathError(path)
    parts = tuple(part for part in path.split("/") if part not in {"", "."})
    if ".." in parts:
        raise UnsafePathError(path)
    return parts


@contextmanager
def folder(
    root: Path, parts: Sequence[str], *, make: bool = False, owner: Owner = None
) -> Iterator[int]:
    """Open the folder *parts* below *root*; the descriptor is good in the block."""
    current = os.open(root, _FOLDER)
    try:
        for part in parts:
            following = _enter(current, part, make=make, owner=owner)
            os.close(current)
            current = following
        yield current
    finally:
        os.close(current)


def write(
    root: Path,
    path: str,
    content: bytes,
    *,
    mode: int = 0o644,
    owner: Owner = None,
) -> None:
    """Write a file below *root*, making its folders; what was there is replaced."""
    *parents, name = parts_of(path) or ("",)
    if not name:
        raise UnsafePathError(path)
    with (
        folder(root, parents, make=True, owner=owner) as parent,
        create(parent, name, mode=mode, owner=owner) as file,
    ):
        file.write(content)


@contextmanager
def create(
    parent: int, name: str, *, mode: int, owner: Owner = None
) -> Iterator[BinaryIO]:
    """Create a file in an open folder, in place of whatever file or link is there."""
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):
        raise UnsafePathError(name) from None
    descriptor = os.open(name, _NEW_FILE, mode, dir_fd=parent)
    with os.fdopen(descriptor, "wb") as file:
        if owner is not None:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
        yield file


@contextmanager
def read(root: Path, path: str) -> Iterator[BinaryIO]:
    """Open a regular file below *root* for reading."""
    *parents, name = parts_of(path) or ("",)
    with folder(root, parents) as parent:
        try:
            descriptor = os.open(name, _OLD_FILE, dir_fd=parent)
        except OSError as error:
            raise _translated(error, path) from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnsafePathError(path)
        yield file


def read_bounded(root: Path, path: str, most: int) -> bytes | None:
    """Return the content; None if there is no such file or it is longer than *most*."""
    try:
        with read(root, path) as file:
            content = file.read(most + 1)
    except (FileNotFoundError, UnsafePathError):
        return None
    return None if len(content) > most else content


def _enter(current: int, name: str, *, make: bool, owner: Owner) -> int:
    if make:
        try:
            os.mkdir(name, 0o755, dir_fd=current)
            if owner is not None:
                os.chown(name, *owner, dir_fd=current, follow_symlinks=False)
        except FileExistsError:
            pass
    try:
        return os.open(name, _FOLDER, dir_fd=current)
    except OSError as error:
        raise _translated(error, name) from None


def _translated(error: OSError, path: str) -> Exception:
    return UnsafePathError(path) if error.errno in _REFUSALS else error
