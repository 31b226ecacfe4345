from collections.abc import Sequence

from stackyard.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)
from stackyard.stacks import DependencyReference


class RunNotFoundError(NotFoundError):
    """There is no such run."""


class RunTransitionError(ConflictError):
    """The run cannot do that in the state it is in."""

    def __str__(self) -> str:
        return f"run is {self.facts['state']}: it cannot {self.facts['verb']}"


class RunTypeError(InvalidError):
    """Only tracked and proposed runs can be triggered."""


class ForceApplyTypeError(InvalidError):
    """Only a tracked run is applied: trigger one, or leave forceApply out."""


class CascadeForbiddenError(ForbiddenError):
    """You are unauthorized to confirm runs of all the stacks below."""

    def __str__(self) -> str:
        stacks = self.facts["stacks"]
        named = f" (such as {', '.join(stacks)})" if stacks else ""  # type: ignore[arg-type]
        return (
            "unauthorized: with forceApply: CASCADE this run would apply runs of stacks"
            f" that you may not confirm runs of{named}; use SINGLE, and they wait for"
            " somebody who may"
        )


class CommandMissingError(InvalidError):
    """A task needs a command."""


class PluginNameError(InvalidError):
    """The field "plugin_name" must be a name of at most 200 bytes, on one line."""


class PluginsOfRunsOnlyError(ForbiddenError):
    """You are unauthorized: only a run, with its own token, keeps what plugins say."""


class StackDisabledError(ConflictError):
    """The stack is disabled: enable it before you trigger a run."""


class StackLockedByOtherError(ConflictError):
    """The stack is locked by somebody else: only they may trigger runs and tasks."""


class StackBeingDeletedError(ConflictError):
    """The stack is being deleted."""


class StackWithoutPoolError(ConflictError):
    """The stack has no worker pool: what is scheduled needs one."""


class ScheduleLateError(ConflictError):
    """The schedule was due more than an hour ago: too late to be made up for."""


class DriftLimitError(ConflictError):
    """The worker pool looks for drift on as many stacks as it may already."""


class InputsMissingError(ConflictError):
    """Outputs that the stack is given by others are not there yet."""

    def __init__(self, missing: Sequence[tuple[str, DependencyReference]]) -> None:
        """Name each by the stack and output that it is to come from."""
        named = ", ".join(
            f"{one.input_name} (output {one.output_name} of {stack})"
            for stack, one in missing
        )
        super().__init__(missing=named)

    def __str__(self) -> str:
        return f"the following inputs are missing: {self.facts['missing']}"


class WorkspaceExpiredError(ConflictError):
    """The planned workspace is too old to be applied: trigger a new run."""


class TargetsMissingError(InvalidError):
    """A targeted plan needs a target: name an address that the present plan changes."""


class TargetUnknownError(InvalidError):
    """The present plan of the run changes nothing at that address."""

    def __str__(self) -> str:
        target = self.facts["target"]
        return f'the plan of the run changes nothing at "{target}": name what it does'


class NothingToReviewError(ConflictError):
    """No run of the stack waits for a review: name the run."""


class PromotionOffError(ConflictError):
    """Runs of this stack must not be promoted: allow it in the stack's settings."""


class PromotionKindError(ConflictError):
    """Only a proposed run of a known commit can be promoted."""


class PromotionOldError(ConflictError):
    """The run's commit is older than the stack's: propose a newer one."""


class LocalPreviewOffError(ConflictError):
    """Local previews are off here: turn them on in the settings."""


class WorkspaceMissingError(InvalidError):
    """Nothing was uploaded under that id, or it is gone: they are kept for a day."""


class WorkspaceFormatError(InvalidError):
    """The uploaded workspace is not a gzipped tar archive."""


class WorkspaceSizeError(InvalidError):
    """The uploaded workspace is too large."""

    def __str__(self) -> str:
        return f"an uploaded workspace has at most {self.facts['most']} bytes"


class OverridesError(ProblemsError):
    """The variables of the preview cannot be set."""


class LegNotFoundError(NotFoundError):
    """There is no such leg, or it is not yours."""


class LogGapError(ConflictError):
    """A chunk of the log is missing before this one."""


class LogOffsetError(InvalidError):
    """The place in the log is no number of bytes: begin with none."""


class ChunkTooLargeError(InvalidError):
    """A chunk of the log is larger than the protocol allows."""


class CommitUnknownError(InvalidError):
    """The commit to run is not known."""


class UsageAdminOnlyError(ForbiddenError):
    """You are unauthorized: only an administrator of the account sees its usage."""


class UsageDateError(InvalidError):
    """Both since and until must be dates like 2026-01-31."""


class UsageSpanError(InvalidError):
    """The day until must not be before since, nor a year or more after it."""


class UsageAspectError(InvalidError):
    """The aspect must be run-minutes or worker-count."""


class UsageGroupError(InvalidError):
    """Only run-minutes can be grouped: by run-type or run-state."""
