"""The run's log as the phases see it: bytes of tools, sentences of ours.

Everything that leaves here has been masked. `::add-mask a b` at the beginning of a
line of output hides those words from that line on.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from stackyard_worker.conversation import Conversation
from stackyard_worker.masking import SHORTEST, Masker

_COMMAND: Final = b"::add-mask"
_LINE: Final = re.compile(rb"^::add-mask[ \t]+([^\n]*)\n", re.MULTILINE)
_LONGEST_COMMAND: Final = 64 * 1024


class RunLog:
    def __init__(self, conversation: Conversation, masker: Masker) -> None:
        self._conversation = conversation
        self._masker = masker
        self._held = b""  # the beginning of a line that may become a command
        self._in_line = False  # what was passed on does not end with a newline
        self.added: list[str] = []  # masked by command; a later leg must know them

    def output(self, data: bytes) -> None:
        """Take the next bytes of a tool, cut anywhere."""
        buffer, self._held = self._held + data, b""
        for piece, words in self._pieces(buffer):
            self.hide(words)
            self._pass_on(self._masker.feed(piece))
            self._in_line = not piece.endswith(b"\n")

    def say(self, sentence: str) -> None:
        """Write a line of our own."""
        self.flush()
        start = "\n" if self._in_line else ""
        self._in_line = False
        line = f"{start}{sentence}\n".encode(errors="replace")
        self._pass_on(self._masker.feed(line) + self._masker.flush())

    def flush(self) -> None:
        """The tool has ended: nothing more can come of what was held back."""
        held, self._held = self._held, b""
        if held:
            self._in_line = True
        self._pass_on(self._masker.feed(held) + self._masker.flush())

    def hide(self, words: Iterable[str]) -> None:
        """Mask these words from now on, in later legs of the run too."""
        new = [word for word in words if len(word) >= SHORTEST]
        if new:
            self.added += new
            self._masker.add(new)

    def clean(self, sentence: str) -> str:
        """Mask a sentence that goes elsewhere than into the log."""
        return self._masker.mask(sentence)

    def _pass_on(self, masked: bytes) -> None:
        if masked:
            self._conversation.write(masked)

    def _pieces(self, buffer: bytes) -> Iterator[tuple[bytes, list[str]]]:
        """Cut at commands; with each piece, the words to hide before passing it on."""
        start = 0
        for match in _LINE.finditer(buffer):
            if match.start() == 0 and self._in_line:
                continue
            if match.start() > start:
                yield buffer[start : match.start()], []
            words = match[1].decode(errors="surrogateescape").split()
            yield buffer[match.start() : match.end()], words
            start = match.end()
        end = self._unfinished(buffer, start)
        self._held = buffer[end:]
        if end > start:
            yield buffer[start:end], []

    def _unfinished(self, buffer: bytes, start: int) -> int:
        """Return where a command begins that has no newline yet, or the end."""
        begin = buffer.rfind(b"\n", start) + 1 or start
        line = buffer[begin : begin + _LONGEST_COMMAND + 1]
        mid_line = begin == 0 and self._in_line
        command = line.startswith(_COMMAND) or _COMMAND.startswith(line)
        if mid_line or not command or len(line) > _LONGEST_COMMAND:
            return len(buffer)
        return begin
