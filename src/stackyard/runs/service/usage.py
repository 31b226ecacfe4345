"""How much was worked, for whoever pays for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.errors import UsageAdminOnlyError
from stackyard.runs.usage import UsageAspect, UsageLine, UsageQuery
from stackyard.runs.usage_store import UsageStore


@dataclass(frozen=True, slots=True)
class Usage:
    store: UsageStore
    access: Access
    clock: Clock

    @needs(Rule.ACCOUNT_ADMIN)
    async def lines(self, query: UsageQuery, *, by: Subject) -> Sequence[UsageLine]:
        """Return sums by day. What was deleted with its stack is in none of them."""
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        except NotFoundError as error:  # that there is an account is no secret
            raise UsageAdminOnlyError(subject=by.name) from error
        if query.aspect is UsageAspect.WORKER_COUNT:
            return await self.store.workers(query, now=self.clock())
        return await self.store.minutes(query, now=self.clock())
