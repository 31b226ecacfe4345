"""Keep secrets out of a stream of bytes, wherever the stream happens to be cut.

Every occurrence of a secret becomes five stars; occurrences that overlap become one
mask together. Only a tail that may be the beginning of a secret is held back, until
more bytes or the end decide. There is no timeout: a secret that is printed in two
halves with a pause between them stays masked.

Values shorter than three bytes are not masked: the log would be made of stars. Long
values count in pieces of a few KiB. Of a value with several lines every line of eight
bytes or more is masked on its own too, since tools indent and wrap. Encodings other
than JSON's escapes (base64, percent) are not recognised.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from stackyard_worker import known_secrets

MASK: Final = b"*****"
SHORTEST: Final = 3

_SHORTEST_LINE: Final = 8
_MOST_LINES: Final = 1000
_PIECE: Final = 4096
_LONGEST_WORD: Final = 16 * 1024
_SPACES: Final = (b" ", b"\n", b"\t", b"\r", b"\v", b"\f")

Span: TypeAlias = tuple[int, int]


def terms(value: str) -> set[bytes]:
    """Return the byte strings to look for on behalf of one secret value."""
    found: set[bytes] = set()
    for form in {value, value.strip(), json.dumps(value)[1:-1]}:
        found.update(_pieces(form.encode(errors="surrogateescape")))
    lines = value.splitlines()
    if 1 < len(lines) <= _MOST_LINES:
        for line in lines:
            bare = line.strip().encode(errors="surrogateescape")
            if len(bare) >= _SHORTEST_LINE:
                found.update(_pieces(bare))
    return found


def _pieces(value: bytes) -> Iterator[bytes]:
    """Cut a long value into pieces, none of them too short to be looked for."""
    start = 0
    while len(value) - start >= _PIECE + SHORTEST:
        yield value[start : start + _PIECE]
        start += _PIECE
    if len(value) - start >= SHORTEST:
        yield value[start:]


class Masker:
    """One stream. `feed` what comes, write out what it returns, `flush` at the end."""

    def __init__(
        self, secrets: Iterable[str] = (), *, well_known: bool = False
    ) -> None:
        self._well_known = well_known
        self._held = b""
        self._covered = 0  # bytes of `_held` that a mask already stands for
        self._words = _Words(set())
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these as well, from the next byte on."""
        new = {term for secret in secrets for term in terms(secret)}
        if not new <= self._words.all:
            self._words = _Words(self._words.all | new)

    def feed(self, data: bytes) -> bytes:
        buffer = self._held + data if self._held else data
        return self._emit(buffer, self._undecided(buffer))

    def flush(self) -> bytes:
        """Return what was held back: nothing comes after it."""
        return self._emit(self._held, len(self._held))

    def mask(self, text: str) -> str:
        """Mask one text on its own, apart from the stream."""
        data = text.encode(errors="surrogateescape")
        shown, _ = _masked(data, len(data), 0, self._spans(data, len(data)))
        return shown.decode(errors="replace")

    def _emit(self, buffer: bytes, limit: int) -> bytes:
        spans = self._spans(buffer, limit)
        shown, end = _masked(buffer, limit, self._covered, spans)
        self._held, self._covered = buffer[limit:], max(0, end - limit)
        return shown

    def _spans(self, buffer: bytes, limit: int) -> list[Span]:
        """Return every occurrence that begins before *limit*, in order."""
        spans = self._words.spans(buffer, limit)
        if self._well_known:
            spans += [span for span in known_secrets.find(buffer) if span[0] < limit]
            spans.sort()
        return spans

    def _undecided(self, buffer: bytes) -> int:
        """Return where a secret may begin whose end has not come yet."""
        limit = self._words.partial(buffer)
        if self._well_known:
            start = max(0, len(buffer) - _LONGEST_WORD)
            last_word = max(buffer.rfind(space, start) for space in _SPACES) + 1
            limit = min(limit, max(start, last_word))
            if match := known_secrets.OPEN.search(buffer, start):
                limit = min(limit, match.start())
        return limit


class _Words:
    """A set of words, compiled for finding whole ones and unfinished ones."""

    def __init__(self, words: set[bytes]) -> None:
        self.all = words
        self._search = _compiled(words)
        self._groups: dict[bytes, list[bytes]] = defaultdict(list)
        for word in words:
            self._groups[word[:2]].append(word)
        # a lookahead, so that what it finds may overlap
        starts = b"(?=" + _either(sorted(self._groups)) + b")"
        self._starts = re.compile(starts, re.DOTALL)
        self._firsts = frozenset(word[0] for word in words)
        self._longest = max(map(len, words), default=0)

    def spans(self, buffer: bytes, limit: int) -> list[Span]:
        """Return every occurrence that begins before *limit*, the longest at each."""
        found: list[Span] = []
        start = 0
        while self._search and (match := self._search.search(buffer, start)):
            if match.start() >= limit:
                break
            found.append(match.span())
            start = match.start() + 1  # the next may begin within this one
        return found

    def partial(self, buffer: bytes) -> int:
        """Return where the rest of *buffer* is the beginning of a longer word."""
        end = len(buffer)
        if not self.all or not end:
            return end
        start = max(0, end - self._longest + 1)
        for match in self._starts.finditer(buffer, start):
            tail = buffer[match.start() :]
            for word in self._groups[tail[:2]]:
                if len(word) > len(tail) and word.startswith(tail):
                    return match.start()
        return end - 1 if buffer[-1] in self._firsts else end


def _masked(
    buffer: bytes, limit: int, covered: int, spans: list[Span]
) -> tuple[bytes, int]:
    """Return the bytes before *limit* with masks, and where the last mask ends."""
    shown: list[bytes] = []
    done = covered
    for start, end in spans:
        if start >= done:
            shown += (buffer[done:start], MASK)
        done = max(done, end)
    if done < limit:
        shown.append(buffer[done:limit])
    return b"".join(shown), done


def _compiled(words: set[bytes]) -> re.Pattern[bytes] | None:
    """Compile an alternation that is grouped by first and second byte.

    Flat, five hundred words cost thirty times as much: each is tried everywhere.
    """
    if not words:
        return None
    tree: dict[bytes, dict[bytes, list[bytes]]] = defaultdict(lambda: defaultdict(list))
    for word in sorted(words, key=len, reverse=True):  # the longest wins
        tree[word[:1]][word[1:2]].append(word[2:])
    return re.compile(
        _alternation(
            re.escape(first)
            + _alternation(
                re.escape(second) + _either(rests) for second, rests in branch
            )
            for first, branch in ((one, list(two.items())) for one, two in tree.items())
        )
    )


def _either(words: Iterable[bytes]) -> bytes:
    return _alternation(re.escape(word) for word in words)


def _alternation(branches: Iterable[bytes]) -> bytes:
    return b"(?:" + b"|".join(branches) + b")"
