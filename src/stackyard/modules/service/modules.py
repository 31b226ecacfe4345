"""Use cases of modules: load, ask leave, decide, tell."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import RepoId, SpaceId, StackId
from stackyard.kernel.needs import needs
from stackyard.kernel.search import Page, Search
from stackyard.modules.errors import (
    ModuleProblemsError,
    ModuleProtectedError,
    ModuleTakenError,
    ModuleUnknownError,
    ShareRefusedError,
)
from stackyard.modules.model.naming import ModuleName
from stackyard.modules.model.share import ModuleShare, share_with
from stackyard.modules.store import ModuleStore
from stackyard.stacks import (
    Module,
    Project,
    Settling,
    Stacks,
    StackSpec,
    StackStore,
)


@dataclass(frozen=True, slots=True)
class ModuleSpec:
    """All of a module's settings. Those it has in common with a stack are as there."""

    settings: StackSpec
    accounts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Modules:
    store: ModuleStore
    rows: StackStore
    stacks: Stacks
    settling: Settling
    access: Access
    clock: Clock
    account: str
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self, module_id: StackId, *, by: Subject, lock: bool = False
    ) -> Module | None:
        """Return the module, or None if there is none that *by* may know of."""
        found = await self.stacks.find_project(module_id, by=by, lock=lock)
        return found if isinstance(found, Module) else None

    @needs(Action.SPACE_READ)
    async def get(
        self, module_id: StackId, *, by: Subject, lock: bool = False
    ) -> Module:
        module = await self.find(module_id, by=by, lock=lock)
        if module is None:
            raise ModuleUnknownError(module=module_id)
        return module

    @needs(Action.SPACE_READ)
    async def some(
        self, module_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, Module]:
        """Return those of these modules that *by* may read."""
        found = await self.stacks.projects(module_ids, by=by)
        return {one.id: one for one in found.values() if isinstance(one, Module)}

    @needs(Action.SPACE_READ)
    async def following(
        self, repo_id: RepoId, branch: str, *, by: Subject
    ) -> Sequence[Module]:
        """Return the modules whose code is on this branch of a built-in repository."""
        spaces = self.stacks.neighbours.visible_spaces(by)
        return await self.store.following(repo_id, branch, spaces)

    @needs(Action.SPACE_READ)
    async def search(self, search: Search, *, by: Subject) -> Page[Module]:
        """Return a page of the modules that *by* may read. One query."""
        spaces = self.stacks.neighbours.visible_spaces(by)
        return await self.store.search(search, spaces)

    @needs(Action.SPACE_READ)
    async def shares(
        self, module_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[ModuleShare]]:
        """Return with whom each of those of these is shared that *by* may read."""
        readable = await self.some(module_ids, by=by)
        found: dict[StackId, list[ModuleShare]] = defaultdict(list)
        for share in await self.store.shares(list(readable)):
            found[share.module_id].append(share)
        return dict(found)

    @needs(Action.MODULE_CREATE)
    async def create(
        self, named: ModuleName, spec: ModuleSpec, *, by: Subject
    ) -> Module:
        """Make a module; its id comes from its name and provider, and stays."""
        settings = spec.settings
        space_id = await self.settling.place(
            settings, None, creating=Action.MODULE_CREATE, by=by
        )
        await self._check(settings, spec.accounts, None, slug=named.id, by=by)
        if await self.rows.find(Project, named.id) is not None:
            raise ModuleTakenError(module=named.id)
        module = Module.create(
            named.id, settings, space_id=space_id, manages_state=False, at=self.clock()
        )
        module.terraform_provider, module.public = named.provider, False
        await self.rows.add(module)
        await self.settling.check_reach(module)
        await self._note("create", module, by=by)
        await self._share(module, spec.accounts, by=by)
        return module

    @needs(Action.SPACE_ADMIN)
    async def update(
        self, module_id: StackId, spec: ModuleSpec, *, by: Subject
    ) -> Module:
        """Replace all settings but the name, and the accounts it is shared with.

        The spaces that it is shared with stay.
        """
        module = await self._change(module_id, Action.SPACE_ADMIN, by=by)
        settings = replace(spec.settings, name=module.name)
        space_id = await self.settling.place(
            settings, module, creating=Action.MODULE_CREATE, by=by
        )
        await self._check(settings, spec.accounts, module, slug=module.id, by=by)
        module.change(settings, space_id=space_id, at=self.clock())
        await self.rows.write(module)
        await self.settling.check_reach(module)
        await self._note("update", module, by=by)
        await self._share(module, spec.accounts, by=by)
        return module

    @needs(Action.SPACE_ADMIN)
    async def delete(self, module_id: StackId, *, by: Subject) -> Module | None:
        """Delete it with its versions, for good; None if it is gone."""
        module = await self.find(module_id, by=by, lock=True)
        if module is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=module.space_id)
        if module.protect_from_deletion:
            raise ModuleProtectedError(module=module.id)
        await self.rows.remove(module)
        await self._note("delete", module, by=by)
        return module

    @needs(Action.MODULE_PUBLISH)
    async def publish(self, module_id: StackId, *, by: Subject) -> Module:
        """Let everybody who can sign in take it from the registry. There is no back."""
        module = await self._change(module_id, Action.MODULE_PUBLISH, by=by)
        if not module.public:
            module.public = True
            await self._note("publish", module, by=by)
        return module

    @needs(Action.SPACE_ADMIN)
    async def share(
        self,
        module_id: StackId,
        accounts: Collection[str],
        spaces: Collection[SpaceId],
        *,
        by: Subject,
    ) -> list[ModuleShare]:
        """Share it with exactly these; in a new space one must be allowed to."""
        module = await self._change(module_id, Action.SPACE_ADMIN, by=by)
        there = {one.space_id for one in await self.store.shares([module.id])}
        new = [space for space in spaces if space not in there]
        known = await self.store.existing(new)
        allowed = await self.access.allowed(by, Action.SPACE_SHARE_MODULE, spaces=known)
        refused = [space for space in new if space not in allowed]
        if refused:
            raise ShareRefusedError(spaces=refused)
        return await self._share(module, accounts, spaces, by=by)

    async def _share(
        self,
        module: Module,
        accounts: Collection[str],
        spaces: Collection[SpaceId] | None = None,
        *,
        by: Subject,
    ) -> list[ModuleShare]:
        """Make it so. Without *spaces* those it is shared with stay."""
        there = await self.store.shares([module.id])
        if spaces is None:
            spaces = [one.space_id for one in there if one.space_id]
        others = [(account, None) for account in accounts]
        own = [(self.account, space) for space in spaces]
        sharing = share_with(module.id, there, [*others, *own])
        if sharing.added or sharing.removed:
            await self.store.share(sharing)
            facts = {"Accounts": list(accounts), "Spaces": list(spaces)}
            await self._note("share", module, by=by, facts=facts)
        return sharing.all

    async def _check(
        self,
        settings: StackSpec,
        accounts: Collection[str],
        old: Module | None,
        *,
        slug: str,
        by: Subject,
    ) -> None:
        problems = self.settling.problems(settings, slug=slug, manages_state=False)
        if not all(account.strip() for account in accounts):
            problems.append("sharedAccounts: an account must not be empty")
        if problems:
            raise ModuleProblemsError(*problems)
        await self.settling.check_use(settings, old, by=by)

    async def _change(
        self, module_id: StackId, action: Action, *, by: Subject
    ) -> Module:
        module = await self.get(module_id, by=by, lock=True)
        await self.access.require(by, action, space=module.space_id)
        return module

    async def _note(
        self,
        verb: str,
        module: Module,
        *,
        by: Subject,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        await self.trail.note(
            f"module.{verb}",
            module.resource(),
            space=module.space_id,
            facts={"ID": module.id, "Name": module.name} | dict(facts or {}),
            by=by,
        )
