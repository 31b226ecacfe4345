"""Runs of what somebody has on their own machine, before it is committed.

The bytes are uploaded, and looked at, between two of these calls
(`local_workspaces.py`): no transaction waits for them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.clock import Clock
from stackyard.kernel.config import ConfigInput, ConfigType, config_problems
from stackyard.kernel.ids import ROOT, StackId, WorkspaceId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Vault
from stackyard.runs.errors import LocalPreviewOffError, OverridesError
from stackyard.runs.model import Run, queue_run
from stackyard.runs.service.triggers import Triggers
from stackyard.runs.states import RunType
from stackyard.stacks import Project, Stack, Stacks


@dataclass(frozen=True, slots=True)
class LocalWorkspace:
    """An upload that has been looked at: what is run is what was there then."""

    id: WorkspaceId
    sha256: str


@dataclass(frozen=True, slots=True)
class Previews:
    stacks: Stacks
    triggers: Triggers
    access: Access
    vault: Vault
    clock: Clock

    @needs(Action.STACK_UPLOAD_LOCAL_WORKSPACE)
    async def ensure_may_upload(self, project_id: StackId, *, by: Subject) -> Project:
        """Return the stack or module if *by* may upload code for previews of it."""
        project = await self.stacks.project(project_id, by=by)
        action = Action.STACK_UPLOAD_LOCAL_WORKSPACE
        await self.access.require(by, action, space=project.space_id)
        _ensure_on(project)
        return project

    @needs(Action.RUN_PROPOSE_LOCAL_WORKSPACE, Action.RUN_PROPOSE_WITH_OVERRIDES)
    async def ensure_may_propose(
        self, stack_id: StackId, overrides: Mapping[str, str], *, by: Subject
    ) -> Stack:
        """Return the stack if *by* may have a preview of it with these variables."""
        action = Action.RUN_PROPOSE_LOCAL_WORKSPACE
        stack = await self.triggers.triggerable(stack_id, action, by=by)
        if overrides:
            action = Action.RUN_PROPOSE_WITH_OVERRIDES
            await self.access.require(by, action, space=stack.space_id)
        _ensure_on(stack)
        _ensure_sound(overrides)
        return stack

    @needs(Action.RUN_PROPOSE_LOCAL_WORKSPACE, Action.RUN_PROPOSE_WITH_OVERRIDES)
    async def propose(
        self,
        stack_id: StackId,
        workspace: LocalWorkspace,
        overrides: Mapping[str, str],
        *,
        by: Subject,
        user_metadata: str | None = None,
    ) -> Run:
        """Queue a proposed run of the uploaded code."""
        stack = await self.ensure_may_propose(stack_id, overrides, by=by)
        run, first = queue_run(
            stack_id=stack.id,
            type=RunType.PROPOSED,
            branch=stack.branch,
            at=self.clock(),
            triggered_by=by.name,
            commit=stack.tracked_commit,
            user_metadata=user_metadata,
        )
        run.local_workspace, run.local_sha256 = workspace.id, workspace.sha256
        if overrides:
            text = json.dumps(dict(overrides)).encode()
            run.overrides = self.vault.seal(text, context=_context(run))
        return await self.triggers.enqueue(run, first, stack, verb="propose", by=by)

    @needs(Rule.PLATFORM)
    async def overrides(self, run: Run, *, by: Subject) -> dict[str, str]:
        """Return the variables of the run that win over all others, in clear."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        if run.overrides is None:
            return {}
        text = self.vault.unseal(run.overrides, context=_context(run))
        found: dict[str, str] = json.loads(text)
        return found


def _ensure_on(project: Project) -> None:
    if not project.local_preview_enabled:
        raise LocalPreviewOffError(project=project.id)


def _ensure_sound(overrides: Mapping[str, str]) -> None:
    problems = [
        f"{name}: {problem}"
        for name, value in overrides.items()
        for problem in config_problems(
            ConfigInput(name, ConfigType.ENVIRONMENT_VARIABLE, value)
        )
    ]
    if problems:
        raise OverridesError(*problems)


def _context(run: Run) -> str:
    """Bind variables to the upload they were given with: a retry has the same."""
    return f"run_overrides/{run.stack_id}/{run.local_workspace}"
