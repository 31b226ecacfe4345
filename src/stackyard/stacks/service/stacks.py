"""Use cases of stacks: load, ask leave, decide, tell."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from stackyard.kernel.access import Access, Action, Level, Subject, SubjectKind
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import ForbiddenError, NotFoundError
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import (
    ROOT,
    ContextId,
    PoolId,
    RepoId,
    SpaceId,
    StackId,
    slugify,
)
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.search import Page, Search
from stackyard.spaces import RunWithoutRightsError
from stackyard.stacks.errors import (
    ProjectNotFoundError,
    SourceChangedError,
    StackDependedOnError,
    StackLockedError,
    StackNotFoundError,
    StackProblemsError,
    StackSlugTakenError,
)
from stackyard.stacks.events import (
    StackCreated,
    StackDeleted,
    StackDeletionRequested,
    StackEnabled,
    StackUnlocked,
    StackUpdated,
)
from stackyard.stacks.model.project import Project, ProjectKind
from stackyard.stacks.model.spec import StackSpec
from stackyard.stacks.model.stack import Stack
from stackyard.stacks.ports import CommitFacts, Neighbours, Reaching
from stackyard.stacks.service.settling import Settling
from stackyard.stacks.store import StackStore

P = TypeVar("P", bound=Project)


@dataclass(frozen=True, slots=True)
class Stacks:
    store: StackStore
    access: Access
    outbox: Outbox
    clock: Clock
    neighbours: Neighbours
    trail: Trail

    @property
    def settling(self) -> Settling:
        return Settling(self.store, self.access, self.neighbours)

    @needs(Action.SPACE_READ)
    async def find(
        self, stack_id: StackId, *, by: Subject, lock: bool = False
    ) -> Stack | None:
        """Return the stack, or None if there is none that *by* may know of."""
        return await self._find(Stack, stack_id, by=by, lock=lock)

    @needs(Action.SPACE_READ)
    async def get(self, stack_id: StackId, *, by: Subject, lock: bool = False) -> Stack:
        stack = await self.find(stack_id, by=by, lock=lock)
        if stack is None:
            raise StackNotFoundError(stack=stack_id)
        return stack

    @needs(Action.SPACE_READ)
    async def find_project(
        self, project_id: StackId, *, by: Subject, lock: bool = False
    ) -> Project | None:
        """Return the stack or the module of this id, if *by* may know of it."""
        return await self._find(Project, project_id, by=by, lock=lock)

    @needs(Action.SPACE_READ)
    async def project(
        self, project_id: StackId, *, by: Subject, lock: bool = False
    ) -> Project:
        """Return what takes part in runs under this id: a stack or a module."""
        project = await self.find_project(project_id, by=by, lock=lock)
        if project is None:
            raise ProjectNotFoundError(project=project_id)
        return project

    @needs(Action.SPACE_READ)
    async def projects(
        self, ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, Project]:
        """Return those of these stacks and modules that *by* may read."""
        spaces = self.neighbours.visible_spaces(by)
        return await self.store.some_of(Project, ids, spaces)

    @needs(Action.SPACE_READ)
    async def all(self, *, by: Subject) -> Sequence[Stack]:
        """Return every stack that *by* may read, by name."""
        return await self.store.all_in(self.neighbours.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def some(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, Stack]:
        """Return those of these stacks that *by* may read."""
        spaces = self.neighbours.visible_spaces(by)
        return await self.store.some_of(Stack, stack_ids, spaces)

    @needs(Action.SPACE_READ)
    async def search(self, search: Search, *, by: Subject) -> Page[Stack]:
        """Return a page of the stacks that *by* may read. One query."""
        return await self.store.search(search, self.neighbours.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def of_repository(self, repo_id: RepoId, *, by: Subject) -> Sequence[Stack]:
        """Return the stacks whose code is in this built-in repository."""
        spaces = self.neighbours.visible_spaces(by)
        return await self.store.of_repository(repo_id, spaces)

    @needs(Rule.SIGNED_IN)
    async def writable(
        self, spaces: Collection[SpaceId], *, by: Subject
    ) -> dict[SpaceId, bool]:
        """Say for each of these spaces whether *by* may write there."""
        levels = await self.access.levels(by, spaces=spaces)
        return {space: level >= Level.WRITE for space, level in levels.items()}

    @needs(Action.STACK_CREATE)
    async def create(
        self,
        spec: StackSpec,
        *,
        by: Subject,
        manage_state: bool = True,
        slug: str | None = None,
    ) -> Stack:
        """Make a stack; its slug comes from its name and never changes again."""
        settling = self.settling
        space_id = await settling.place(spec, None, creating=Action.STACK_CREATE, by=by)
        stack_id = StackId(slug or slugify(spec.name))
        self._check(spec, slug=stack_id, manages_state=manage_state)
        await settling.check_use(spec, None, by=by)
        there = await self.store.find(Project, stack_id)
        if there is not None:
            raise StackSlugTakenError(slug=stack_id, kind=there.kind)
        at = self.clock()
        stack = Stack.create(
            stack_id, spec, space_id=space_id, manages_state=manage_state, at=at
        )
        await self.store.add(stack)
        await settling.check_reach(stack)
        await self.outbox.add(StackCreated(stack_id=stack.id, at=at))
        await self._note("create", stack, by=by)
        return stack

    @needs(Action.STACK_UPDATE)
    async def update(self, stack_id: StackId, spec: StackSpec, *, by: Subject) -> Stack:
        """Replace all settings; a space of None keeps the stack where it is."""
        stack = await self._change(stack_id, Action.STACK_UPDATE, by=by)
        await self.neighbours.ensure_own(stack_id)
        settling = self.settling
        space_id = await settling.place(
            spec, stack, creating=Action.STACK_CREATE, by=by
        )
        self._check(spec, slug=stack.id, manages_state=stack.manages_state)
        await settling.check_use(spec, stack, by=by)
        at = self.clock()
        stack.change(spec, space_id=space_id, at=at)
        await self.store.write(stack)
        await settling.check_reach(stack)
        await self.outbox.add(StackUpdated(stack_id=stack.id, at=at))
        await self._note("update", stack, by=by)
        if spec.is_disabled is True:
            return await self.disable(stack_id, by=by)
        if spec.is_disabled is False:
            return await self.enable(stack_id, by=by)
        return stack

    @needs(Action.STACK_DELETE)
    async def delete(
        self, stack_id: StackId, *, by: Subject, destroy_resources: bool = False
    ) -> Stack:
        """Ask for it to go: its runs end first, and what it made is destroyed."""
        stack = await self._change(stack_id, Action.STACK_DELETE, by=by)
        if dependents := await self.store.dependents_of(stack.id):
            known = await self.some(dependents, by=by)
            raise StackDependedOnError(stack.id, dependents, known)
        await self.neighbours.ensure_own(stack_id)
        at = self.clock()
        stack.request_deletion(destroy_resources=destroy_resources, at=at)
        await self.outbox.add(
            StackDeletionRequested(
                stack_id=stack.id, destroy_resources=stack.destroy_on_delete, at=at
            )
        )
        await self._note("delete", stack, by=by)
        return stack

    @needs(Rule.PLATFORM)
    async def deleting(self, *, by: Subject) -> Sequence[StackId]:
        """Return the stacks that are to go and are still there."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return await self.store.deleting()

    @needs(Rule.PLATFORM)
    async def purge(self, stack_id: StackId, *, by: Subject) -> None:
        """Forget the stack and all that is only about it; the platform's own act."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        stack = await self.get(stack_id, by=by, lock=True)
        await self.store.remove(stack)
        await self.outbox.add(StackDeleted(stack_id=stack_id, at=self.clock()))
        await self._note("purge", stack, by=by)

    @needs(Rule.PLATFORM)
    async def keep(self, stack_id: StackId, *, by: Subject) -> Stack:
        """Give up a deletion: not all that the stack made could be destroyed."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        stack = await self.get(stack_id, by=by, lock=True)
        stack.keep()
        await self._note("keep", stack, by=by)
        return stack

    @needs(Action.STACK_LOCK)
    async def lock(
        self, stack_id: StackId, *, by: Subject, note: str | None = None
    ) -> Stack:
        """Keep others from starting runs, and the platform from deploying by itself."""
        stack = await self._change(stack_id, Action.STACK_LOCK, by=by)
        stack.lock(note=note, by=by, at=self.clock())
        await self._note("lock", stack, by=by)
        return stack

    @needs(Action.STACK_UNLOCK)
    async def unlock(self, stack_id: StackId, *, by: Subject) -> Stack:
        """Set it free: one's own lock, or anybody's with the right to."""
        stack = await self._change(stack_id, Action.STACK_UNLOCK, by=by)
        if stack.is_locked_by_other_than(by):
            await self._require_force(stack, by=by)
        if stack.unlock():
            await self.outbox.add(StackUnlocked(stack_id=stack.id, at=self.clock()))
            await self._note("unlock", stack, by=by)
        return stack

    @needs(Action.STACK_ENABLE)
    async def enable(self, stack_id: StackId, *, by: Subject) -> Stack:
        stack = await self._change(stack_id, Action.STACK_ENABLE, by=by)
        if stack.enable():
            await self.outbox.add(StackEnabled(stack_id=stack.id, at=self.clock()))
            await self._note("enable", stack, by=by)
        return stack

    @needs(Action.STACK_DISABLE)
    async def disable(self, stack_id: StackId, *, by: Subject) -> Stack:
        """Let no new run begin, from whatever source."""
        stack = await self._change(stack_id, Action.STACK_DISABLE, by=by)
        if not stack.is_disabled:
            stack.disable()
            await self._note("disable", stack, by=by)
        return stack

    @needs(Action.STACK_SET_CURRENT_COMMIT)
    async def set_tracked_commit(
        self,
        stack_id: StackId,
        commit: CommitFacts,
        *,
        by: Subject,
        set_by: str | None = None,
    ) -> Stack:
        """Make *commit* what new runs are of; *set_by* is who is shown for it."""
        stack = await self._change(stack_id, Action.STACK_SET_CURRENT_COMMIT, by=by)
        return await self._track(stack, commit, set_by=set_by, by=by)

    @needs(Action.STACK_SYNC_COMMIT)
    async def sync_commit(
        self, looked_at: Stack, commit: CommitFacts, *, by: Subject
    ) -> Stack:
        """Make the head of its branch, as *looked_at* said where that is, the same."""
        stack = await self._change(looked_at.id, Action.STACK_SYNC_COMMIT, by=by)
        if stack.source != looked_at.source:
            raise SourceChangedError(stack=stack.id)
        return await self._track(stack, commit, set_by=None, by=by)

    @needs(Rule.PLATFORM)
    async def record_state(
        self, stack_id: StackId, state: str, *, at: datetime, by: Subject
    ) -> None:
        """Show what became of the newest tracked run; the platform's own act."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        if stack := await self.find(stack_id, by=by):
            stack.show_state(state, at=at)

    @needs(Rule.PLATFORM)
    async def space_of(self, stack_id: StackId, *, by: Subject) -> SpaceId | None:
        """Return where the stack is, whoever may know of it; None if there is none."""
        del by  # asked in the middle of deciding what somebody may do
        stack = await self.store.find(Stack, stack_id)
        return None if stack is None else stack.space_id

    @needs(Action.SPACE_ADMIN)
    async def count_in(
        self, space: SpaceId, *, by: Subject, kind: ProjectKind = ProjectKind.STACK
    ) -> int:
        """Return how many of them are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space, kind)

    @needs(Rule.PLATFORM)
    async def cut_off(self, reaching: Reaching, *, by: Subject) -> Sequence[str]:
        """Name what is used and not reached by these pairs (`space`, `reached`)."""
        del by  # asked in the middle of deciding whether a move is allowed
        return await self.store.cut_off(reaching)

    @needs(Rule.PLATFORM)
    async def cut_off_of_context(
        self, context_id: ContextId, *, by: Subject
    ) -> Sequence[str]:
        """Name what the projects of a context use and do not reach."""
        del by  # asked in the middle of deciding whether a move is allowed
        return await self.store.cut_off_of_context(context_id)

    @needs(Rule.PLATFORM)
    async def cut_off_of_pool(self, pool_id: PoolId, *, by: Subject) -> Sequence[str]:
        """Name what the projects in a worker pool use and do not reach."""
        del by  # asked in the middle of deciding whether a move is allowed
        return await self.store.cut_off_of_pool(pool_id)

    async def _track(
        self, stack: Stack, commit: CommitFacts, *, set_by: str | None, by: Subject
    ) -> Stack:
        if by.kind is not SubjectKind.SYSTEM:  # which finds out, and does not choose
            await self.neighbours.ensure_own(stack.id)
        stack.tracked_commit = commit.as_dict()
        stack.tracked_commit_set_by = set_by or by.name
        facts = {"Commit": stack.tracked_commit["hash"], "SetBy": set_by or by.name}
        await self._note("set_current_commit", stack, by=by, **facts)
        return stack

    async def _find(
        self, kind: type[P], project_id: StackId, *, by: Subject, lock: bool
    ) -> P | None:
        project = await self.store.find(kind, project_id, lock=lock)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = project.space_id if project else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            if by.stack_id == project_id:
                raise RunWithoutRightsError(stack=project_id) from None
            return None
        return project

    async def _note(
        self, verb: str, stack: Stack, *, by: Subject, **facts: Any
    ) -> None:
        await self.trail.note(
            f"stack.{verb}",
            stack.resource(),
            space=stack.space_id,
            facts={"ID": stack.id, "Name": stack.name} | facts,
            by=by,
        )

    async def _change(self, stack_id: StackId, action: Action, *, by: Subject) -> Stack:
        stack = await self.get(stack_id, by=by, lock=True)
        await self.access.require(by, action, space=stack.space_id)
        return stack

    async def _require_force(self, stack: Stack, *, by: Subject) -> None:
        try:
            await self.access.require(
                by, Action.STACK_UNLOCK_FORCE, space=stack.space_id
            )
        except ForbiddenError:
            raise StackLockedError(stack=stack.id, locked_by=stack.locked_by) from None

    def _check(self, spec: StackSpec, *, slug: str, manages_state: bool) -> None:
        problems = self.settling.problems(spec, slug=slug, manages_state=manages_state)
        if problems:
            raise StackProblemsError(*problems)
