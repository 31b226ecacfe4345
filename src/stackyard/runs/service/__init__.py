"""The use cases of runs, by who needs them.

`triggers` and `previews` are how runs come about, `chains` which others they bring with
them, `cases` how a module is tested, `requests` what people decide about them,
`reviews` what they think of them,
`queues` what waits for a pool, `dispatch` how a run finds its worker, `legs` what a
worker reports, `logs` what it printed, `deletions` how a stack goes, `firings` what
schedules bring about, `usage` how much was worked.
"""

from stackyard.runs.service.cases import Cases
from stackyard.runs.service.chains import Chains
from stackyard.runs.service.deletions import Deletions, Looked
from stackyard.runs.service.dispatch import Claim, Dispatch, Gate
from stackyard.runs.service.firings import Firings
from stackyard.runs.service.legs import Legs
from stackyard.runs.service.logs import PIECE, LogPart, RunLogs, SealedPart
from stackyard.runs.service.previews import LocalWorkspace, Previews
from stackyard.runs.service.queues import PoolQueues
from stackyard.runs.service.requests import Runs
from stackyard.runs.service.reviews import Reviews
from stackyard.runs.service.triggers import Triggers
from stackyard.runs.service.usage import Usage

__all__ = [
    "PIECE",
    "Cases",
    "Chains",
    "Claim",
    "Deletions",
    "Dispatch",
    "Firings",
    "Gate",
    "Legs",
    "LocalWorkspace",
    "LogPart",
    "Looked",
    "PoolQueues",
    "Previews",
    "Reviews",
    "RunLogs",
    "Runs",
    "SealedPart",
    "Triggers",
    "Usage",
]
