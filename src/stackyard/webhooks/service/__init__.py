"""What is done with webhooks. Secrets go in, and come out in what is sent alone."""

from stackyard.webhooks.service.deliveries import HookDeliveries
from stackyard.webhooks.service.named import NamedWebhooks
from stackyard.webhooks.service.own import StackWebhooks

__all__ = ["HookDeliveries", "NamedWebhooks", "StackWebhooks"]
