"""When a git server is asked again, and what an answer means to a stack. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import StackId
from stackyard.kernel.orm import Entity

# Longer than one message may take: what was claimed by a drain that died is due again.
LEASE: Final = timedelta(seconds=120)
# A few ticks: whoever was silent for that long may have missed something.
AWAY_AFTER: Final = timedelta(seconds=20)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_SPREAD: Final = 0.2
_LONGEST_PROBLEM: Final = 500
_NO_BRANCH: Final = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a repository is asked; *luck*, from 0 to 1, keeps many from marching
    in step.
    """

    every: timedelta
    luck: float

    def next(self, at: datetime, *, failures: int = 0) -> datetime:
        """Return the next time; twice as far away with each failure in a row."""
        doubled: timedelta = self.every * 2 ** min(failures, 12)
        pause = min(doubled, max(self.every, _LONGEST_PAUSE))
        return at + pause * (1 - _SPREAD / 2 + _SPREAD * self.luck)


class Remote(Entity):
    """A repository on somebody's git server that stacks follow."""

    __tablename__ = "followed_remotes"

    url: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    checked_at: Mapped[datetime | None]  # when it last answered
    failures: Mapped[int]  # in a row
    problem: Mapped[str | None]  # the last one, for an operator to see

    def lend(self, at: datetime) -> None:
        """Leave it to whoever asks now; if they die, it is due again."""
        self.due_at = at + LEASE

    def answered(self, at: datetime, pace: Pace) -> None:
        self.checked_at, self.failures, self.problem = at, 0, None
        self.due_at = pace.next(at)

    def failed(self, problem: str, at: datetime, pace: Pace) -> bool:
        """Note it; whether it is news, which is said aloud."""
        news = self.problem != problem[:_LONGEST_PROBLEM]
        self.failures += 1
        self.problem = problem[:_LONGEST_PROBLEM]
        self.due_at = pace.next(at, failures=self.failures)
        return news


@dataclass(frozen=True, slots=True)
class Moved:
    """The branch that a stack follows is at another commit than it was."""

    stack_id: StackId
    url: str
    branch: str
    before: str
    after: str


class Cursor(Entity):
    """The commit of its branch that a stack has been told of."""

    __tablename__ = "stack_cursors"

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True
    )
    url: Mapped[str] = mapped_column(
        ForeignKey(Remote.url, ondelete="CASCADE"), index=True
    )
    branch: Mapped[str]
    sha: Mapped[str | None]  # None: nobody has looked yet; "": there was no branch

    def see(self, head: str | None) -> Moved | None:
        """Compare with where the branch is now; None if there is nothing to do.

        The first look only says where the stack begins: what was pushed before it was
        made is nothing to it. A branch that is gone leaves all as it is.
        """
        if self.sha is None:
            self.sha = head or _NO_BRANCH
            return None
        if head is None or head == self.sha:
            return None
        return Moved(self.stack_id, self.url, self.branch, self.sha, head)

    def advance(self, moved: Moved) -> bool:
        """Go on to the new commit; False if somebody has, or it is another branch."""
        here = (self.url, self.branch, self.sha)
        if here != (moved.url, moved.branch, moved.before):
            return False
        self.sha = moved.after
        return True


class Pulse(Entity):
    """When we were last seen at work. One row; its lock lets one look round at a time.

    A server that was away cannot know for how long, but the database does.
    """

    __tablename__ = "follow_pulse"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    beat_at: Mapped[datetime]

    @classmethod
    def first(cls, at: datetime) -> Self:
        return cls(id=1, beat_at=at)

    def beat(self, at: datetime) -> bool:
        """Note that we are at work; whether we had been away."""
        was_away = at - self.beat_at > AWAY_AFTER
        self.beat_at = max(self.beat_at, at)
        return was_away


def host_of(url: str) -> str:
    """Return who answers for *url*: the host with its port."""
    return urlsplit(url).netloc.lower()
