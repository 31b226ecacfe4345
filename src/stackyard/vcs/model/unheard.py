"""The cursor of built-in repositories, in the negative: what nobody has acted on yet.

A push writes what it moved here, in its own transaction; the reaction to it takes the
line out when it has done its work. So a message that was lost or buried leaves a line
behind, and steady state is an empty table. One line per branch or tag: of several moves
that nobody heard of, only the last one is worth a run.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import RepoId
from stackyard.kernel.orm import Entity
from stackyard.vcs.events import RefUpdated
from stackyard.vcs.model.repository import Repository

# What the queue usually needs is milliseconds; told too early is only told twice.
PATIENCE: Final = timedelta(seconds=30)
MOST_TOLD: Final = 12  # the pauses double: some seventeen hours


class UnheardUpdate(Entity):
    __tablename__ = "repository_unheard_updates"

    repo_id: Mapped[RepoId] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True
    )
    ref: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]  # the repository's, with this update
    before: Mapped[str | None]
    after: Mapped[str | None]
    pusher: Mapped[str]
    moved_at: Mapped[datetime]
    told: Mapped[int]  # how often; the push itself is the first time
    due_at: Mapped[datetime | None] = mapped_column(index=True)  # None: given up

    def tell_again(self, *, at: datetime) -> RefUpdated:
        """Return the fact as it was told before, to be told once more."""
        self.told += 1
        left = self.told < MOST_TOLD
        self.due_at = at + PATIENCE * 2 ** (self.told - 1) if left else None
        return RefUpdated(
            repo_id=self.repo_id,
            ref=self.ref,
            before=self.before,
            after=self.after,
            pusher=self.pusher,
            version=self.version,
            at=self.moved_at,
        )


def is_overtaken(after: str | None, *, head: str | None, waiting: bool) -> bool:
    """Whether an update is history: a later one has been acted on already.

    *waiting* says that an update of the same branch has not been heard of. A dead
    letter that is played again must not take a stack back to where it was.
    """
    return not waiting and after != head
