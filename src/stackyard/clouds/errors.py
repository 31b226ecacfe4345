from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class CloudNotFoundError(NotFoundError):
    """There is no such cloud integration, or you may not know of it."""


class CloudAttachmentNotFoundError(NotFoundError):
    """There is no such attachment of a cloud integration, or you may not know of it."""


class CloudProblemsError(ProblemsError):
    """The cloud integration's settings have problems."""


class CloudNameTakenError(ConflictError):
    """A cloud integration of that name exists already."""

    def __str__(self) -> str:
        return (
            f'an integration with {self.facts["cloud"]} named "{self.facts["name"]}" '
            "exists already: choose another name"
        )


class CloudSpaceError(InvalidError):
    """There is no such space to put the integration in, or you may not know of it."""


class CloudAttachedError(ConflictError):
    """The integration is attached to this stack or module already: detach it first."""


class CloudOutOfReachError(InvalidError):
    """The integration cannot be reached from there: no space between may stop it."""


class CloudUnreachableError(ConflictError):
    """Stacks or modules that use the integration could not reach it there."""

    def __str__(self) -> str:
        return (
            f'from the space "{self.facts["space"]}" the integration could not be '
            f"reached any more: {self.facts['uses']}"
        )


class CloudInUseError(ConflictError):
    """The integration is attached to stacks or modules: detach it first."""

    def __str__(self) -> str:
        return (
            "the integration is attached, detach it first from: "
            f"{self.facts['attached_to']}"
        )
