"""Who may read and write a stack's state, and under which lock.

The bytes go to object storage between two of these calls (see `http/state_files.py`):
first a write is judged, then the object is made durable, then a row names it.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from stackyard.kernel import audit
from stackyard.kernel.access import Access, Action, Subject, SubjectKind
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, RunId, SpaceId, StackId
from stackyard.kernel.needs import Rule, needs, note_asked
from stackyard.kernel.secrets import Vault
from stackyard.spaces import RunWithoutRightsError
from stackyard.state.errors import (
    StackUnknownError,
    StateLockedError,
    StateNotFoundError,
)
from stackyard.state.made import OutputValue, StackOutput, StackResource
from stackyard.state.model import (
    Given,
    LockInfo,
    StateLock,
    StateVersion,
    ensure_held,
    new_version,
)
from stackyard.state.store import StateStore
from stackyard_protocol.report import Output, Resource

SpaceOf: TypeAlias = Callable[[StackId], Awaitable[SpaceId]]
# Those of these stacks that somebody may read, and their spaces.
Readable: TypeAlias = Callable[
    [Collection[StackId], Subject], Awaitable[Mapping[StackId, SpaceId]]
]
MayWrite: TypeAlias = Callable[[RunId], Awaitable[bool]]

PAGE = 50


@dataclass(frozen=True, slots=True)
class States:
    store: StateStore
    access: Access
    vault: Vault
    clock: Clock
    space_of: SpaceOf
    readable: Readable
    may_write: MayWrite  # whether this run is one that may change state, right now
    trail: audit.Trail

    @needs(Action.STACK_STATE_READ, Rule.OWN_RUN)
    async def current(self, stack_id: StackId, *, by: Subject) -> StateVersion | None:
        """Return the newest version, or None for a stack that has no state yet."""
        await self._require(stack_id, Action.STACK_STATE_READ, by=by)
        return await self.store.current(stack_id)

    @needs(Action.STACK_STATE_DOWNLOAD, Rule.OWN_RUN)
    async def get(
        self, stack_id: StackId, version_id: str, *, by: Subject
    ) -> StateVersion:
        await self._require(stack_id, Action.STACK_STATE_DOWNLOAD, by=by)
        return await self.store.get(stack_id, version_id)

    @needs(Action.STACK_STATE_DOWNLOAD, Rule.OWN_RUN)
    async def newest(self, stack_id: StackId, *, by: Subject) -> StateVersion:
        """Return the version that a download is of."""
        await self._require(stack_id, Action.STACK_STATE_DOWNLOAD, by=by)
        version = await self.store.current(stack_id)
        if version is None:
            raise StateNotFoundError(stack=stack_id)
        return version

    @needs(Action.STACK_STATE_READ, Rule.OWN_RUN)
    async def versions(
        self, stack_ids: Sequence[StackId], *, by: Subject, before: str | None = None
    ) -> dict[StackId, list[StateVersion]]:
        """Return a page of all versions of those stacks whose state *by* may read.

        Newest first. A stack that is missing from the answer is not theirs to read.
        """
        allowed = await self._allowed(stack_ids, Action.STACK_STATE_READ, by=by)
        found: dict[StackId, list[StateVersion]] = {stack: [] for stack in allowed}
        for version in await self.store.versions(allowed, before=before, limit=PAGE):
            found[version.stack_id].append(version)
        return found

    @needs(Action.STACK_MANAGED_STATE_IMPORT, Rule.OWN_RUN)
    async def prepare_write(
        self, stack_id: StackId, given: Given, lock_id: str | None, *, by: Subject
    ) -> StateVersion | None:
        """Judge a write; return the version to store, or None if it is here already."""
        await self._require_write(stack_id, by=by)
        ensure_held(await self.store.lock(stack_id), lock_id)
        return await self._following(stack_id, given, by=by)

    @needs(Action.STACK_MANAGED_STATE_IMPORT, Rule.OWN_RUN)
    async def record_write(
        self, version: StateVersion, lock_id: str | None, *, by: Subject
    ) -> None:
        """Make *version*, whose object is durable now, the current one."""
        await self._require_write(version.stack_id, by=by)
        await self.store.serialize(version.stack_id)
        ensure_held(await self.store.lock(version.stack_id), lock_id)
        if await self._record(version):
            await self._note("write", version.stack_id, version, by=by)

    @needs(Action.STACK_MANAGED_STATE_IMPORT)
    async def prepare_import(
        self, stack_id: StackId, given: Given, *, by: Subject
    ) -> StateVersion | None:
        """Judge a state that an administrator brings or takes from an old version."""
        await self._require_person(stack_id, Action.STACK_MANAGED_STATE_IMPORT, by=by)
        await self._ensure_unlocked(stack_id)
        return await self._following(stack_id, given, by=by)

    @needs(Action.STACK_MANAGED_STATE_IMPORT)
    async def record_import(
        self, version: StateVersion, *, by: Subject, old: str | None = None
    ) -> None:
        """Make *version* the current one; *old* is the version it was taken from."""
        action = Action.STACK_MANAGED_STATE_IMPORT
        await self._require_person(version.stack_id, action, by=by)
        await self.store.serialize(version.stack_id)
        await self._ensure_unlocked(version.stack_id)
        if await self._record(version):
            verb = "rollback" if old else "import"
            await self._note(verb, version.stack_id, version, old=old, by=by)

    @needs(Rule.PLATFORM)
    async def prepare_rescue(
        self, stack_id: StackId, run_id: RunId, given: Given, *, by: Subject
    ) -> StateVersion | None:
        """Judge a state that Terraform could not write while it still could.

        It becomes the current one where that loses nothing, and is kept aside
        otherwise: never refused, never lost.
        """
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        current = await self.store.current(stack_id)
        if current is not None and current.sha256 == given.sha256:
            return None
        newer = current is None or (
            current.lineage == given.lineage and current.serial < given.serial
        )
        return new_version(
            stack_id=stack_id,
            given=given,
            at=self.clock(),
            by=by.name,
            run_id=run_id,
            aside=not newer,
        )

    @needs(Rule.PLATFORM)
    async def record_rescue(self, version: StateVersion, *, by: Subject) -> None:
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        await self.store.serialize(version.stack_id)
        current = await self.store.current(version.stack_id)
        if current is not None and current.serial >= version.serial:
            version.aside = True
        self.store.add(version)

    @needs(Action.STACK_MANAGED_STATE_IMPORT, Rule.OWN_RUN)
    async def lock(self, stack_id: StackId, lock: LockInfo, *, by: Subject) -> None:
        """Take the lock, or raise `StateLockedError` with what its holder says.

        Taking it again under the same id is fine: the answer was lost on its way.
        """
        await self._require(stack_id, Action.STACK_MANAGED_STATE_IMPORT, by=by)
        made = StateLock(
            stack_id=stack_id,
            lock_id=lock.id,
            info=lock.info,
            owner=by.name,
            run_id=_run_of(by),
            created_at=self.clock(),
        )
        if await self.store.take_lock(made):
            await self._note("lock", stack_id, by=by)
            return
        held = await self.store.lock(stack_id)
        if held is not None:
            held.ensure_id(lock.id)

    @needs(Action.STACK_MANAGED_STATE_IMPORT, Action.STACK_UNLOCK_FORCE, Rule.OWN_RUN)
    async def unlock(
        self, stack_id: StackId, lock_id: str | None, *, by: Subject
    ) -> None:
        """Let go of the lock. Without its id it is broken, which needs a right."""
        held = await self.store.lock(stack_id)
        own = (
            held is not None and held.run_id is not None and held.run_id == _run_of(by)
        )
        if lock_id is not None or own:
            await self._require(stack_id, Action.STACK_MANAGED_STATE_IMPORT, by=by)
        else:
            await self._require_person(stack_id, Action.STACK_UNLOCK_FORCE, by=by)
        if held is None:
            return
        if lock_id is not None:
            held.ensure_id(lock_id)
        await self.store.drop_lock(stack_id)
        await self._note("unlock", stack_id, by=by)

    @needs(Rule.PLATFORM)
    async def release_locks_of_run(self, run_id: RunId, *, by: Subject) -> None:
        """The run is on no worker any more: it holds nothing any more."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        await self.store.drop_locks_of_run(run_id)

    @needs(Rule.PLATFORM)
    async def replace(
        self,
        stack_id: StackId,
        *,
        outputs: Sequence[Output] | None,
        resources: Sequence[Resource] | None,
        by: Subject,
        run_id: RunId | None = None,
    ) -> list[str]:
        """Keep what a run found in the state; None leaves what was there.

        Return the names of outputs that are new, or have a new value.
        """
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        changed: list[str] = []
        if outputs is not None:
            before = await self.values_for_run({stack_id}, by=by)
            changed = [
                one.name
                for one in outputs
                if one.value is not None
                and OutputValue(one.value, one.sensitive)
                != before.get((stack_id, one.name))
            ]
            rows = [StackOutput.of(stack_id, one, self.vault) for one in outputs]
            await self.store.replace_outputs(stack_id, rows, run_id=run_id)
        if resources is not None:
            await self.store.replace_resources(
                stack_id,
                [_resource(stack_id, resource) for resource in resources],
                run_id=run_id,
            )
        return changed

    @needs(Rule.PLATFORM)
    async def values_for_run(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[tuple[StackId, str], OutputValue]:
        """Return every output of these, in clear, whose value has left its worker."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        found = {}
        for one in await self.store.outputs(list(stack_ids)):
            if (value := one.clear(self.vault)) is not None:
                found[one.stack_id, one.id] = value
        return found

    @needs(Rule.PLATFORM)
    async def has_resources(self, stack_id: StackId, *, by: Subject) -> bool:
        """Whether a run has found anything in the state of the stack."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return await self.store.has_resources(stack_id)

    @needs(Action.SPACE_READ)
    async def outputs(
        self, stack_ids: Sequence[StackId], *, by: Subject
    ) -> Sequence[StackOutput]:
        """Return the outputs of stacks that *by* may read; sensitive ones unvalued."""
        return await self.store.outputs(list(await self.readable(stack_ids, by)))

    @needs(Action.SPACE_READ)
    async def resources(
        self, stack_ids: Sequence[StackId], *, by: Subject
    ) -> Sequence[StackResource]:
        """Return the resources of stacks that *by* may read."""
        return await self.store.resources(list(await self.readable(stack_ids, by)))

    async def _following(
        self, stack_id: StackId, given: Given, *, by: Subject
    ) -> StateVersion | None:
        current = await self.store.current(stack_id)
        if current is not None and not current.is_followed_by(given):
            return None
        return new_version(
            stack_id=stack_id,
            given=given,
            at=self.clock(),
            by=by.name,
            run_id=_run_of(by),
        )

    async def _record(self, version: StateVersion) -> bool:
        """Add *version*; False if it is here already."""
        given = Given(version.serial, version.lineage, version.sha256, version.size)
        current = await self.store.current(version.stack_id)
        follows = current is None or current.is_followed_by(given)
        if follows:
            self.store.add(version)
        return follows

    async def _ensure_unlocked(self, stack_id: StackId) -> None:
        held = await self.store.lock(stack_id)
        if held is not None:
            raise StateLockedError(stack=stack_id, holder=held.info)

    async def _note(
        self,
        verb: str,
        stack_id: StackId,
        version: StateVersion | None = None,
        *,
        old: str | None = None,
        by: Subject,
    ) -> None:
        """Note what a person does. What a run does to its own state, the run tells."""
        if by.kind is SubjectKind.RUN:
            return
        facts: dict[str, Any] = {"StackID": stack_id}
        if version is not None:
            facts |= {"ID": version.id, "Serial": version.serial}
            facts |= {"StateSHA": version.sha256}
        if old is not None:
            facts["FromVersion"] = old
        await self.trail.note(
            f"state.{verb}",
            audit.Resource(audit.ResourceType.STACK, stack_id),
            space=await self.space_of(stack_id),
            facts=facts,
            by=by,
        )

    async def _require_write(self, stack_id: StackId, *, by: Subject) -> None:
        await self._require(stack_id, Action.STACK_MANAGED_STATE_IMPORT, by=by)
        run_id = _run_of(by)
        if run_id is not None and not await self.may_write(run_id):
            await self._require_person(
                stack_id, Action.STACK_MANAGED_STATE_IMPORT, by=by
            )

    async def _require(self, stack_id: StackId, action: Action, *, by: Subject) -> None:
        """A run may use its own stack's state; everybody else needs the right."""
        if by.kind is SubjectKind.RUN and by.stack_id == stack_id:
            note_asked(Rule.OWN_RUN)
            return
        await self._require_person(stack_id, action, by=by)

    async def _allowed(
        self, stack_ids: Sequence[StackId], action: Action, *, by: Subject
    ) -> list[StackId]:
        """Return those of these stacks that `_require` would let pass."""
        spaces = await self.readable(stack_ids, by)
        allowed = await self.access.allowed(by, action, spaces=set(spaces.values()))
        return [
            stack
            for stack in stack_ids
            if spaces.get(stack) in allowed
            or (by.kind is SubjectKind.RUN and by.stack_id == stack)
        ]

    async def _require_person(
        self, stack_id: StackId, action: Action, *, by: Subject
    ) -> None:
        try:
            await self.access.require(by, action, space=await self.space_of(stack_id))
        except NotFoundError:  # no difference between a missing one and a hidden one
            if by.stack_id == stack_id:
                raise RunWithoutRightsError(stack=stack_id) from None
            raise StackUnknownError(stack=stack_id) from None


def _run_of(by: Subject) -> RunId | None:
    if by.kind is not SubjectKind.RUN:
        return None
    return RunId(by.id.rpartition("/")[2])


def _resource(stack_id: StackId, resource: Resource) -> StackResource:
    return StackResource(
        stack_id=stack_id,
        address=resource.address,
        type=resource.type,
        name=resource.name,
        provider=resource.provider,
        module=resource.module,
        mode=resource.mode,
        tainted=resource.tainted,
        attributes=resource.attributes,
    )
