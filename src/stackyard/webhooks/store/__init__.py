"""All SQL about webhooks."""

from stackyard.webhooks.store.deliveries import HookDeliveryStore
from stackyard.webhooks.store.named import NamedWebhookStore
from stackyard.webhooks.store.own import StackWebhookStore

__all__ = ["HookDeliveryStore", "NamedWebhookStore", "StackWebhookStore"]
