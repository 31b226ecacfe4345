from stackyard.kernel.errors import ForbiddenError, InvalidError, UnauthorizedError


class AccountAdminOnlyError(ForbiddenError):
    """You are unauthorized: only an administrator of the account may do that."""


class ApiKeyNameError(InvalidError):
    """An API key needs a name of 1 to 200 characters, without control characters."""


class CredentialsError(UnauthorizedError):
    """You are unauthorized: these credentials are not valid, or no longer."""


class RunEndedError(UnauthorizedError):
    """You are unauthorized: the run that this token was made for has ended."""
