"""Webhooks: who is to be told of runs.

Those of one stack or module are told of all that its runs do; those with a name, of
what a notification policy picks out. Here is who there is, and what they carry.
"""

from stackyard.webhooks.errors import (
    EndpointTakenError,
    HookProblemsError,
    WebhookNotFoundError,
    WebhookSlugTakenError,
    WebhookSpaceError,
)
from stackyard.webhooks.model.named import NamedSettings, NamedWebhook, SecretHeader
from stackyard.webhooks.model.own import StackWebhook
from stackyard.webhooks.model.settings import HookSettings
from stackyard.webhooks.service import NamedWebhooks, StackWebhooks
from stackyard.webhooks.store import NamedWebhookStore, StackWebhookStore

__all__ = [
    "EndpointTakenError",
    "HookProblemsError",
    "HookSettings",
    "NamedSettings",
    "NamedWebhook",
    "NamedWebhookStore",
    "NamedWebhooks",
    "SecretHeader",
    "StackWebhook",
    "StackWebhookStore",
    "StackWebhooks",
    "WebhookNotFoundError",
    "WebhookSlugTakenError",
    "WebhookSpaceError",
]
