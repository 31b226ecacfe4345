from dataclasses import dataclass

from stackyard.kernel.events import Event
from stackyard.kernel.ids import LegId, PoolId, WorkerId


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRegistered(Event):
    """It is (back) on the broker; it says that it carries out `leg_ids`.

    `held` is the leg that we think it has.
    """

    pool_id: PoolId
    worker_id: WorkerId
    leg_ids: tuple[LegId, ...]
    held: LegId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerIdle(Event):
    """A slot of the pool can take a run."""

    pool_id: PoolId


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLost(Event):
    """It is gone, in good order or not; nobody carries out its leg any more."""

    pool_id: PoolId
    worker_id: WorkerId
    leg_id: LegId
