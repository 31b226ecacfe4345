from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class ContextNotFoundError(NotFoundError):
    """There is no such context, or you may not know of it."""


class ContextProblemsError(ProblemsError):
    """The context's settings have problems."""


class ContextSlugTakenError(ConflictError):
    """context with this slug already exists for this account"""


class ContextNameTakenError(ConflictError):
    """A context of that name exists already."""


class ContextSpaceError(InvalidError):
    """There is no such space to put the context in, or you may not know of it."""


class ContextUnreachableError(ConflictError):
    """Stacks that use the context could not reach it there."""

    def __str__(self) -> str:
        return (
            f'from the space "{self.facts["space"]}" the context could not be '
            f"reached any more: {self.facts['uses']}"
        )
