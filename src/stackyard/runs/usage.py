"""How much was worked, day by day: what of it may be asked for. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from stackyard.runs.errors import (
    UsageAspectError,
    UsageDateError,
    UsageGroupError,
    UsageSpanError,
)

LONGEST: Final = timedelta(days=366)
DAY: Final = timedelta(days=1)


class UsageAspect(StrEnum):
    RUN_MINUTES = "run-minutes"
    WORKER_COUNT = "worker-count"


class UsageGroup(StrEnum):
    """What the minutes of a day are told apart by."""

    NOTHING = ""
    RUN_TYPE = "run-type"
    RUN_STATE = "run-state"


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """Days of UTC, the last one included."""

    since: date
    until: date
    aspect: UsageAspect
    group: UsageGroup = UsageGroup.NOTHING

    @classmethod
    def read(cls, *, since: str, until: str, aspect: str, group: str) -> Self:
        """Read what somebody typed, or raise what is wrong with it."""
        query = cls(_date(since), _date(until), _aspect(aspect), _group(group))
        if not timedelta(0) <= query.until - query.since < LONGEST:
            raise UsageSpanError
        if query.group and query.aspect is not UsageAspect.RUN_MINUTES:
            raise UsageGroupError
        return query

    @property
    def begins_at(self) -> datetime:
        return datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        return self.begins_at + (self.until - self.since) + DAY

    @property
    def columns(self) -> tuple[str, str, str]:
        if self.aspect is UsageAspect.WORKER_COUNT:
            return "date", "worker_pool", "workers"
        return "date", self.group.replace("-", "_") or "runs", "minutes"


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One day's sum: of minutes, or of workers that were at work."""

    day: date
    key: str  # of the group, or the pool's id
    amount: float


def _date(text: str) -> date:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise UsageDateError from error
    if found.isoformat() != text or found.year == date.max.year:
        raise UsageDateError
    return found


def _aspect(text: str) -> UsageAspect:
    try:
        return UsageAspect(text)
    except ValueError as error:
        raise UsageAspectError from error


def _group(text: str) -> UsageGroup:
    try:
        return UsageGroup(text)
    except ValueError as error:
        raise UsageGroupError from error
