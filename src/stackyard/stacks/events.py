from dataclasses import dataclass
from datetime import datetime

from stackyard.kernel.events import Event
from stackyard.kernel.ids import ScheduleId, StackId


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent(Event):
    stack_id: StackId


@dataclass(frozen=True, slots=True, kw_only=True)
class StackCreated(StackEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StackUpdated(StackEvent):
    """Settings changed; what waited for one of them (a worker pool) may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEnabled(StackEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StackUnlocked(StackEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDeletionRequested(StackEvent):
    destroy_resources: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDeleted(StackEvent):
    """Its rows are gone; what is kept outside of the database may go too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDue(StackEvent):
    """Its moment has come, and has been told of this once."""

    schedule_id: ScheduleId
    due: datetime
