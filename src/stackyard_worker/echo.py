"""The log of a run on our own standard output too, a line at a time, when asked for."""

from dataclasses import dataclass, field
from typing import Final

import structlog

log = structlog.get_logger("stackyard_worker.run")

LONGEST: Final = 64 * 1024  # a longer line is shown in parts: this is a convenience


@dataclass(slots=True)
class Echo:
    run: str
    stack: str
    _held: bytearray = field(default_factory=bytearray)

    def write(self, masked: bytes) -> None:
        self._held += masked
        *lines, rest = self._held.split(b"\n")
        self._held = rest
        for line in lines:
            self._show(line)
        while len(self._held) > LONGEST:
            self._show(self._held[:LONGEST])
            del self._held[:LONGEST]

    def flush(self) -> None:
        if self._held:
            self._show(self._held)
            self._held = bytearray()

    def _show(self, line: bytearray) -> None:
        text = line.decode(errors="replace").removesuffix("\r")
        log.info("run.log", run_ulid=self.run, stack_id=self.stack, msg=text)
