"""Runs: one attempt to bring a stack's infrastructure to what its code says.

Start with `states.py` and `model.py` for the life of a run, then `service/` for what
people, workers and the platform can do to it.
"""

from stackyard.runs.case import Case
from stackyard.runs.chain import RunWait
from stackyard.runs.chain_store import ChainStore
from stackyard.runs.errors import (
    LegNotFoundError,
    LocalPreviewOffError,
    LogGapError,
    RunNotFoundError,
    RunTransitionError,
    RunTypeError,
    WorkspaceFormatError,
    WorkspaceMissingError,
    WorkspaceSizeError,
)
from stackyard.runs.events import (
    CommitsSought,
    DriftFound,
    HandoverDue,
    LogEnded,
    RunConfirmed,
    RunEnded,
    RunQueued,
    RunReplanRequested,
    RunReviewed,
    RunStopRequested,
)
from stackyard.runs.leg import Leg
from stackyard.runs.log_model import LogChunk, PhaseLog, offset_of
from stackyard.runs.log_store import LogStore
from stackyard.runs.model import Run, Transition, queue_run
from stackyard.runs.plugin_logs import plugin_log_key
from stackyard.runs.queue_store import QueuedRun, QueueStore
from stackyard.runs.review import Decision, RunReview
from stackyard.runs.review_store import ReviewStore
from stackyard.runs.service import (
    PIECE,
    Cases,
    Chains,
    Claim,
    Deletions,
    Dispatch,
    Firings,
    Gate,
    Legs,
    LocalWorkspace,
    LogPart,
    Looked,
    PoolQueues,
    Previews,
    Reviews,
    RunLogs,
    Runs,
    SealedPart,
    Triggers,
    Usage,
)
from stackyard.runs.service.legs import workspace_key
from stackyard.runs.service.progress import Progress
from stackyard.runs.states import ForceApply, RunState, RunType
from stackyard.runs.store import LIVE_CHANNEL, RunStore
from stackyard.runs.usage import UsageLine, UsageQuery
from stackyard.runs.usage_store import UsageStore

__all__ = [
    "LIVE_CHANNEL",
    "PIECE",
    "Case",
    "Cases",
    "ChainStore",
    "Chains",
    "Claim",
    "CommitsSought",
    "Decision",
    "Deletions",
    "Dispatch",
    "DriftFound",
    "Firings",
    "ForceApply",
    "Gate",
    "HandoverDue",
    "Leg",
    "LegNotFoundError",
    "Legs",
    "LocalPreviewOffError",
    "LocalWorkspace",
    "LogChunk",
    "LogEnded",
    "LogGapError",
    "LogPart",
    "LogStore",
    "Looked",
    "PhaseLog",
    "PoolQueues",
    "Previews",
    "Progress",
    "QueueStore",
    "QueuedRun",
    "ReviewStore",
    "Reviews",
    "Run",
    "RunConfirmed",
    "RunEnded",
    "RunLogs",
    "RunNotFoundError",
    "RunQueued",
    "RunReplanRequested",
    "RunReview",
    "RunReviewed",
    "RunState",
    "RunStopRequested",
    "RunStore",
    "RunTransitionError",
    "RunType",
    "RunTypeError",
    "RunWait",
    "Runs",
    "SealedPart",
    "Transition",
    "Triggers",
    "Usage",
    "UsageLine",
    "UsageQuery",
    "UsageStore",
    "WorkspaceFormatError",
    "WorkspaceMissingError",
    "WorkspaceSizeError",
    "offset_of",
    "plugin_log_key",
    "queue_run",
    "workspace_key",
]
