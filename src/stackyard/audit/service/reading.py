from dataclasses import dataclass

from stackyard.audit.model.entry import Entry
from stackyard.audit.service.leave import require_administrator
from stackyard.audit.store import AuditStore
from stackyard.kernel.access import Access, Subject
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.search import Page, Search


@dataclass(frozen=True, slots=True)
class Audit:
    store: AuditStore
    access: Access

    @needs(Rule.ACCOUNT_ADMIN)
    async def search(self, search: Search, *, by: Subject) -> Page[Entry]:
        """Return a page of entries, for administrators of the account. One query."""
        await require_administrator(self.access, by)
        return await self.store.search(search)
