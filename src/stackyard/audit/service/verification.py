"""Walk along the chain and say what is the first thing wrong with it."""

from dataclasses import dataclass
from typing import Final

from stackyard.audit.model.chain import (
    Finding,
    Mark,
    Problem,
    Unsealed,
    Verdict,
    Verifier,
    is_intact,
)
from stackyard.audit.service.leave import require_administrator
from stackyard.audit.store import AuditStore
from stackyard.kernel.access import Access, Subject
from stackyard.kernel.needs import Rule, needs

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Verification:
    """Its session sees one moment: otherwise what is sealed meanwhile looks wrong."""

    store: AuditStore
    access: Access

    @needs(Rule.PLATFORM)
    async def verify(self, *, by: Subject, witness: Mark | None = None) -> Verdict:
        """Return what was found. In memory is one batch at a time."""
        await require_administrator(self.access, by)
        chain = await self.store.find_chain()
        anchor, head = (chain.anchor, chain.head) if chain else (Mark(), Mark())
        verifier = Verifier(anchor, head, witness)
        finding = verifier.begin() or await self._walk(verifier) or verifier.end()
        return Verdict(finding, verifier.count, anchor, head, await self._unsealed())

    async def _walk(self, verifier: Verifier) -> Finding | None:
        # from below zero, for what somebody may have put there
        last = -(2**63)
        while batch := await self.store.sealed_after(last, limit=BATCH):
            for entry in batch:
                if finding := verifier.check(entry):
                    return finding
            last = batch[-1].position or 0
        return None

    async def _unsealed(self) -> Unsealed:
        count, oldest = await self.store.count_unsealed()
        last, altered = "", None
        while not altered and (
            batch := await self.store.unsealed_after(last, limit=BATCH)
        ):
            altered = next(
                (
                    Finding(Problem.ALTERED, None, entry.id)
                    for entry in batch
                    if not is_intact(entry)
                ),
                None,
            )
            last = batch[-1].id
        return Unsealed(count, oldest, altered)
