"""Whether what a run has proposed may be deployed. Pure."""

from stackyard.runs.errors import (
    PromotionKindError,
    PromotionOffError,
    PromotionOldError,
)
from stackyard.runs.model import Run
from stackyard.runs.states import RunType
from stackyard.stacks import Stack


def ensure_promotable(run: Run, stack: Stack) -> None:
    """Raise unless the stack allows promotions and the proposal is not outdated.

    Commits are compared by their time, as far as it is known.
    """
    if not stack.github_action_deploy:  # what clients call `allow_run_promotion`
        raise PromotionOffError(stack=stack.id)
    commit, tracked = run.commit or {}, stack.tracked_commit or {}
    is_proposal = run.type is RunType.PROPOSED and not run.local_workspace
    if not is_proposal or not commit.get("hash"):
        raise PromotionKindError(run=run.id)
    proposed_at, tracked_at = commit.get("timestamp"), tracked.get("timestamp")
    if proposed_at and tracked_at and proposed_at < tracked_at:
        raise PromotionOldError(run=run.id, stack=stack.id)
