from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
    UnavailableError,
)


class RepositoryNotFoundError(NotFoundError):
    """There is no such repository, or you may not know of it."""


class RepositoryNameError(InvalidError):
    """A repository's name needs a letter or a digit, and at most 100 characters."""


class RepositoryExistsError(ConflictError):
    """A repository with this name already exists in this account."""


class RepositoryInUseError(ConflictError):
    """The repository is still used by stacks or modules: delete or move those first."""


class StaleRefsError(ConflictError):
    """Somebody else pushed in the meantime: fetch first, then push again."""


class RefClashError(ConflictError):
    """One branch or tag cannot be the folder of another."""


class TooManyRefsError(InvalidError):
    """A repository holds at most 10000 branches and tags."""


class PushExpiredError(UnavailableError):
    """Saving the push took too long. Push again."""


class RevisionError(InvalidError):
    """The revision cannot be made."""

    def __str__(self) -> str:
        return f"invalid revision: {self.facts['problem']}"


class FileTooLargeError(InvalidError):
    """That is too large to be shown at once: ask for fewer revisions, or clone."""


class CommitNotFoundError(NotFoundError):
    """There is no such commit in the repository."""


class GitUrlError(InvalidError):
    """The address of the git repository cannot be used."""

    def __str__(self) -> str:
        return f"the git URL cannot be used: {self.facts['problem']}"


class RemoteRepositoryMissingError(InvalidError):
    """The git repository does not exist, or is not public."""


class RemoteBranchMissingError(InvalidError):
    """The branch does not exist in the git repository."""

    def __str__(self) -> str:
        return f'there is no branch "{self.facts["branch"]}" in the git repository'


class NotAGitServerError(InvalidError):
    """What answers at that address does not speak git over https."""


class PushRequestError(InvalidError):
    """That is not a push as git makes them, or it names too many branches."""


class RepositorySpaceError(InvalidError):
    """There is no such space for the repository, or you may not know of it."""


class IntegrationNotFoundError(NotFoundError):
    """There is no such VCS integration, or you may not know of it."""


class IntegrationProblemsError(ProblemsError):
    """The settings of the VCS integration have problems."""


class IntegrationSpaceError(InvalidError):
    """There is no such space for the VCS integration, or you may not know of it."""


class IntegrationExistsError(ConflictError):
    """A VCS integration of this provider and name exists already: name it otherwise."""


class DefaultIntegrationTakenError(ConflictError):
    """The account has a default VCS integration of this provider already."""


class DefaultIntegrationMovedError(ConflictError):
    """The default VCS integration of an account cannot leave the space root."""


class IntegrationInUseError(ConflictError):
    """Stacks use the VCS integration: give them another one first."""

    def __str__(self) -> str:
        return (
            f'the VCS integration "{self.facts["integration"]}" is still used by '
            f"{self.facts['users']}: give them another one, or delete them, first"
        )


class IntegrationUnreachableError(ConflictError):
    """Stacks that use the VCS integration could not reach it there."""

    def __str__(self) -> str:
        return (
            f'from the space "{self.facts["space"]}" the VCS integration could not be '
            f"reached any more: {self.facts['uses']}"
        )


class AgentPoolNotFoundError(NotFoundError):
    """There is no such pool of VCS agents."""


class AgentPoolNameError(InvalidError):
    """A pool of VCS agents needs a name of at most 256 characters, without a slash."""


class AgentPoolDescriptionError(InvalidError):
    """The description of a pool of VCS agents is text without NUL characters."""


class AgentPoolExistsError(ConflictError):
    """A pool of VCS agents with this name exists already: name it otherwise."""


class AgentPoolInUseError(ConflictError):
    """VCS integrations reach their servers through the pool: change those first."""

    def __str__(self) -> str:
        return (
            f'the pool of VCS agents "{self.facts["pool"]}" is still used by '
            f"{self.facts['users']}: give them another host, or delete them, first"
        )
