"""Use cases of the variables and files of a stack or a module.

A secret value goes in, and comes out again only in `values_for_run`.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.config import ConfigInput, ConfigValue
from stackyard.kernel.ids import ROOT, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Vault
from stackyard.stacks.model.config import ConfigElement
from stackyard.stacks.model.project import Project
from stackyard.stacks.service.stacks import Stacks
from stackyard.stacks.store import ConfigStore


@dataclass(frozen=True, slots=True)
class StackConfig:
    store: ConfigStore
    stacks: Stacks
    access: Access
    vault: Vault
    clock: Clock
    trail: Trail

    @needs(Action.STACK_ADD_CONFIG)
    async def add(
        self, stack_id: StackId, wanted: ConfigInput, *, by: Subject
    ) -> ConfigElement:
        """Set a variable or a file, in the place of one of the same name."""
        project = await self.stacks.project(stack_id, by=by, lock=True)
        await self.access.require(by, Action.STACK_ADD_CONFIG, space=project.space_id)
        await self.stacks.neighbours.ensure_own(stack_id)
        element = ConfigElement(stack_id=project.id)
        row = _row(project.id, wanted.id)
        element.set(wanted, self.vault, row=row, at=self.clock())
        await self._note("add", element, project, by=by)
        return await self.store.put(element)

    @needs(Action.STACK_DELETE_CONFIG)
    async def delete(
        self, stack_id: StackId, element_id: str, *, by: Subject
    ) -> ConfigElement | None:
        """Forget it; None if there was none, so that a second try does no harm."""
        project = await self.stacks.project(stack_id, by=by, lock=True)
        await self.access.require(
            by, Action.STACK_DELETE_CONFIG, space=project.space_id
        )
        await self.stacks.neighbours.ensure_own(stack_id)
        element = await self.store.find(project.id, element_id)
        if element is not None:
            await self.store.remove(element)
            await self._note("delete", element, project, by=by)
        return element

    @needs(Action.SPACE_READ)
    async def some(
        self, keys: Collection[tuple[StackId, str]], *, by: Subject
    ) -> dict[tuple[StackId, str], ConfigElement]:
        """Return those of these that *by* may read; each by its stack and name."""
        readable = await self.stacks.projects({stack for stack, _ in keys}, by=by)
        found = await self.store.some([key for key in keys if key[0] in readable])
        return {(one.stack_id, one.id): one for one in found}

    @needs(Action.SPACE_READ)
    async def of(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[ConfigElement]]:
        """Return what is set on each of those of these projects that *by* may read."""
        readable = await self.stacks.projects(stack_ids, by=by)
        found: dict[StackId, list[ConfigElement]] = defaultdict(list)
        for element in await self.store.of(list(readable)):
            found[element.stack_id].append(element)
        return dict(found)

    @needs(Rule.PLATFORM)
    async def values_for_run(
        self, stack_id: StackId, *, by: Subject
    ) -> Sequence[ConfigValue]:
        """Return every value in clear, for the job of a worker and nothing else."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return [
            element.clear(self.vault, row=_row(element.stack_id, element.id))
            for element in await self.store.of([stack_id])
        ]

    async def _note(
        self, verb: str, element: ConfigElement, project: Project, *, by: Subject
    ) -> None:
        await self.trail.note(
            f"stack_config.{verb}",
            project.resource(),
            space=project.space_id,
            facts=element.facts(),
            by=by,
        )


def _row(stack_id: StackId, element_id: str) -> str:
    return f"stack_config/{stack_id}/{element_id}"
