"""What a push asks for, and git's report on it, held back until it is true.

Git answers as soon as the objects are in quarantine. Whether the branches move is
decided afterwards, so its report waits here while its progress goes on at once.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

from stackyard.vcs.errors import PushRequestError
from stackyard.vcs.model.pkt_line import (
    FLUSH,
    LONGEST,
    PktLineError,
    PktLines,
    pkt_line,
)

MOST_BYTES: Final = 4 * 1024 * 1024
FETCH_FIRST: Final = "fetch first"
_REPORT_BAND: Final = b"\x01"
_PIECE: Final = LONGEST - 5
_COMMAND_PARTS: Final = 3
_NOBODY: Final = "0" * 40


@dataclass(slots=True)
class PushRequest:
    """The head of a push: which refs shall go where, and how the client listens."""

    old: dict[str, str | None] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    _lines: PktLines = field(default_factory=PktLines)
    _complete: bool = False

    @property
    def side_band(self) -> bool:
        return bool({"side-band", "side-band-64k"} & self.capabilities)

    def stale(self, refs: dict[str, str]) -> set[str]:
        """Return the refs that are not where the client believes."""
        return {name for name, old in self.old.items() if refs.get(name) != old}

    async def listen(self, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """Pass *body* on as it is, and take notice of its head."""
        seen = 0
        async for piece in body:
            if not self._complete:
                seen += len(piece)
                self._read(piece)
                if seen > MOST_BYTES and not self._complete:
                    raise PushRequestError
            yield piece

    def _read(self, piece: bytes) -> None:
        self._lines.feed(piece)
        try:
            for line in self._lines.take():
                if line is None:
                    self._complete = True
                    self._lines = PktLines()
                    return
                self._take(line)
        except PktLineError as error:
            raise PushRequestError from error

    def _take(self, line: bytes) -> None:
        command, _, capabilities = line.partition(b"\0")
        if capabilities:
            words = capabilities.decode(errors="replace").split()
            self.capabilities = frozenset(words)
        parts = command.decode(errors="replace").rstrip("\n").split(" ", 2)
        if len(parts) == _COMMAND_PARTS:  # `shallow` and certificates are git's matter
            old, _, name = parts
            self.old[name] = None if old == _NOBODY else old


@dataclass(slots=True)
class HeldReport:
    """Feed it what git answers; let go of the report once the outcome is known."""

    request: PushRequest
    _outer: PktLines = field(default_factory=PktLines)
    _report: bytearray = field(default_factory=bytearray)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what the client may hear now."""
        if not self.request.side_band:
            self._hold(piece)
            return
        self._outer.feed(piece)
        for packet in self._outer.take():
            if packet is not None and packet[:1] == _REPORT_BAND:
                self._hold(packet[1:])
            elif packet is not None:
                yield pkt_line(packet)

    def release(self, *, refused: str | None, stale: set[str]) -> Iterator[bytes]:
        """Yield the report: as git said it, or that every ref is *refused*."""
        report = b"".join(_corrected(bytes(self._report), refused, stale))
        if not self.request.side_band:
            yield report
            return
        for start in range(0, len(report), _PIECE):
            yield pkt_line(_REPORT_BAND + report[start : start + _PIECE])
        yield FLUSH

    def _hold(self, piece: bytes) -> None:
        self._report += piece
        if len(self._report) > MOST_BYTES:
            raise PushRequestError


def _corrected(report: bytes, refused: str | None, stale: set[str]) -> Iterator[bytes]:
    lines = PktLines()
    lines.feed(report)
    for line in lines.take():
        if line is None:
            yield FLUSH
        elif said := _said(line.decode(errors="replace"), refused, stale):
            yield pkt_line(said.encode())


def _said(line: str, refused: str | None, stale: set[str]) -> str:
    word, _, rest = line.rstrip("\n").partition(" ")
    name = rest.split(" ", 1)[0]
    if word == "ng" and name in stale:
        return f"ng {name} {FETCH_FIRST}\n"
    if refused and word == "ok":
        return f"ng {name} {refused}\n"
    if refused and word == "option":  # describes an `ok` that is none any more
        return ""
    return line
