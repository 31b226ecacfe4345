"""The audit trail: who did what, to what, from where; and who was not let.

Start with `model/entry.py` for what is kept and `model/chain.py` for how one sees that
nothing of it was changed. The slices below say what happens through `kernel.audit`;
`watch.py` notices refusals. What was written down is sealed a moment later
(`service/sealing.py`), and sent to the one webhook that there may be.
"""

from stackyard.audit.errors import (
    AuditAdminOnlyError,
    SearchDateError,
    WebhookProblemsError,
    WebhookSilentError,
)
from stackyard.audit.events import DeliveriesDue, EntriesRecorded
from stackyard.audit.model.chain import Finding, Mark, Problem, Verdict
from stackyard.audit.model.entry import Entry, EventType, Outcome, Refusal
from stackyard.audit.model.masking import masked
from stackyard.audit.model.webhook import (
    Delivery,
    Webhook,
    WebhookSettings,
)
from stackyard.audit.ports import RolesOf
from stackyard.audit.service import (
    Audit,
    AuditTrail,
    Sealing,
    Verification,
    Webhooks,
    WebhookSetup,
)
from stackyard.audit.store import AuditStore, WebhookStore
from stackyard.audit.watch import WatchedAccess, watching

__all__ = [
    "Audit",
    "AuditAdminOnlyError",
    "AuditStore",
    "AuditTrail",
    "DeliveriesDue",
    "Delivery",
    "EntriesRecorded",
    "Entry",
    "EventType",
    "Finding",
    "Mark",
    "Outcome",
    "Problem",
    "Refusal",
    "RolesOf",
    "Sealing",
    "SearchDateError",
    "Verdict",
    "Verification",
    "WatchedAccess",
    "Webhook",
    "WebhookProblemsError",
    "WebhookSettings",
    "WebhookSetup",
    "WebhookSilentError",
    "WebhookStore",
    "Webhooks",
    "masked",
    "watching",
]
