"""When a cron expression, or several, is due in a time zone. Pure.

Where summer time begins or ends it is as cron has it: what falls into the hour that
does not exist is due right after it, and what falls into the hour that comes twice is
due once.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_FIELDS: Final = 5
_LONGEST: Final = 256


def zone_of(name: str) -> ZoneInfo | None:
    """Return the time zone of that name, or None if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder
        return None


def cron_problem(expression: str) -> str | None:
    """Return what is wrong with it, or None."""
    if len(expression) > _LONGEST or len(expression.split()) != _FIELDS:
        return (
            "must have five fields: minute, hour, day of the month, month and weekday"
        )
    try:
        CronSim(expression, datetime.min.replace(tzinfo=UTC))
    except CronSimError as error:
        return f"cannot be understood: {error}"
    return None


def next_moment(
    expressions: Sequence[str], zone: ZoneInfo, *, after: datetime
) -> datetime | None:
    """Return when the first of them is due; None if that is never."""
    coming = (next(_moments(one, zone, after), None) for one in expressions)
    return min((one for one in coming if one is not None), default=None)


def last_moment(
    expressions: Sequence[str], zone: ZoneInfo, *, since: datetime, until: datetime
) -> datetime | None:
    """Return when one of them was last due in this time, both ends included."""
    before = since - timedelta(seconds=1)
    return max(
        (
            moment
            for one in expressions
            for moment in takewhile(
                lambda moment: moment <= until, _moments(one, zone, before)
            )
        ),
        default=None,
    )


def _moments(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    for local in CronSim(expression, after.astimezone(zone)):
        moment = local.astimezone(UTC)
        if moment > after:  # in the hour that comes twice it may be the first one's
            yield moment
