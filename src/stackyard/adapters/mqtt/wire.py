"""MQTT's primitive fields, read from one packet's body and written to one."""

import struct
from typing import Final

from stackyard.adapters.mqtt.errors import ProtocolError, Reason


class Reader:
    """Walks through a body; whatever runs over its end is malformed."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._body) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise ProtocolError(Reason.MALFORMED, "a field runs over the packet's end")
        self._at += count
        return self._body[self._at - count : self._at]

    def rest(self) -> bytes:
        return self.take(self.left)

    def byte(self) -> int:
        return self.take(1)[0]

    def short(self) -> int:
        return int.from_bytes(self.take(2))

    def long(self) -> int:
        return int.from_bytes(self.take(4))

    def variable(self) -> int:
        value = 0
        for shift in (0, 7, 14, 21):
            digit = self.byte()
            value |= (digit & 0x7F) << shift
            if digit < 0x80:  # noqa: PLR2004 - the continuation bit
                return value
        raise ProtocolError(Reason.MALFORMED, "a length has more than four bytes")

    def binary(self) -> bytes:
        return self.take(self.short())

    def text(self) -> str:
        try:
            text = self.binary().decode()
        except UnicodeDecodeError as error:
            raise ProtocolError(Reason.MALFORMED, "text is not UTF-8") from error
        if "\0" in text:
            raise ProtocolError(Reason.MALFORMED, "text holds a NUL")
        return text

    def packet_id(self) -> int:
        number = self.short()
        if not number:
            raise ProtocolError(Reason.MALFORMED, "packet identifier 0")
        return number

    def end(self) -> None:
        if self.left:
            raise ProtocolError(Reason.MALFORMED, "there is more after the last field")


def variable(value: int) -> bytes:
    out = bytearray()
    while True:
        value, digit = value >> 7, value & 0x7F
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)


def text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("!H", len(encoded)) + encoded


def short(value: int) -> bytes:
    return struct.pack("!H", value)


def packet(header: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes([header]) + variable(len(body)) + body


LONGEST_HEADER: Final = 5


class Frames:
    """Cuts the byte stream into packets, and never keeps more than one of *limit*."""

    __slots__ = ("_buffer", "limit")

    def __init__(self, limit: int) -> None:
        self._buffer = bytearray()
        self.limit = limit

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> tuple[int, bytes] | None:
        """Return the next whole packet as its first byte and its body."""
        head = bytes(self._buffer[:LONGEST_HEADER])
        size = _size(head)
        if size is None:
            return None
        length, start = size
        if length > self.limit:
            raise ProtocolError(Reason.TOO_LARGE, "the packet is too large")
        if len(self._buffer) < start + length:
            return None
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return head[0], body


def _size(head: bytes) -> tuple[int, int] | None:
    """Return a packet's body length and where it starts, if that is known yet."""
    for end in range(1, len(head)):
        if head[end] < 0x80:  # noqa: PLR2004 - the continuation bit
            return Reader(head[1:]).variable(), end + 1
    if len(head) == LONGEST_HEADER:
        raise ProtocolError(Reason.MALFORMED, "a length has more than four bytes")
    return None
