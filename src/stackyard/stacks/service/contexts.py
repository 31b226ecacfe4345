"""Use cases of which project has which contexts, and what comes of it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from stackyard.contexts import (
    Context,
    ContextConfig,
    ContextElement,
    Contexts,
)
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.config import ConfigValue
from stackyard.kernel.ids import ROOT, AttachmentId, ContextId, StackId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.stacks.errors import AttachmentProblemsError, ContextOutOfReachError
from stackyard.stacks.model.config import ConfigElement
from stackyard.stacks.model.contexts import (
    HIGHEST_PRIORITY,
    AttachedContext,
    Configuration,
    ContextAttachment,
    as_secret_as,
    effective,
    hooks_in_order,
    ranked,
)
from stackyard.stacks.model.project import Project
from stackyard.stacks.model.runtime import RuntimeConfig
from stackyard.stacks.service.config import StackConfig
from stackyard.stacks.service.stacks import Stacks
from stackyard.stacks.store import AttachmentStore

# A variable or file that a run is given, and by which context; None: its own.
Given: TypeAlias = tuple[AttachedContext | None, ConfigElement | ContextElement]


@dataclass(frozen=True, slots=True)
class StackContexts:
    store: AttachmentStore
    stacks: Stacks
    stack_config: StackConfig
    contexts: Contexts
    context_config: ContextConfig
    access: Access
    clock: Clock
    trail: Trail

    @needs(Action.STACK_UPDATE)
    async def attach(
        self,
        context_id: ContextId,
        stack_id: StackId,
        *,
        by: Subject,
        priority: int = 0,
    ) -> AttachedContext:
        """Let a stack or a module have a context that it reaches, once."""
        project = await self.stacks.project(stack_id, by=by, lock=True)
        await self.access.require(by, Action.STACK_UPDATE, space=project.space_id)
        await self.stacks.neighbours.ensure_own(project.id)
        context = await self.contexts.get(context_id, by=by, lock=True, shared=True)
        if not 0 <= priority <= HIGHEST_PRIORITY:
            raise AttachmentProblemsError("priority: 0 is the first, none comes before")
        if not await self.store.reaches(project, context.space_id):
            raise ContextOutOfReachError(context=context.id, space=project.space_id)
        attachment = ContextAttachment(
            id=AttachmentId(new_ulid()),
            context_id=context.id,
            stack_id=project.id,
            priority=priority,
            created_at=self.clock(),
        )
        await self.store.add(attachment)
        await self._note("attach", attachment, project, by=by)
        return _attached(context, project, attachment)

    @needs(Action.STACK_UPDATE)
    async def detach(
        self, attachment_id: AttachmentId, *, by: Subject
    ) -> AttachedContext | None:
        """Take it away again; None if there is no such attachment."""
        attachment = await self.store.find(attachment_id)
        if attachment is None:
            return None
        project = await self.stacks.find_project(attachment.stack_id, by=by, lock=True)
        if project is None:
            return None
        await self.access.require(by, Action.STACK_UPDATE, space=project.space_id)
        await self.stacks.neighbours.ensure_own(project.id)
        # once more: who had the project before us may have taken it away
        attachment = await self.store.find(attachment_id, lock=True)
        if attachment is None:
            return None
        context = await self.contexts.find(attachment.context_id, by=by)
        if context is None:  # it has just been deleted, and this with it
            return None
        await self.store.remove(attachment)
        await self._note("detach", attachment, project, by=by)
        return _attached(context, project, attachment)

    @needs(Action.SPACE_READ)
    async def of(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[AttachedContext]]:
        """Return the contexts of each of those of these projects that *by* may read.

        Those whose word wins come first. What *by* may not know of is left out.
        """
        readable = await self.stacks.projects(stack_ids, by=by)
        found = await self.store.of_projects(list(readable))
        known = await self.contexts.some({one.context_id for one in found}, by=by)
        return _by_stack([one for one in found if one.context_id in known])

    @needs(Action.SPACE_READ)
    async def having(
        self, context_ids: Collection[ContextId], *, by: Subject
    ) -> dict[ContextId, list[AttachedContext]]:
        """Return which projects have each, of what *by* may read; by their names."""
        readable = await self.contexts.some(context_ids, by=by)
        spaces = self.stacks.neighbours.visible_spaces(by)
        found: dict[ContextId, list[AttachedContext]] = defaultdict(list)
        for one in await self.store.of_contexts(list(readable), spaces):
            found[one.context_id].append(one)
        return dict(found)

    @needs(Action.SPACE_READ)
    async def given(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[Given]]:
        """Return what runs of each project are given, each variable and file once."""
        own = await self.stack_config.of(stack_ids, by=by)
        attached = await self.of(stack_ids, by=by)
        shared = await self.context_config.of(_contexts_of(attached), by=by)
        found: dict[StackId, list[Given]] = {}
        for stack_id in own.keys() | attached.keys():
            layers: list[
                tuple[AttachedContext | None, Sequence[ConfigElement | ContextElement]]
            ] = [(None, own.get(stack_id, []))]
            layers += [
                (one, shared.get(one.context_id, []))
                for one in attached.get(stack_id, [])
            ]
            found[stack_id] = effective(layers)
        return found

    @needs(Rule.PLATFORM)
    async def for_run(
        self,
        stack_id: StackId,
        *,
        by: Subject,
        runtime_config: RuntimeConfig | None = None,
        inputs: Sequence[ConfigValue] = (),
    ) -> Configuration:
        """Return what the job of a worker holds of it, in clear; and nothing else.

        What the run is given of its own comes before everything; *inputs*, outputs of
        other stacks, come after the stack's own word and before that of contexts.
        """
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        project = await self.stacks.project(stack_id, by=by)
        own = await self.stack_config.values_for_run(stack_id, by=by)
        attached = (await self.of([stack_id], by=by)).get(stack_id, [])
        ids = {one.context_id for one in attached}
        shared = await self.context_config.values_for_runs(ids, by=by)
        run = runtime_config or RuntimeConfig()
        weaker = [own, inputs, *(shared.get(one.context_id, []) for one in attached)]
        layers = [as_secret_as(weaker, run.values()), *weaker]
        return Configuration(
            values=[value for _, value in effective([(None, one) for one in layers])],
            hooks=hooks_in_order(run.hooks_over(project.hooks()), attached),
        )

    async def _note(
        self, verb: str, attachment: ContextAttachment, project: Project, *, by: Subject
    ) -> None:
        await self.trail.note(
            f"context.{verb}",
            Resource(ResourceType.CONTEXT, attachment.context_id),
            related=project.resource(),
            space=project.space_id,
            facts={"ID": attachment.id, "Priority": attachment.priority},
            by=by,
        )


def _attached(
    context: Context, project: Project, attachment: ContextAttachment
) -> AttachedContext:
    return AttachedContext(
        context, project.id, project.name, attachment, project.is_module
    )


def _by_stack(
    found: Sequence[AttachedContext],
) -> dict[StackId, list[AttachedContext]]:
    grouped: dict[StackId, list[AttachedContext]] = defaultdict(list)
    for one in ranked(found):
        grouped[one.stack_id].append(one)
    return dict(grouped)


def _contexts_of(
    attached: dict[StackId, list[AttachedContext]],
) -> set[ContextId]:
    return {one.context_id for several in attached.values() for one in several}
