"""Runs: one attempt to bring a stack's infrastructure to what its code says.

Start with `states.py` and `model.py` for the life of a run, then `service/` for what
people, workers and the platform can do to it.
"""

from stackyard.runs.chain import RunWait
from stackyard.runs.chain_store import ChainStore
from stackyard.runs.errors import (
    LegNotFoundError,
    LogGapError,
    RunNotFoundError,
    RunTransitionError,
    RunTypeError,
)
from stackyard.runs.events import (
    DriftFound,
    HandoverDue,
    LogEnded,
    RunConfirmed,
    RunEnded,
    RunQueued,
    RunStopRequested,
)
from stackyard.runs.log_model import LogChunk, PhaseLog
from stackyard.runs.log_store import LogStore
from stackyard.runs.model import Leg, Run, Transition, queue_run
from stackyard.runs.service import (
    Chains,
    Claim,
    Deletions,
    Dispatch,
    Firings,
    Gate,
    Legs,
    LogPart,
    RunLogs,
    Runs,
    Triggers,
    Usage,
)
from stackyard.runs.service.legs import workspace_key
from stackyard.runs.service.progress import Progress
from stackyard.runs.states import RunState, RunType
from stackyard.runs.store import LIVE_CHANNEL, RunStore
from stackyard.runs.usage import UsageLine, UsageQuery
from stackyard.runs.usage_store import UsageStore

__all__ = [
    "LIVE_CHANNEL",
    "ChainStore",
    "Chains",
    "Claim",
    "Deletions",
    "Dispatch",
    "DriftFound",
    "Firings",
    "Gate",
    "HandoverDue",
    "Leg",
    "LegNotFoundError",
    "Legs",
    "LogChunk",
    "LogEnded",
    "LogGapError",
    "LogPart",
    "LogStore",
    "PhaseLog",
    "Progress",
    "Run",
    "RunConfirmed",
    "RunEnded",
    "RunLogs",
    "RunNotFoundError",
    "RunQueued",
    "RunState",
    "RunStopRequested",
    "RunStore",
    "RunTransitionError",
    "RunType",
    "RunTypeError",
    "RunWait",
    "Runs",
    "Transition",
    "Triggers",
    "Usage",
    "UsageLine",
    "UsageQuery",
    "UsageStore",
    "queue_run",
    "workspace_key",
]
