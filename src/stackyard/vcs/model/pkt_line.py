"""Git's framing: four hexadecimal digits of length, then the data.

Knows no meaning of what is inside, and trusts no length it reads.
"""

import re
from collections.abc import Iterator
from typing import Final

FLUSH: Final = b"0000"
LONGEST: Final = 65_520
_HEADER: Final = 4
_LENGTH: Final = re.compile(rb"[0-9a-fA-F]{4}")


class PktLineError(ValueError):
    """Those bytes are not packet lines."""


def pkt_line(data: bytes) -> bytes:
    return b"%04x" % (len(data) + _HEADER) + data


class PktLines:
    """Feed it pieces of any size, and take out whole lines; None is a flush.

    Other lengths below four are delimiters of later protocols and read as None.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def rest(self) -> bytes:
        """Return what is not yet, or will never be, a whole line."""
        return bytes(self._buffer)

    def feed(self, piece: bytes) -> None:
        self._buffer += piece

    def take(self) -> Iterator[bytes | None]:
        while (line := self._next()) is not None:
            yield line or None

    def _next(self) -> bytes | None:
        """Return one line, b"" for a flush, or None if more is needed."""
        if len(self._buffer) < _HEADER:
            return None
        header = bytes(self._buffer[:_HEADER])
        if not _LENGTH.fullmatch(header) or (length := int(header, 16)) > LONGEST:
            raise PktLineError
        if length <= _HEADER:  # an empty line carries nothing, like a flush
            del self._buffer[:_HEADER]
            return b""
        if len(self._buffer) < length:
            return None
        line = bytes(self._buffer[_HEADER:length])
        del self._buffer[:length]
        return line
