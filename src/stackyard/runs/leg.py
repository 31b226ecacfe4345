"""One stay of a run on a worker."""

from datetime import datetime
from typing import Any, Self

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import LegId, PoolId, RunId, WorkerId
from stackyard.kernel.orm import Entity
from stackyard.runs.errors import RunTransitionError
from stackyard.runs.model import Run
from stackyard_protocol.job import LegKind


class Leg(Entity):
    """One stay of a run on a worker.

    What ties the worker's calls to the run: its token, and the sequence of what it
    has reported, so that a repeated report gets the answer that the first one got.
    """

    __tablename__ = "run_legs"
    __table_args__ = (
        Index("ix_run_legs_run_id", "run_id"),
        # A run is on one worker at most, whatever the code above does.
        Index(
            "uq_run_legs_open",
            "run_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_run_legs_ended_at", "ended_at"),  # of what went on since a moment
    )

    id: Mapped[LegId] = mapped_column(primary_key=True)
    run_id: Mapped[RunId] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    worker_id: Mapped[WorkerId]
    pool_id: Mapped[PoolId]
    kind: Mapped[LegKind]
    state_version: Mapped[int]  # of the state that the leg begins in
    claimed_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    token_digest: Mapped[bytes | None] = mapped_column(default=None)
    sequence: Mapped[int] = mapped_column(default=-1)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB, default=None)

    @classmethod
    def claim(
        cls, run: Run, *, leg_id: LegId, worker_id: WorkerId, at: datetime
    ) -> Self:
        """Tie *run*, just assigned, to the worker whose slot was claimed."""
        if run.pool_id is None:
            raise RunTransitionError(run=run.id, state=run.state, verb="be assigned")
        return cls(
            id=leg_id,
            run_id=run.id,
            worker_id=worker_id,
            pool_id=run.pool_id,
            kind=run.leg_kind,
            state_version=run.state_version,
            claimed_at=at,
        )

    @property
    def is_open(self) -> bool:
        return self.ended_at is None
