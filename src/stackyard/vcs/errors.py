from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
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


class EncryptedFilesUnavailableError(InvalidError):
    """Encrypted repository files are not available yet."""


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
