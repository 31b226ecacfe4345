"""What is written down, sealed, looked up, and sent on."""

from stackyard.audit.service.reading import Audit
from stackyard.audit.service.sealing import Sealing
from stackyard.audit.service.setup import OpenWebhooks, WebhookSetup
from stackyard.audit.service.trail import AuditTrail
from stackyard.audit.service.verification import Verification
from stackyard.audit.service.webhooks import Webhooks

__all__ = [
    "Audit",
    "AuditTrail",
    "OpenWebhooks",
    "Sealing",
    "Verification",
    "WebhookSetup",
    "Webhooks",
]
