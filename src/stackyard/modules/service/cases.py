"""What the test cases of a module are run for: its versions, and uncommitted code."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.ids import StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.modules.errors import (
    CasesMissingError,
    CaseUnknownError,
    ModuleConfigError,
)
from stackyard.modules.model.config import ModuleConfig
from stackyard.modules.model.version import ModuleVersion
from stackyard.modules.service.modules import Modules
from stackyard.modules.store import VersionStore
from stackyard.runs import Case, Cases, LocalPreviewOffError, LocalWorkspace, Run
from stackyard.stacks import Module


@dataclass(frozen=True, slots=True)
class VersionCases:
    store: VersionStore
    modules: Modules
    cases: Cases
    access: Access

    @needs(Action.RUN_PROPOSE_LOCAL_WORKSPACE)
    async def ask(self, module_id: StackId, *, by: Subject) -> Module:
        """Return the module if *by* may try code of their own on it."""
        module = await self.modules.get(module_id, by=by)
        action = Action.RUN_PROPOSE_LOCAL_WORKSPACE
        await self.access.require(by, action, space=module.space_id)
        if not module.local_preview_enabled:
            raise LocalPreviewOffError(module=module.id)
        return module

    @needs(Action.RUN_PROPOSE_LOCAL_WORKSPACE)
    async def propose(
        self,
        module_id: StackId,
        workspace: LocalWorkspace,
        config: ModuleConfig,
        chosen: Sequence[str],
        *,
        by: Subject,
    ) -> list[Run]:
        """Queue a run of each chosen test case of what was uploaded; of all, if none
        is chosen.
        """
        module = await self.ask(module_id, by=by)
        cases = choose(config, chosen)
        return await self.cases.queue(module, cases, workspace=workspace, by=by)

    @needs(Rule.PARENT)
    async def begin(
        self,
        version: ModuleVersion,
        cases: Sequence[Case],
        module: Module,
        *,
        by: Subject,
    ) -> None:
        """Queue a run of each test case of a version, which waits for how they end."""
        runs = await self.cases.queue(module, cases, commit=version.commit, by=by)
        await self.store.add_case_runs(version, [run.id for run in runs])


def choose(config: ModuleConfig, chosen: Sequence[str]) -> list[Case]:
    """Return the test cases of these ids, in the file's order; all of them, if none."""
    if config.problems:
        raise ModuleConfigError(*config.problems)
    if not config.cases:
        raise CasesMissingError
    known = [case.id for case in config.cases]
    if unknown := sorted(set(chosen) - set(known)):
        raise CaseUnknownError(unknown=unknown, known=known)
    return [case for case in config.cases if not chosen or case.id in chosen]
