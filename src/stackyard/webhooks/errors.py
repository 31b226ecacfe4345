from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class WebhookNotFoundError(NotFoundError):
    """There is no such webhook, or you may not know of it."""


class HookProblemsError(ProblemsError):
    """The webhook cannot be set up like that."""


class EndpointTakenError(ConflictError):
    """The stack or module has a webhook with that endpoint already: change that one."""


class WebhookSlugTakenError(ConflictError):
    """A webhook whose name comes to the same id exists already: choose another name."""


class WebhookSpaceError(InvalidError):
    """There is no such space to put the webhook in, or you may not know of it."""
