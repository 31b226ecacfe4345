"""Say what a run waits for, in words. Pure."""

from stackyard.runs.model import Run
from stackyard.runs.states import PREPARATORY, WAITING, RunState
from stackyard.stacks import Stack


def waiting_for(run: Run, stack: Stack, blocker: Run | None) -> str | None:
    """Return what has to happen before the run goes on; None if nothing has to."""
    match run.state:
        case RunState.QUEUED:
            return _before_the_gate(run, stack, blocker)
        case state if state in WAITING:
            return f"a free worker of the pool {run.pool_id}"
        case state if state in PREPARATORY:
            return "its worker to take over"
        case RunState.UNCONFIRMED:
            return "somebody to confirm or discard it"
    return None


def _before_the_gate(run: Run, stack: Stack, blocker: Run | None) -> str:
    if stack.is_disabled:
        return "the stack to be enabled"
    if stack.worker_pool_id is None:
        return "the stack to be given a worker pool"
    if run.type.blocking and blocker is not None and blocker.id != run.id:
        return f"the run {blocker.id}, which is {blocker.state}"
    if run.awaits_upstream:
        return "runs of stacks that the stack depends on"
    if not run.code_known:
        return f'the commit of branch "{run.branch}" to be looked up'
    return "its turn"
