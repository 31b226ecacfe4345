"""How the test cases of a module become runs: one each, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.kernel.access import Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.case import Case
from stackyard.runs.chain_store import ChainStore
from stackyard.runs.model import Run, queue_run
from stackyard.runs.service.notes import note_run
from stackyard.runs.service.previews import LocalWorkspace
from stackyard.runs.service.progress import Progress
from stackyard.runs.states import RunType
from stackyard.stacks import Project


@dataclass(frozen=True, slots=True)
class Cases:
    store: ChainStore
    progress: Progress
    clock: Clock
    trail: Trail

    @needs(Rule.PARENT)
    async def queue(
        self,
        module: Project,
        cases: Sequence[Case],
        *,
        by: Subject,
        commit: Mapping[str, Any] | None = None,
        workspace: LocalWorkspace | None = None,
    ) -> list[Run]:
        """Queue a run of each case, in their order.

        One that depends on others which are run as well waits for them, and is skipped
        if one of them does not end well.
        """
        runs = {
            case.id: await self._begin(module, case, commit, workspace, by)
            for case in cases
        }
        await self.store.let_wait(
            [
                (runs[case.id].id, runs[other].id)
                for case in cases
                for other in case.depends_on
                if other in runs
            ]
        )
        return list(runs.values())

    async def _begin(
        self,
        module: Project,
        case: Case,
        commit: Mapping[str, Any] | None,
        workspace: LocalWorkspace | None,
        by: Subject,
    ) -> Run:
        run, first = queue_run(
            stack_id=module.id,
            type=RunType.TESTING,
            branch=module.branch,
            at=self.clock(),
            triggered_by=by.name,
            commit=dict(commit) if commit else None,
            runtime_config=case.config,
        )
        run.case_name, run.expects_failure = case.name, case.negative
        run.awaits_upstream = bool(case.depends_on)
        if workspace is not None:
            run.local_workspace, run.local_sha256 = workspace.id, workspace.sha256
        await self.progress.begin(run, first)
        verb = "trigger" if workspace is None else "propose"
        await note_run(self.trail, verb, run, module, by=by)
        return run
