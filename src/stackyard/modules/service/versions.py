"""Use cases of a module's versions: load, ask leave, decide, tell."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import ROOT, RunId, StackId, VersionId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.search import Page, Search
from stackyard.modules.errors import (
    CodeMissingError,
    ModuleConfigError,
    VersionGapError,
    VersionNotFoundError,
    VersionNumberMissingError,
    VersionTakenError,
)
from stackyard.modules.model.code import Code
from stackyard.modules.model.numbers import Number, leaves_gap
from stackyard.modules.model.version import ModuleUse, ModuleVersion, VersionState
from stackyard.modules.service.cases import VersionCases
from stackyard.modules.service.modules import Modules
from stackyard.modules.store import VersionStore
from stackyard.stacks import Module, Stack


@dataclass(frozen=True, slots=True)
class Versions:
    store: VersionStore
    modules: Modules
    version_cases: VersionCases
    access: Access
    clock: Clock
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self, module_id: StackId, version_id: VersionId, *, by: Subject
    ) -> ModuleVersion | None:
        module = await self.modules.find(module_id, by=by)
        return await self.store.find(module.id, version_id) if module else None

    @needs(Action.SPACE_READ)
    async def of(
        self, module_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[ModuleVersion]]:
        """Return the versions of each of those of these modules that *by* may read.

        The newest first.
        """
        readable = await self.modules.some(module_ids, by=by)
        found: dict[StackId, list[ModuleVersion]] = defaultdict(list)
        for version in await self.store.of(list(readable)):
            found[version.module_id].append(version)
        return dict(found)

    @needs(Action.SPACE_READ)
    async def current(
        self, module_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, ModuleVersion]:
        """Return the highest one that is offered, of what *by* may read."""
        readable = await self.modules.some(module_ids, by=by)
        return await self.store.current(list(readable))

    @needs(Action.SPACE_READ)
    async def counts(
        self, module_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, int]:
        """Return how many versions each has, of what *by* may read."""
        readable = await self.modules.some(module_ids, by=by)
        return await self.store.counts(list(readable))

    @needs(Action.SPACE_READ)
    async def search(
        self, module_id: StackId, search: Search, *, by: Subject
    ) -> Page[ModuleVersion]:
        module = await self.modules.get(module_id, by=by)
        return await self.store.search(module.id, search)

    @needs(Action.SPACE_READ)
    async def descriptions(
        self, ids: Collection[VersionId], *, by: Subject
    ) -> dict[VersionId, dict[str, Any] | None]:
        """Return what the code of those of these says that *by* may read."""
        return await self.store.descriptions(list(await self._readable(ids, by=by)))

    @needs(Action.SPACE_READ)
    async def consumers(
        self, ids: Collection[VersionId], *, by: Subject
    ) -> dict[VersionId, list[Stack]]:
        """Return which stacks use each of these, as far as *by* may read of both."""
        readable = await self._readable(ids, by=by)
        uses: Sequence[ModuleUse] = await self.store.uses(of=list(readable))
        stacks = await self.modules.stacks.some({one.stack_id for one in uses}, by=by)
        found: dict[VersionId, list[Stack]] = defaultdict(list)
        for use in uses:
            if use.stack_id in stacks:
                found[use.version_id].append(stacks[use.stack_id])
        return dict(found)

    @needs(Action.SPACE_READ)
    async def used(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[ModuleVersion]]:
        """Return what each of those of these stacks uses, as far as *by* may read."""
        stacks = await self.modules.stacks.some(stack_ids, by=by)
        uses: Sequence[ModuleUse] = await self.store.uses(by=list(stacks))
        known = await self._readable([one.version_id for one in uses], by=by)
        found: dict[StackId, list[ModuleVersion]] = defaultdict(list)
        for use in uses:
            if use.version_id in known:
                found[use.stack_id].append(known[use.version_id])
        return dict(found)

    @needs(Action.MODULE_TRIGGER_VERSION)
    async def ask(self, module_id: StackId, *, by: Subject) -> Module:
        """Return the module if *by* may make a version of it; nothing is made yet."""
        module = await self.modules.get(module_id, by=by)
        await self.access.require(
            by, Action.MODULE_TRIGGER_VERSION, space=module.space_id
        )
        return module

    @needs(Action.MODULE_TRIGGER_VERSION)
    async def create(
        self, module_id: StackId, code: Code, *, number: str | None, by: Subject
    ) -> ModuleVersion:
        """Make a version of a commit, under *number* or the one in its own file.

        A push may have made the very same one already: then that is it.
        Without test cases it is ACTIVE at once. With some it is PENDING until they have
        been run, and if nobody can know, it stays so: nothing passes untried.
        """
        module = await self.modules.get(module_id, by=by, lock=True)
        await self.access.require(
            by, Action.MODULE_TRIGGER_VERSION, space=module.space_id
        )
        if not code.found:
            raise CodeMissingError(module=module.id, root=module.project_root)
        wanted = _number(code, number)
        if wanted is None:
            raise VersionNumberMissingError(module=module.id)
        there = await self.store.of([module.id])
        if found := _the_same(code, wanted, there):
            return found
        _ensure_succession(module, wanted, there)
        if code.config and code.config.problems:
            raise ModuleConfigError(*code.config.problems)
        cases = code.config.cases if code.config else None
        version = ModuleVersion(
            id=VersionId(new_ulid()),
            module_id=module.id,
            major=wanted.major,
            minor=wanted.minor,
            patch=wanted.patch,
            state=VersionState.ACTIVE if cases == () else VersionState.PENDING,
            yanked=False,
            repo_id=module.vcs_repo_id,
            project_root=module.project_root,
            source_url=code.url,
            commit=code.commit.as_dict(),
            described=None if code.described is None else dict(code.described),
            created_at=self.clock(),
        )
        await self.store.add(version, module=module.id)
        await self._note("create", version, module, by=by)
        if cases:
            await self.version_cases.begin(version, cases, module, by=by)
        return version

    @needs(Rule.PLATFORM)
    async def settle(self, run_id: RunId, *, by: Subject) -> None:
        """Say of the version that a run was a test of how it came out, if it did."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        version = await self.store.of_case_run(run_id)
        if version is None:
            return
        states = await self.store.states_of_cases(version.id)
        if version.settle(states):
            module = await self.modules.get(version.module_id, by=by)
            await self._note("settle", version, module, by=by)

    @needs(Action.MODULE_MARK_AS_BAD)
    async def delete(
        self, module_id: StackId, version_id: VersionId, *, by: Subject
    ) -> ModuleVersion:
        """Withdraw a version that others may have; one that never passed is removed."""
        module = await self.modules.get(module_id, by=by, lock=True)
        await self.access.require(by, Action.MODULE_MARK_AS_BAD, space=module.space_id)
        version = await self.store.find(module.id, version_id)
        if version is None:
            raise VersionNotFoundError(module=module.id, version=version_id)
        if version.state is not VersionState.ACTIVE:
            await self.store.remove(version)
            await self._note("delete", version, module, by=by)
        elif not version.yanked:
            version.withdraw()
            await self._note("yank", version, module, by=by)
        return version

    async def _readable(
        self, ids: Collection[VersionId], *, by: Subject
    ) -> dict[VersionId, ModuleVersion]:
        versions = await self.store.some(ids)
        modules = await self.modules.some({one.module_id for one in versions}, by=by)
        return {one.id: one for one in versions if one.module_id in modules}

    async def _note(
        self, verb: str, version: ModuleVersion, module: Module, *, by: Subject
    ) -> None:
        await self.trail.note(
            f"version.{verb}",
            Resource(ResourceType.VERSION, version.id),
            related=module.resource(),
            space=module.space_id,
            facts={
                "ID": version.id,
                "Number": version.number,
                "State": str(version.state),
                "Commit": version.commit["hash"],
            },
            by=by,
        )


def _number(code: Code, said: str | None) -> Number | None:
    if said:
        return Number.read(said)
    return code.config.number if code.config else None


def _the_same(
    code: Code, wanted: Number, there: Sequence[ModuleVersion]
) -> ModuleVersion | None:
    """Return the version of this commit under this number, if it has not failed."""
    sha = code.commit.as_dict()["hash"]
    kept = (one for one in there if one.state is not VersionState.FAILED)
    same = (one for one in kept if (one.parsed, one.commit["hash"]) == (wanted, sha))
    return next((one for one in same if not one.yanked), None)


def _ensure_succession(
    module: Module, wanted: Number, there: Sequence[ModuleVersion]
) -> None:
    numbers = {one.parsed for one in there if one.state is not VersionState.FAILED}
    if wanted in numbers:
        raise VersionTakenError(version=str(wanted), module=module.id)
    if leaves_gap(wanted, numbers):
        last = max(numbers)
        following = ", ".join(str(one) for one in last.successors)
        raise VersionGapError(version=str(wanted), newest=str(last), next=following)
