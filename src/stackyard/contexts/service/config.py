"""Use cases of a context's variables and files.

A secret value goes in, and comes out again only in `values_for_runs`.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.contexts.model import Context, ContextElement
from stackyard.contexts.service.contexts import Contexts
from stackyard.contexts.store import ContextConfigStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.config import ConfigInput, ConfigValue
from stackyard.kernel.ids import ROOT, ContextId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Vault


@dataclass(frozen=True, slots=True)
class ContextConfig:
    store: ContextConfigStore
    contexts: Contexts
    access: Access
    vault: Vault
    clock: Clock
    trail: Trail

    @needs(Action.CONTEXT_UPDATE)
    async def add(
        self, context_id: ContextId, wanted: ConfigInput, *, by: Subject
    ) -> ContextElement:
        """Set a variable or a file, in the place of one of the same name."""
        context = await self._change(context_id, by=by)
        element = ContextElement(context_id=context.id)
        row = _row(context.id, wanted.id)
        element.set(wanted, self.vault, row=row, at=self.clock())
        await self._note("add", element, context, by=by)
        return await self.store.put(element)

    @needs(Action.CONTEXT_UPDATE)
    async def delete(
        self, context_id: ContextId, element_id: str, *, by: Subject
    ) -> ContextElement | None:
        """Forget it; None if there was none, so that a second try does no harm."""
        context = await self._change(context_id, by=by)
        element = await self.store.find(context.id, element_id)
        if element is not None:
            await self.store.remove(element)
            await self._note("delete", element, context, by=by)
        return element

    @needs(Action.CONTEXT_UPDATE)
    async def replace(
        self, context_id: ContextId, wanted: Sequence[ConfigInput], *, by: Subject
    ) -> None:
        """Hold these variables and files, and no others."""
        await self._change(context_id, by=by)
        kept = {one.id for one in wanted}
        for element in await self.store.of([context_id]):
            if element.id not in kept:
                await self.delete(context_id, element.id, by=by)
        for one in wanted:
            await self.add(context_id, one, by=by)

    @needs(Action.SPACE_READ)
    async def some(
        self, keys: Collection[tuple[ContextId, str]], *, by: Subject
    ) -> dict[tuple[ContextId, str], ContextElement]:
        """Return those of these that *by* may read; each by its context and name."""
        readable = await self.contexts.some({context for context, _ in keys}, by=by)
        found = await self.store.some([key for key in keys if key[0] in readable])
        return {(one.context_id, one.id): one for one in found}

    @needs(Action.SPACE_READ)
    async def of(
        self, context_ids: Collection[ContextId], *, by: Subject
    ) -> dict[ContextId, list[ContextElement]]:
        """Return what is in each of those of these contexts that *by* may read."""
        readable = await self.contexts.some(context_ids, by=by)
        found: dict[ContextId, list[ContextElement]] = defaultdict(list)
        for element in await self.store.of(list(readable)):
            found[element.context_id].append(element)
        return dict(found)

    @needs(Rule.PLATFORM)
    async def values_for_runs(
        self, context_ids: Collection[ContextId], *, by: Subject
    ) -> dict[ContextId, list[ConfigValue]]:
        """Return every value in clear, for the job of a worker and nothing else."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        found: dict[ContextId, list[ConfigValue]] = defaultdict(list)
        for one in await self.store.of(context_ids):
            value = one.clear(self.vault, row=_row(one.context_id, one.id))
            found[one.context_id].append(value)
        return dict(found)

    async def _change(self, context_id: ContextId, *, by: Subject) -> Context:
        context = await self.contexts.get(context_id, by=by, lock=True)
        await self.access.require(by, Action.CONTEXT_UPDATE, space=context.space_id)
        return context

    async def _note(
        self, verb: str, element: ContextElement, context: Context, *, by: Subject
    ) -> None:
        await self.trail.note(
            f"context_config.{verb}",
            Resource(ResourceType.CONTEXT, context.id),
            space=context.space_id,
            facts=element.facts(),
            by=by,
        )


def _row(context_id: ContextId, element_id: str) -> str:
    return f"context_config/{context_id}/{element_id}"
