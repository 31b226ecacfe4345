"""The chain that entries are sealed with, and how it is verified. Pure.

    digest   = SHA-256 of the entry's contents: a JSON array in UTF-8, without white
               space, that begins with "stackyard-audit-1" and goes on in the order of
               `entry.CONTENTS`; the time is an integer, microseconds since 1970
    hash     = SHA-256 of the previous entry's hash (32 bytes), the position (8 bytes,
               most significant first) and the digest (32 bytes)

The first entry has position 1; before it come 32 zero bytes. `Chain` is the one row
that says where the chain ends and, since old entries are removed at the front, where it
begins: a missing end or beginning would otherwise look like none.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol, Self

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.audit.model.masking import canonical
from stackyard.kernel.orm import Entity

FORM: Final = "stackyard-audit-1"
GENESIS: Final = bytes(32)


def digest_of(contents: Sequence[Any]) -> bytes:
    said = canonical([FORM, *contents])
    return hashlib.sha256(said.encode(errors="replace")).digest()


def link(previous: bytes, position: int, digest: bytes) -> bytes:
    """Return the hash of the entry at *position*, after the one of hash *previous*."""
    place = position.to_bytes(8, "big", signed=True)
    return hashlib.sha256(previous + place + digest).digest()


@dataclass(frozen=True, slots=True)
class Mark:
    """The hash that the chain has at a position."""

    position: int = 0
    hash: bytes = GENESIS

    def __str__(self) -> str:
        return f"{self.position}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote, or raise ValueError."""
        position, _, digest = text.partition(":")
        return cls(int(position), bytes.fromhex(digest))


class Sealable(Protocol):
    """An entry, as far as the chain goes."""

    id: Any
    digest: Any
    position: Any
    previous: Any
    hash: Any

    @property
    def contents(self) -> list[Any]: ...


class Chain(Entity):
    """One row; its lock lets one seal, or remove, at a time."""

    __tablename__ = "audit_chain"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)  # of the last entry
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    anchor_position: Mapped[int] = mapped_column(BigInteger)  # of the last one removed
    anchor_hash: Mapped[bytes] = mapped_column(LargeBinary)

    @classmethod
    def first(cls) -> Self:
        return cls(
            id=1, position=0, hash=GENESIS, anchor_position=0, anchor_hash=GENESIS
        )

    @property
    def head(self) -> Mark:
        return Mark(self.position, self.hash)

    @property
    def anchor(self) -> Mark:
        return Mark(self.anchor_position, self.anchor_hash)

    def seal(self, entry: Sealable) -> None:
        """Append *entry* by the digest it has: what was altered before now shows."""
        entry.position, entry.previous = self.position + 1, self.hash
        entry.hash = link(self.hash, entry.position, entry.digest)
        self.position, self.hash = entry.position, entry.hash

    def remove(self, last: Mark) -> None:
        """Take note that the chain begins after *last* from now on."""
        self.anchor_position, self.anchor_hash = last.position, last.hash


class Problem(StrEnum):
    REMOVED = "removed"
    ALTERED = "altered"
    OUT_OF_PLACE = "reordered or inserted"
    INSERTED = "inserted"
    BEGINNING = "the beginning is not what it was"
    END = "the end is not what it was"
    WITNESS = "not what was witnessed"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong. An entry that is not there has no id."""

    problem: Problem
    position: int | None
    id: str | None = None


@dataclass(slots=True)
class Verifier:
    """Walks the chain one entry at a time, in the order of positions.

    *witness* is a mark that somebody wrote down elsewhere. Whoever can write to the
    database can make a whole new chain; not one that has the same hash there.
    """

    anchor: Mark
    head: Mark
    witness: Mark | None = None
    count: int = 0
    here: Mark = Mark()

    def begin(self) -> Finding | None:
        self.here = self.anchor
        if self.anchor.position <= 0 and self.anchor != Mark():
            return Finding(Problem.BEGINNING, self.anchor.position)
        return self._witnessed(None)

    def check(self, entry: Sealable) -> Finding | None:
        position = self.here.position + 1
        if entry.position != position:
            # one that is before all others was put there: its place is the anchor's
            problem = Problem.REMOVED if entry.position > position else Problem.INSERTED
            return Finding(
                problem,
                min(position, entry.position),
                entry.id if problem is Problem.INSERTED else None,
            )
        if position > self.head.position:
            return Finding(Problem.INSERTED, position, entry.id)
        if not is_intact(entry):
            return Finding(Problem.ALTERED, position, entry.id)
        if entry.previous != self.here.hash:
            first = position == self.anchor.position + 1
            problem = Problem.BEGINNING if first else Problem.OUT_OF_PLACE
            return Finding(problem, position, entry.id)
        if entry.hash != link(entry.previous, position, entry.digest):
            return Finding(Problem.OUT_OF_PLACE, position, entry.id)
        self.here = Mark(position, entry.hash)
        self.count += 1
        return self._witnessed(entry.id)

    def end(self) -> Finding | None:
        if self.here.position < self.head.position:
            return Finding(Problem.REMOVED, self.here.position + 1)
        if self.here != self.head:
            return Finding(Problem.END, self.head.position)
        if self.witness is not None and self.witness.position > self.head.position:
            return Finding(Problem.WITNESS, self.witness.position)
        return None

    def _witnessed(self, entry_id: str | None) -> Finding | None:
        if self.witness is None or self.witness.position != self.here.position:
            return None
        if self.witness.hash == self.here.hash:
            return None
        return Finding(Problem.WITNESS, self.here.position, entry_id)


def is_intact(entry: Sealable) -> bool:
    """Whether the contents are those that were written down."""
    return bool(digest_of(entry.contents) == entry.digest)


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What is not in the chain yet, and the first of it that was altered."""

    count: int
    oldest_at: datetime | None
    altered: Finding | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found. *head* is worth writing down elsewhere."""

    finding: Finding | None
    count: int
    anchor: Mark
    head: Mark
    unsealed: Unsealed
