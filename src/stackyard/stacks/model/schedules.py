"""What a stack does by itself, and when. Pure.

A schedule is a `Timing`, by cron or once, and an errand. What was missed because nobody
was there to see to it is made up for once, unless it is older than `OLDEST`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.access import Action
from stackyard.kernel.ids import ScheduleId, StackId
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import storable
from stackyard.stacks.errors import ScheduleProblemsError
from stackyard.stacks.model.cron import cron_problem, last_moment, next_moment, zone_of
from stackyard.stacks.model.runtime import RuntimeConfig

OLDEST: Final = timedelta(hours=1)
MOST_EXPRESSIONS: Final = 20
LONGEST_NAME: Final = 256
UTC_NAME: Final = "UTC"


class ScheduleKind(StrEnum):
    RUN = "RUN"
    TASK = "TASK"
    DELETE = "DELETE"
    DRIFT_DETECTION = "DRIFT_DETECTION"


class TriggerRun(Struct, frozen=True, kw_only=True, tag_field="kind", tag="RUN"):
    kind: ClassVar[ScheduleKind] = ScheduleKind.RUN
    name: str = ""
    runtime_config: RuntimeConfig | None = None

    @property
    def actions(self) -> tuple[Action, ...]:
        """Return what whoever sets it up must be allowed to do themselves."""
        if self.runtime_config is None:
            return (Action.RUN_TRIGGER,)
        return (Action.RUN_TRIGGER, Action.RUN_TRIGGER_WITH_CUSTOM_RUNTIME_CONFIG)

    def problems(self) -> list[str]:
        found = []
        if not storable(self.name) or len(self.name) > LONGEST_NAME:
            found.append(f"name: text of at most {LONGEST_NAME} characters")
        return found + (self.runtime_config.problems() if self.runtime_config else [])


class PerformTask(Struct, frozen=True, kw_only=True, tag_field="kind", tag="TASK"):
    kind: ClassVar[ScheduleKind] = ScheduleKind.TASK
    actions: ClassVar[tuple[Action, ...]] = (Action.TASK_CREATE,)
    command: str

    def problems(self) -> list[str]:
        if self.command.strip() and storable(self.command):
            return []
        return ["command: must be text, and not empty"]


class DeleteStack(Struct, frozen=True, kw_only=True, tag_field="kind", tag="DELETE"):
    kind: ClassVar[ScheduleKind] = ScheduleKind.DELETE
    actions: ClassVar[tuple[Action, ...]] = (Action.STACK_DELETE,)
    destroy_resources: bool

    def problems(self) -> list[str]:
        return []


class DetectDrift(
    Struct, frozen=True, kw_only=True, tag_field="kind", tag="DRIFT_DETECTION"
):
    """*reconcile*: what has drifted is put right, by a tracked run."""

    kind: ClassVar[ScheduleKind] = ScheduleKind.DRIFT_DETECTION
    actions: ClassVar[tuple[Action, ...]] = (Action.RUN_TRIGGER,)
    reconcile: bool = False
    ignore_state: bool = False

    def problems(self) -> list[str]:
        return []


Errand: TypeAlias = TriggerRun | PerformTask | DeleteStack | DetectDrift


@dataclass(frozen=True, slots=True)
class Timing:
    """Either when cron says so, or once."""

    cron: tuple[str, ...] = ()
    at: datetime | None = None
    timezone: str = UTC_NAME

    def problems(self, kind: ScheduleKind) -> Iterator[str]:
        if problem := self._choice_problem(kind):
            yield problem
        if len(self.cron) > MOST_EXPRESSIONS:
            yield f"cronSchedule: at most {MOST_EXPRESSIONS} expressions"
        for one in self.cron:
            if problem := cron_problem(one):
                yield f'cronSchedule: "{one}" {problem}'
        if zone_of(self.timezone) is None:
            yield f'timezone: there is no time zone "{self.timezone}"'

    def _choice_problem(self, kind: ScheduleKind) -> str | None:
        match kind:
            case ScheduleKind.DELETE if self.cron or not self.at:
                return "timestampSchedule: say when the stack is to be deleted"
            case ScheduleKind.DRIFT_DETECTION if self.at or not self.cron:
                return "schedule: give at least one cron expression"
            case _ if bool(self.cron) is (self.at is not None):
                return "give either a cronSchedule or a timestampSchedule"
        return None


class Schedule(Entity):
    """`next_at`: when it is due next; None: never again."""

    __tablename__ = "schedules"
    __table_args__ = (
        Index("ix_schedules_stack_id", "stack_id"),
        Index(
            "ix_schedules_next_at",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL"),
        ),
        Index(
            "uq_schedules_drift_detection",
            "stack_id",
            unique=True,
            postgresql_where=text("kind = 'DRIFT_DETECTION'"),
        ),
        CheckConstraint(
            "(cardinality(cron) = 0) = (at IS NOT NULL)",
            name="ck_schedules_cron_or_once",
        ),
    )

    id: Mapped[ScheduleId] = mapped_column(primary_key=True)
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    kind: Mapped[ScheduleKind]
    cron: Mapped[list[str]] = mapped_column(ARRAY(Text))
    at: Mapped[datetime | None]
    timezone: Mapped[str]
    errand_row: Mapped[dict[str, Any]] = mapped_column("errand", JSONB)
    next_at: Mapped[datetime | None]
    seen_to: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def errand(self) -> Errand:
        return msgspec.convert(self.errand_row, Errand)  # type: ignore[no-any-return]

    @property
    def shown_next(self) -> datetime | None:
        """Return what clients are shown: something, be it in the past."""
        return self.next_at or self.at

    def set(self, errand: Errand, timing: Timing, *, now: datetime) -> None:
        """Be what is wanted, or raise `ScheduleProblemsError`.

        A moment in the past is kept, and does not come.
        """
        problems = [*errand.problems(), *timing.problems(errand.kind)]
        if problems:
            raise ScheduleProblemsError(*problems)
        self.kind = errand.kind
        self.errand_row = msgspec.to_builtins(errand)
        self.cron, self.at = list(timing.cron), timing.at
        self.timezone = timing.timezone
        self.next_at = self._next(now)
        self.updated_at = now

    def take(self, *, now: datetime) -> datetime | None:
        """Go on to the next moment; return the one that is to be seen to now.

        Of several that were missed it is the last; None if there is none, or none that
        is not too old.
        """
        if self.next_at is None or self.next_at > now:
            return None
        since = max(self.next_at, now - OLDEST)
        self.next_at = self._next(now)
        if self.at is not None:
            return self.at if self.at >= since else None
        return last_moment(self.cron, self._zone(), since=since, until=now)

    def see_to(self, due: datetime) -> bool:
        """Take *due* on; False if that, or something later, has been taken on."""
        if self.seen_to is not None and self.seen_to >= due:
            return False
        self.seen_to = due
        return True

    def _next(self, now: datetime) -> datetime | None:
        if self.at is not None:
            return self.at if self.at > now else None
        return next_moment(self.cron, self._zone(), after=now)

    def _zone(self) -> ZoneInfo:
        return zone_of(self.timezone) or ZoneInfo(UTC_NAME)
