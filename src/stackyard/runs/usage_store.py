"""All SQL about usage: sums over the legs of runs, which nothing else is kept for.

Each is one statement that looks at every leg of the days in question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Interval,
    Select,
    Subquery,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.runs.leg import Leg
from stackyard.runs.model import Run
from stackyard.runs.usage import DAY, UsageGroup, UsageLine, UsageQuery

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class UsageStore:
    session: AsyncSession

    async def minutes(self, query: UsageQuery, *, now: datetime) -> list[UsageLine]:
        """Return how long workers had runs, by day and group."""
        parts = _by_day(query, now)
        end = func.least(parts.c.ends_at, parts.c.day + literal(DAY, Interval))
        spent = end - func.greatest(parts.c.begins_at, parts.c.day)
        seconds = func.sum(func.extract("epoch", spent))
        return await self._lines(
            parts, cast(seconds, Float) / MINUTE.total_seconds(), parts.c.key
        )

    async def workers(self, query: UsageQuery, *, now: datetime) -> list[UsageLine]:
        """Return how many workers had a run, by day and pool."""
        parts = _by_day(query, now)
        count = func.count(parts.c.worker_id.distinct())
        return await self._lines(parts, count, parts.c.pool_id)

    async def _lines(
        self, parts: Subquery, amount: ColumnElement[Any], key: ColumnElement[Any]
    ) -> list[UsageLine]:
        query: Select[Any] = (
            select(parts.c.day, key, amount)
            .group_by(parts.c.day, key)
            .order_by(parts.c.day, key)
        )
        found: Sequence[Any] = (await self.session.execute(query)).all()
        return [UsageLine(day.date(), name, float(sum_)) for day, name, sum_ in found]


def _by_day(query: UsageQuery, now: datetime) -> Subquery:
    """Return each leg once for each day that it reaches into."""
    key = {
        UsageGroup.NOTHING: literal("all", Text),
        UsageGroup.RUN_TYPE: cast(Run.type, Text),
        UsageGroup.RUN_STATE: cast(Run.state, Text),
    }[query.group]
    stays = (
        select(
            key.label("key"),
            Leg.worker_id,
            Leg.pool_id,
            _in_utc(func.greatest(Leg.accepted_at, query.begins_at)).label("begins_at"),
            _in_utc(func.least(Leg.ended_at, now, query.ends_at)).label("ends_at"),
        )
        .join(Run, Run.id == Leg.run_id)
        .where(
            Leg.accepted_at < query.ends_at,
            or_(
                Leg.ended_at > query.begins_at,
                and_(Leg.ended_at.is_(None), literal(now > query.begins_at)),
            ),
        )
        .subquery()
    )
    days = (
        func.generate_series(
            func.date_trunc("day", stays.c.begins_at),
            stays.c.ends_at,
            literal(DAY, Interval),
        )
        .table_valued("day")
        .render_derived()
    )
    lateral = select(days.c.day).lateral()
    return (
        select(stays, lateral.c.day)
        .join(lateral, lateral.c.day < stays.c.ends_at)
        .subquery()
    )


def _in_utc(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return it without a zone: days are of 24 hours, whatever the session's zone."""
    return func.timezone("UTC", moment)
