"""What people think of a run: their word, and the state that it was about.

Whether a word is enough is for others to say. It is kept as long as the run is.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import ReviewId, RunId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.runs.errors import RunTransitionError
from stackyard.runs.model import Run
from stackyard.runs.states import REVIEWABLE, RunState


class Decision(StrEnum):
    APPROVE = "APPROVE"
    REJECT = "REJECT"


class RunReview(Entity):
    __tablename__ = "run_reviews"
    __table_args__ = (Index("ix_run_reviews_run_id", "run_id", "id"),)

    id: Mapped[ReviewId] = mapped_column(primary_key=True)
    run_id: Mapped[RunId] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    state: Mapped[RunState]
    state_version: Mapped[int]  # a state may come again: then it is another review's
    decision: Mapped[Decision]
    note: Mapped[str | None]
    username: Mapped[str]  # as shown
    author: Mapped[str]  # as compared: names are not unique
    created_at: Mapped[datetime]


def review(
    run: Run, decision: Decision, *, note: str | None, by: Subject, at: datetime
) -> RunReview:
    if run.state not in REVIEWABLE:
        raise RunTransitionError(run=run.id, state=run.state, verb="be reviewed")
    return RunReview(
        id=ReviewId(new_ulid()),
        run_id=run.id,
        state=run.state,
        state_version=run.state_version,
        decision=decision,
        note=note or None,
        username=by.name,
        author=f"{by.kind}/{by.id}",
        created_at=at,
    )
