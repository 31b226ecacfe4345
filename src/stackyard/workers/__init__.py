"""Worker pools, and the workers in them.

A worker is a slot: it carries out one run at a time. Start with `model.py` for what a
pool and a worker are, then `service/` for pools, which people manage, and workers,
which manage themselves.
"""

from stackyard.workers.errors import (
    PoolBusyError,
    PoolInUseError,
    PoolNameError,
    PoolNotFoundError,
    PoolUnreachableError,
    WorkerMessageError,
    WorkerNotFoundError,
)
from stackyard.workers.events import (
    WorkerIdle,
    WorkerLost,
    WorkerRegistered,
)
from stackyard.workers.model import Pool, PoolCounts, PoolSettings, Worker
from stackyard.workers.ports import Courier, Signer
from stackyard.workers.service import Endpoints, Pools, Workers
from stackyard.workers.store import PoolStore, WorkerStore

__all__ = [
    "Courier",
    "Endpoints",
    "Pool",
    "PoolBusyError",
    "PoolCounts",
    "PoolInUseError",
    "PoolNameError",
    "PoolNotFoundError",
    "PoolSettings",
    "PoolStore",
    "PoolUnreachableError",
    "Pools",
    "Signer",
    "Worker",
    "WorkerIdle",
    "WorkerLost",
    "WorkerMessageError",
    "WorkerNotFoundError",
    "WorkerRegistered",
    "WorkerStore",
    "Workers",
]
