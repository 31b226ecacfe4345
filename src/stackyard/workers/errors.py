from stackyard.kernel.errors import ConflictError, InvalidError, NotFoundError


class PoolNotFoundError(NotFoundError):
    """There is no such worker pool."""


class PoolNameError(InvalidError):
    """A worker pool needs a name of at most 255 characters."""


class PoolSpaceError(InvalidError):
    """The worker pool cannot be in that space: there is no such space."""


class PoolUnreachableError(ConflictError):
    """Stacks or modules that use the worker pool could not reach it there."""

    def __str__(self) -> str:
        return (
            f'from the space "{self.facts["space"]}" the worker pool could not be '
            f"reached any more: {self.facts['uses']}"
        )


class PoolInUseError(ConflictError):
    """The worker pool is used by stacks or modules: give them another one first."""


class PoolBusyError(ConflictError):
    """A worker of the pool carries out a run: let it end first."""


class WorkerMessageError(InvalidError):
    """The worker's message does not follow the protocol."""


class WorkerNotFoundError(NotFoundError):
    """There is no such worker in this pool."""
