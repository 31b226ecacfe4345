from stackyard.kernel.errors import (
    ForbiddenError,
    InvalidError,
    ProblemsError,
)


class AuditAdminOnlyError(ForbiddenError):
    """You are unauthorized: the audit trail is for administrators of the account."""


class WebhookProblemsError(ProblemsError):
    """The audit trail's webhook cannot be set up like that."""


class WebhookSilentError(InvalidError):
    """The endpoint must answer a test delivery with a status of 2xx."""

    def __str__(self) -> str:
        said = self.facts["status"] or self.facts["problem"]
        return f"the endpoint must answer a test delivery with 2xx, and did not: {said}"


class SearchDateError(InvalidError):
    """A time is a date, an ISO time or unix seconds; a range is two of them, `A..B`."""
