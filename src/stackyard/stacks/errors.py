"""One class per case. Texts that clients compare are in `model/rules.py`."""

from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class StackNotFoundError(NotFoundError):
    """There is no such stack, or you may not know of it."""


class ProjectNotFoundError(NotFoundError):
    """There is no such stack or module, or you may not know of it."""


class StackProblemsError(ProblemsError):
    """The stack's settings have problems."""

    def __str__(self) -> str:
        count = len(self.problems)
        noun = "error" if count == 1 else "errors"
        return f"stack has {count} {noun}: {'; '.join(self.problems)}"


class StackSlugTakenError(ConflictError):
    """A stack with this slug exists already."""

    def __str__(self) -> str:
        kind = self.facts.get("kind", "stack")
        return f'a {kind} with the slug "{self.facts["slug"]}" already exists'


class StackProtectedError(ConflictError):
    """The stack is protected from deletion: unprotect it first."""


class StackDeletingError(ConflictError):
    """The stack is being deleted."""


class StackLockedError(ConflictError):
    """The stack is locked by somebody else."""

    def __str__(self) -> str:
        return f"the stack is locked by {self.facts['locked_by']}"


class StackVendorUnsupportedError(InvalidError):
    """Only Terraform and OpenTofu, with their own workflow, can run so far."""


class SpaceUnknownError(InvalidError):
    """There is no such space, or you may not know of it."""


class WorkerPoolUnknownError(InvalidError):
    """There is no such worker pool, or you may not use it."""


class RepositoryUnknownError(InvalidError):
    """There is no such built-in repository, or you may not read it."""


class CommitNameError(InvalidError):
    """A commit is named by its hash: 7 to 64 hexadecimal digits."""


class CommitUnknownError(InvalidError):
    """The stack's repository has no such commit: give the whole hash of one."""


class AttachmentProblemsError(ProblemsError):
    """The context cannot be attached in that way."""


class ContextAttachedError(ConflictError):
    """The context is attached to this stack already: detach it first."""


class ContextOutOfReachError(InvalidError):
    """The stack's space does not reach the context: no space between may stop it."""


class OutOfReachError(InvalidError):
    """The stack could not use what it needs from its space."""

    def __str__(self) -> str:
        return (
            f'what the {self.facts["kind"]} uses cannot be reached from the space "'
            f'{self.facts["space"]}": {self.facts["uses"]}'
        )
