"""What tools take from the registry: which versions there are, and one of them.

More may be taken than seen: what lies in the space of whoever asks, or above as far as
spaces inherit, what is shared with one of these, and what is public.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Action, Subject, SubjectKind
from stackyard.kernel.ids import RunId
from stackyard.kernel.needs import Rule, needs, note_asked
from stackyard.modules.errors import (
    ModuleUnknownError,
    VersionNotFoundError,
    VersionNumberError,
)
from stackyard.modules.model.numbers import Number
from stackyard.modules.model.version import ModuleVersion, VersionState
from stackyard.modules.store import ModuleStore, VersionStore
from stackyard.modules.store.modules import space_of
from stackyard.stacks import Module, VisibleSpaces


@dataclass(frozen=True, slots=True)
class Registry:
    modules: ModuleStore
    store: VersionStore
    visible_spaces: VisibleSpaces
    account: str

    @needs(Action.SPACE_READ, Rule.OWN_RUN)
    async def offered(
        self, account: str, name: str, provider: str, *, by: Subject
    ) -> Sequence[ModuleVersion]:
        """Return the versions of a module that *by* may take, the highest first."""
        module = await self._module(account, name, provider, by=by)
        versions = [one for one in await self.store.of([module.id]) if one.offered]
        return sorted(versions, key=lambda one: one.parsed, reverse=True)

    @needs(Action.SPACE_READ, Rule.OWN_RUN)
    async def take(
        self, account: str, name: str, provider: str, number: str, *, by: Subject
    ) -> ModuleVersion:
        """Return one version, also one that is not offered any more.

        If a run takes it, its stack is known to use it.
        """
        module = await self._module(account, name, provider, by=by)
        version = _of_number(await self.store.of([module.id]), number)
        if version is None:
            raise VersionNotFoundError(module=module.id, version=number)
        if by.kind is SubjectKind.RUN and by.stack_id:
            run_id = RunId(by.id.rpartition("/")[2])
            await self.store.use(by.stack_id, version.id, run_id)
        return version

    async def _module(
        self, account: str, name: str, provider: str, *, by: Subject
    ) -> Module:
        spaces = self.visible_spaces(by)
        if account == self.account:
            if by.kind is SubjectKind.RUN and by.stack_id:
                note_asked(Rule.OWN_RUN)
                spaces = space_of(by.stack_id)  # whatever roles its stack has
            found = await self.modules.find_offered(name, provider, spaces)
            if found is not None:
                return found
        raise ModuleUnknownError(module=f"{account}/{name}/{provider}")


def _of_number(versions: Sequence[ModuleVersion], text: str) -> ModuleVersion | None:
    try:
        wanted = Number.read(text)
    except VersionNumberError:
        return None
    for one in versions:
        if one.parsed == wanted and one.state is VersionState.ACTIVE:
            return one
    return None
