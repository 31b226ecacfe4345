"""All SQL of the slice."""

from stackyard.audit.store.entries import AuditStore
from stackyard.audit.store.webhooks import WebhookStore

__all__ = ["AuditStore", "WebhookStore"]
