"""Tar archives in and out, with every member looked at before anything is written.

What comes in was made by others: nothing absolute, no `..`, no devices, nothing
written through a link, a bounded number of members and of bytes. Permission bits
travel; owners, set-user-id bits and times of folders do not.
"""

import gzip
import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from stackyard_protocol.envelope import pieces
from stackyard_protocol.sealed_file import (
    LARGEST,
    SealedFileError,
    is_sealed,
    open_file,
)
from stackyard_worker import beneath
from stackyard_worker.beneath import Owner
from stackyard_worker.errors import ArchiveError, UnsafePathError

_PIECE = 1024 * 1024
_LONGEST_NAME = 200
_HEADERS = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}


@dataclass(frozen=True, slots=True)
class Bounds:
    members: int
    size: int  # bytes, unpacked


class _Member(tarfile.TarInfo):
    """tarfile keeps extended headers in memory, however long they say they are."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        member = super().frombuf(buf, encoding, errors)
        if member.type in _HEADERS and member.size > _PIECE:
            raise ArchiveError("The archive has a header that is far too long.")
        return member


@dataclass(slots=True)
class Unpacker:
    """Writes the members of one archive below *root*.

    *trusted_links*: the archive is our own, so links may point anywhere. They were
    made inside a sandbox and mean something only there; we follow none of them.
    *in_folder*: everything lies in one folder, whatever its name, that is taken off.
    What does not is refused: it would be left out unseen.
    *file_key*: opens the files that are sealed; `opened` is what was in them.
    """

    root: Path
    bounds: Bounds
    owner: Owner = None
    trusted_links: bool = False
    in_folder: bool = False
    file_key: bytes | None = field(default=None, repr=False)
    opened: list[bytes] = field(default_factory=list, repr=False)
    _folder: tuple[str, ...] = ()
    _count: int = 0
    _size: int = 0

    def unpack(self, file: IO[bytes]) -> None:
        """Read a gzipped tar to its end, or raise `ArchiveError` naming the member."""
        try:
            # a stream: never seeks, so a member can't be read twice
            with tarfile.open(fileobj=file, mode="r|gz", tarinfo=_Member) as archive:
                for member in archive:
                    self._take(archive, member)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise ArchiveError(f"The archive can't be unpacked: {error}.") from None

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._count += 1
        if self._count > self.bounds.members:
            raise ArchiveError(
                f"The archive has more than {self.bounds.members} members."
            )
        try:
            parts = self._within(beneath.parts_of(member.name), member)
            if parts:
                self._place(archive, member, parts)
        except UnsafePathError:
            raise ArchiveError(
                f"The archive was refused: member {shown(member.name)} leaves its"
                " folder."
            ) from None

    def _within(
        self, parts: tuple[str, ...], member: tarfile.TarInfo
    ) -> tuple[str, ...]:
        """Take the folder off that is not of the code."""
        if not self.in_folder:
            return parts
        outer, inner = parts[:1], parts[1:]
        self._folder = self._folder or outer
        if (outer and outer != self._folder) or not (inner or member.isdir()):
            raise ArchiveError(
                f"The archive was refused: member {shown(member.name)} is not in the"
                " one folder that it should have at its top."
            )
        return inner

    def _place(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, parts: tuple[str, ...]
    ) -> None:
        *parents, name = parts
        with beneath.folder(self.root, parents, make=True, owner=self.owner) as parent:
            if member.isdir():
                self._make_folder(parent, name, member)
            elif member.issym():
                self._make_symlink(parent, parts, member)
            elif member.islnk():
                self._make_link(parent, name, member)
            elif member.isreg():
                self._make_file(archive, parent, name, member)
            else:
                raise ArchiveError(
                    f"The archive was refused: member {shown(member.name)} is neither a"
                    " file, a folder nor a link."
                )

    def _make_folder(self, parent: int, name: str, member: tarfile.TarInfo) -> None:
        try:
            os.mkdir(name, dir_fd=parent)
        except FileExistsError:
            if not stat.S_ISDIR(_kind(parent, name)):
                raise UnsafePathError(name) from None
        # We must be able to write into it; a folder of the owner's own always can be.
        os.chmod(name, member.mode & 0o777 | 0o700, dir_fd=parent)
        self._give_away(parent, name)

    def _make_symlink(
        self, parent: int, parts: tuple[str, ...], member: tarfile.TarInfo
    ) -> None:
        if not self.trusted_links:
            _ensure_inside(member.linkname, len(parts) - 1)
        name = parts[-1]
        _make_room(parent, name)
        os.symlink(member.linkname, name, dir_fd=parent)
        self._give_away(parent, name)

    def _make_link(self, parent: int, name: str, member: tarfile.TarInfo) -> None:
        linked = self._within(beneath.parts_of(member.linkname), member)
        *parents, original = linked or ("",)
        with beneath.folder(self.root, parents) as source:
            if not stat.S_ISREG(_kind(source, original)):
                raise UnsafePathError(member.linkname)
            _make_room(parent, name)
            os.link(
                original,
                name,
                src_dir_fd=source,
                dst_dir_fd=parent,
                follow_symlinks=False,
            )

    def _make_file(
        self, archive: tarfile.TarFile, parent: int, name: str, member: tarfile.TarInfo
    ) -> None:
        self._size += member.size
        if self._size > self.bounds.size:
            raise ArchiveError(
                f"The archive unpacks to more than {self.bounds.size} bytes:"
                f" member {shown(member.name)} is too much."
            )
        content = archive.extractfile(member)
        mode = member.mode & 0o777 | 0o600
        with beneath.create(parent, name, mode=mode, owner=self.owner) as file:
            for piece in self._clear(member, pieces(content) if content else iter(())):
                file.write(piece)
            file.flush()
            os.utime(file.fileno(), (member.mtime, member.mtime))

    def _clear(
        self, member: tarfile.TarInfo, content: Iterator[bytes]
    ) -> Iterator[bytes]:
        """Pass the content on, in the clear if it is sealed and there is a key."""
        first = next(content, b"")
        if self.file_key is None or not is_sealed(first):
            yield first
            yield from content
            return
        if member.size > LARGEST:
            raise ArchiveError(
                f"The encrypted file {shown(member.name)} is longer than {LARGEST}"
                " bytes."
            )
        try:
            clear = open_file(self.file_key, b"".join([first, *content]))
        except SealedFileError:
            raise ArchiveError(
                f"The encrypted file {shown(member.name)} can't be opened: it was"
                " changed, or comes from another repository."
            ) from None
        self.opened.append(clear)
        yield clear

    def _give_away(self, parent: int, name: str) -> None:
        if self.owner is not None:
            os.chown(name, *self.owner, dir_fd=parent, follow_symlinks=False)


def _ensure_inside(target: str, depth: int) -> None:
    """Allow `..` only at the front, and no more of them than lead to the root.

    Further back they could follow a link that we have just made, and so climb out
    of a path that looks harmless.
    """
    if target.startswith("/") or "\0" in target:
        raise UnsafePathError(target)
    parts = [part for part in target.split("/") if part not in {"", "."}]
    climbs = 0
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    if climbs > depth or ".." in parts[climbs:]:
        raise UnsafePathError(target)


def _make_room(parent: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        raise UnsafePathError(name) from None


def _kind(parent: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        raise UnsafePathError(name) from None


def pack(root: Path, names: list[str], sink: gzip.GzipFile) -> None:
    """Write *names* below *root* as an uncompressed tar; sockets are left out."""
    with tarfile.open(
        fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_PIECE
    ) as archive:
        for name in _below(root, names):
            with _naming(name):
                _add(archive, root / name, name)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    member: tarfile.TarInfo | None = archive.gettarinfo(str(path), name)
    if member is None or not (
        member.isreg() or member.isdir() or member.issym() or member.islnk()
    ):
        return
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode &= 0o777
    if member.isreg():
        with path.open("rb") as file:
            archive.addfile(member, file)
    else:
        archive.addfile(member)


def _below(root: Path, names: list[str]) -> Iterator[str]:
    """Name everything, folders before what they hold. No recursion: depth is theirs."""
    waiting = names[::-1]
    while waiting:
        name = waiting.pop()
        yield name
        with _naming(name):
            waiting += [f"{name}/{child}" for child in _children(root / name)]


def _children(path: Path) -> list[str]:
    """Return what a folder holds, last first; nothing for a link to a folder."""
    if path.is_symlink() or not path.is_dir():
        return []
    return sorted((child.name for child in path.iterdir()), reverse=True)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Say which file it was that the system would not let us have."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"{shown(name)} of the workspace can't be archived: {error.strerror}."
        ) from None


def shown(name: str) -> str:
    """Return a name that others chose, fit for a sentence: printable, not too long."""
    text = ascii(name)
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}...'"
