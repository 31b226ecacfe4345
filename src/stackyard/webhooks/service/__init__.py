"""What people do with webhooks. Secrets go in, and do not come out again."""

from stackyard.webhooks.service.named import NamedWebhooks
from stackyard.webhooks.service.own import StackWebhooks

__all__ = ["NamedWebhooks", "StackWebhooks"]
