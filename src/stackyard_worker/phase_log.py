"""The log of one state of a leg, on disk until the control plane has all of it.

What is written goes to the file at once: the disk is the buffer, so memory stays flat
and a launcher that dies has lost nothing that it was given. Where the chunks begin
and end is written down before the first try to send one, so that a chunk has the same
bytes in every life of the launcher. Nothing here waits for the disk's cache: that is
done with the next report.
"""

import contextlib
import os
import struct
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import structlog

from stackyard_protocol.report import MAX_CHUNK, LogEnd

log = structlog.get_logger()

_LENGTH: Final = struct.Struct(">I")
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND


@dataclass(slots=True)
class PhaseLog:
    """`ends` are the offsets where the sealed chunks end."""

    version: int
    path: Path
    size: int = 0
    closed: bool = False
    ends: "array[int]" = field(default_factory=lambda: array("Q"))
    lost: int = 0
    _bytes: int | None = None
    _lengths: int | None = None

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """Return the closed log that an earlier life left at *path*."""
        found = cls(int(path.stem), path, size=path.stat().st_size, closed=True)
        lengths = found._lengths_path
        raw = lengths.read_bytes() if lengths.exists() else b""
        whole = len(raw) - len(raw) % _LENGTH.size
        end = 0
        for (length,) in _LENGTH.iter_unpack(raw[:whole]):
            end += length
            if end <= found.size:
                found.ends.append(end)
        if found.ends or raw:
            os.truncate(lengths, len(found.ends) * _LENGTH.size)
        return found

    def write(self, data: bytes) -> None:
        """Append. A full disk costs the rest of the log, never the run."""
        view = memoryview(data)
        try:
            if self._bytes is None:
                self._bytes = os.open(self.path, _FLAGS, 0o600)
            while view:
                written = os.write(self._bytes, view)
                self.size += written
                view = view[written:]
        except OSError as error:
            if not self.lost:
                log.error(  # noqa: TRY400 - the number says it all
                    "log.lost", version=self.version, errno=error.errno
                )
            self.lost += len(view)

    @property
    def unsealed(self) -> int:
        return self.size - (self.ends[-1] if self.ends else 0)

    def seal(self) -> None:
        """Make the next chunk of what there is, and write down how long it is."""
        length = min(self.unsealed, MAX_CHUNK)
        # On a full disk the log is still sent; only another life could not go on.
        with contextlib.suppress(OSError):
            if self._lengths is None:
                self._lengths = os.open(self._lengths_path, _FLAGS, 0o600)
            os.write(self._lengths, _LENGTH.pack(length))
        self.ends.append((self.ends[-1] if self.ends else 0) + length)

    def chunk(self, number: int) -> bytes:
        start = self.ends[number - 1] if number else 0
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(self.ends[number] - start)

    def end(self) -> LogEnd:
        return LogEnd(chunks=len(self.ends), size=self.size)

    def sync(self) -> None:
        """Wait until the machine could lose its power without losing this."""
        for descriptor in (self._bytes, self._lengths):
            if descriptor is not None:
                with contextlib.suppress(OSError):  # a log never stops a report
                    os.fsync(descriptor)

    def release(self) -> None:
        """Close the files. Nothing is written afterwards."""
        for descriptor in (self._bytes, self._lengths):
            if descriptor is not None:
                os.close(descriptor)
        self._bytes = self._lengths = None

    def forget(self) -> None:
        """The control plane has it all: the disk may have its room back."""
        self.release()
        self.path.unlink(missing_ok=True)
        self._lengths_path.unlink(missing_ok=True)

    @property
    def _lengths_path(self) -> Path:
        return self.path.with_suffix(".chunks")
