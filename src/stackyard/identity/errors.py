from stackyard.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthorizedError,
)


class AccountAdminOnlyError(ForbiddenError):
    """You are unauthorized: only an administrator of the account may do that."""


class ApiKeyNameError(InvalidError):
    """An API key needs a name of 1 to 200 characters, without control characters."""


class CredentialsError(UnauthorizedError):
    """You are unauthorized: these credentials are not valid, or no longer."""


class RunEndedError(UnauthorizedError):
    """You are unauthorized: the run that this token was made for has ended."""


class ApiKeyNotFoundError(NotFoundError):
    """could not find api key"""


class ApiKeyDescriptionError(InvalidError):
    """An API key's description may have 10,000 characters."""


class ApiKeyKindError(InvalidError):
    """That is not possible with an API key of this type."""


class RunnerImageError(InvalidError):
    """A runner image must be named like registry.example/path:tag."""


class ClaimMappingError(InvalidError):
    """A claim of an API key can be mapped to "groups" and to nothing else."""


class SubjectExpressionError(InvalidError):
    """The subject expression must be a regular expression of 1 to 1,000 characters."""


class GroupNameError(InvalidError):
    """A group needs a name of 1 to 500 characters, without control characters."""


class GroupDescriptionError(InvalidError):
    """A group's description may have 1,000 characters."""


class GroupTakenError(ConflictError):
    """There is a mapping of that group already."""


class GroupNotFoundError(NotFoundError):
    """There is no such group mapping."""


class UsernameError(InvalidError):
    """A user needs a name of 1 to 320 characters, without control characters."""


class UserNotFoundError(NotFoundError):
    """There is no such user."""


class UserTakenError(ConflictError):
    """There is a user, or an invitation, of that name or e-mail address already."""


class InvitationEmailError(InvalidError):
    """An invitation needs an e-mail address."""


class InvitationPendingError(ConflictError):
    """This user has come already: there is nothing to invite them to."""


class SecurityEmailError(InvalidError):
    """The security e-mail must be one e-mail address, or empty."""


class SessionNotFoundError(NotFoundError):
    """There is no such session."""


class SignInRefusedError(ForbiddenError):
    """You are unauthorized: nobody has given you leave to sign in here."""


class SubjectRefusedError(UnauthorizedError):
    """You are unauthorized: this API key is not for the subject of that token."""


class TooManyTriesError(UnauthorizedError):
    """You are unauthorized: too many tries. Wait a while, then try again."""


class SecurityKeyTakenError(ConflictError):
    """This security key is registered already."""


class NoSignOnError(ConflictError):
    """There is no identity provider to sign in by, or its settings were changed."""


class SignOnSecretError(InvalidError):
    """The client secret is needed: none is known of this client of this issuer."""


class SignOnStaleError(UnauthorizedError):
    """You are unauthorized: this sign-in was begun elsewhere or too long ago. Start it
    again.
    """


class AssertionUsedError(UnauthorizedError):
    """You are unauthorized: this answer of the identity provider was used already."""


class NotAPersonError(ConflictError):
    """Second factors are for people who come by an identity provider."""


class SecurityKeyNameError(InvalidError):
    """A security key needs a name of 1 to 100 characters."""


class SecurityKeyUnknownError(NotFoundError):
    """There is no such security key."""


class LastFactorError(ConflictError):
    """The account asks everybody for a second factor: the last one has to stay."""
