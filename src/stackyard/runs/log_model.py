"""The log of one phase: chunks while it grows, one object when it has ended."""

from typing import Final

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import RunId
from stackyard.kernel.orm import Entity
from stackyard.runs.errors import LogGapError, LogOffsetError

LARGEST_OFFSET: Final = 2**63 - 1  # what a column holds
_DIGITS: Final = len(str(LARGEST_OFFSET))


def offset_of(text: str | None) -> int:
    """Read where in a log somebody wants to go on; None is its beginning."""
    if not text:
        return 0
    digits = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    if not digits or int(text) > LARGEST_OFFSET:
        raise LogOffsetError(offset=text[:_DIGITS])
    return int(text)


class PhaseLog(Entity):
    """Keyed by the ordinal of the state, since a state may occur more than once.

    The first `sealed_size` bytes are in the object `sealed_key`, the rest in chunks.
    """

    __tablename__ = "run_logs"
    __table_args__ = (
        ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
        # What the sweeper looks for is rare among logs that are kept for months.
        Index("ix_run_logs_open", "run_id", postgresql_where=text("NOT ended")),
        Index(
            "ix_run_logs_unsealed",
            "run_id",
            "state_version",
            postgresql_where=text("ended AND sealed_chunks < chunks"),
        ),
    )

    run_id: Mapped[RunId] = mapped_column(primary_key=True)
    state_version: Mapped[int] = mapped_column(primary_key=True)
    chunks: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    ended: Mapped[bool] = mapped_column(default=False)
    sealed_key: Mapped[str | None] = mapped_column(default=None)
    sealed_chunks: Mapped[int] = mapped_column(default=0)
    sealed_size: Mapped[int] = mapped_column(BigInteger, default=0)

    def take(self, number: int, body: bytes) -> "LogChunk | None":
        """Return the chunk to store, or None for one that is here already."""
        if number < self.chunks:
            return None
        if number > self.chunks:
            raise LogGapError(expected=self.chunks)
        chunk = LogChunk(
            run_id=self.run_id,
            state_version=self.state_version,
            number=number,
            start=self.size,
            body=body,
        )
        self.chunks += 1
        self.size += len(body)
        return chunk

    def end(self, *, chunks: int) -> None:
        """The worker says that these were all."""
        if chunks > self.chunks:
            raise LogGapError(expected=self.chunks)
        self.ended = True

    @property
    def unsealed(self) -> bool:
        return self.sealed_chunks < self.chunks


class LogChunk(Entity):
    """At most `MAX_CHUNK` bytes of masked output, as they came."""

    __tablename__ = "run_log_chunks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["run_id", "state_version"],
            ["run_logs.run_id", "run_logs.state_version"],
            ondelete="CASCADE",
        ),
        Index("ix_run_log_chunks_start", "run_id", "state_version", "start"),
    )

    run_id: Mapped[RunId] = mapped_column(primary_key=True)
    state_version: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes]
