"""Webhooks: who is to be told of runs.

Those of one stack or module are told of all that its runs do; those with a name, of
what a notification policy picks out; so far nothing is. The slice of runs says what
there is to tell, in the transaction in which it happens.
"""

from stackyard.webhooks.errors import (
    EndpointTakenError,
    HookProblemsError,
    WebhookNotFoundError,
    WebhookSlugTakenError,
    WebhookSpaceError,
)
from stackyard.webhooks.events import HookDeliveriesDue
from stackyard.webhooks.model.delivery import HookDelivery
from stackyard.webhooks.model.named import NamedSettings, NamedWebhook, SecretHeader
from stackyard.webhooks.model.own import StackWebhook
from stackyard.webhooks.model.settings import HookSettings
from stackyard.webhooks.service import (
    HookDeliveries,
    NamedWebhooks,
    StackWebhooks,
)
from stackyard.webhooks.store import (
    HookDeliveryStore,
    NamedWebhookStore,
    StackWebhookStore,
)

__all__ = [
    "EndpointTakenError",
    "HookDeliveries",
    "HookDeliveriesDue",
    "HookDelivery",
    "HookDeliveryStore",
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
