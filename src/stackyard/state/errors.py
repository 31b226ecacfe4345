from stackyard.kernel.errors import ConflictError, InvalidError, NotFoundError


class StackUnknownError(NotFoundError):
    """There is no such stack, or you may not know of it."""


class StateNotFoundError(NotFoundError):
    """The stack has no such state."""


class StateMalformedError(InvalidError):
    """This is not a Terraform state."""


class StateDigestError(InvalidError):
    """The state was damaged on its way: its digest does not fit."""


class StateNotLockedError(ConflictError):
    """The state is not locked: whoever writes it must hold its lock."""


class StateLockedError(ConflictError):
    """The state is locked by somebody else."""


class StateConflictError(ConflictError):
    """The state was changed by somebody else in the meantime."""

    def __str__(self) -> str:
        return f"the state cannot be written: {self.facts['reason']}"


class UploadMissingError(InvalidError):
    """Nothing was uploaded under that id, or it is too long ago."""


class StateUnmanagedError(InvalidError):
    """A state can only be brought to a stack that keeps it here (manageState)."""
