from stackyard.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)


class FilterNotFoundError(NotFoundError):
    """There is no such saved filter, or you may not know of it."""


class FilterCreatorOnlyError(ForbiddenError):
    """You are unauthorized: only its creator or an account's administrator may."""


class FilterTypeError(InvalidError):
    """A saved filter's type is one of stacks, blueprints, contexts, webhooks."""


class FilterNameError(InvalidError):
    """A saved filter's name has 1 to 200 characters, and no control characters."""


class FilterDataError(InvalidError):
    """The data of a saved filter must be JSON, of at most 64 KiB."""


class TooManyFiltersError(ConflictError):
    """Nobody has more than 500 saved filters: delete some first."""
