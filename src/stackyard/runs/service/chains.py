"""How one run brings others with it: those of the stacks that depend on its own.

Called in the transaction that makes the run, so that there is no moment at which those
below do not wait yet.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.kernel.access import SYSTEM, Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.config import ConfigValue
from stackyard.kernel.ids import ROOT, RunId, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.chain import (
    Decision,
    decide,
    hindrance,
    stacks_below,
    variable_of,
)
from stackyard.runs.chain_store import ChainStore
from stackyard.runs.errors import CascadeForbiddenError, InputsMissingError
from stackyard.runs.model import Run, queue_run
from stackyard.runs.service.notes import note_run
from stackyard.runs.service.progress import Progress
from stackyard.runs.states import RunType
from stackyard.stacks import DependencyReference, Stack, StackDependencies, Stacks
from stackyard.state import States


@dataclass(frozen=True, slots=True)
class Chains:
    store: ChainStore
    stacks: Stacks
    dependencies: StackDependencies
    states: States
    progress: Progress
    access: Access
    clock: Clock
    trail: Trail

    @needs(Rule.PARENT)
    async def follow(self, run: Run, *, confirmed_by: Subject | None = None) -> None:
        """Queue a tracked run of every stack below that of *run*, which is new.

        A run that is made again brings none with it. *confirmed_by* lets all of them
        be applied without waiting for anybody, and must have the right to.
        """
        if run.type is not RunType.TRACKED or run.retry_of is not None:
            return
        edges = await self.dependencies.below(run.stack_id, by=SYSTEM)
        if not edges:
            return
        below = {stack for stack, _ in edges}
        known = await self.stacks.some(below, by=SYSTEM)
        may_run = {
            one.id: one
            for one in known.values()
            if not (one.is_disabled or one.deleting)
        }
        below_it = [may_run[one] for one in stacks_below(run.stack_id, edges, may_run)]
        if confirmed_by is not None:
            await self._ensure_confirmable(below_it, by=confirmed_by)
        forced = confirmed_by is not None
        chain = {run.stack_id: run}
        for stack in below_it:
            chain[stack.id] = await self._run_below(run, stack, forced=forced)
        await self.store.let_wait(
            [
                (chain[stack].id, chain[other].id)
                for stack, other in edges
                if stack in chain and other in chain
            ]
        )

    @needs(Rule.PARENT)
    async def joined(
        self, stack_id: StackId, commit: dict[str, Any], *, branch: str
    ) -> Run | None:
        """Let a run that waits for one of the same push be of the pushed commit.

        None: there is no such run. Whoever tells of a push begins with what is above.
        """
        for run in await self.store.waiting(stack_id):
            above = [one.commit for one in await self.store.above(run.id)]
            if any(one and one["hash"] == commit["hash"] for one in above):
                run.commit, run.branch = commit, branch
                return run
        return None

    @needs(Rule.PLATFORM)
    async def decide(self, run: Run, *, by: Subject) -> Decision:
        """Say whether it is the turn of a run that waits for those above it."""
        await self._require(by)
        handed_on: dict[StackId, list[DependencyReference]] = defaultdict(list)
        for above, reference in await self.dependencies.handed_to(run.stack_id, by=by):
            handed_on[above].append(reference)
        return decide(
            await self.store.upstreams(run.id),
            await self.store.above(run.id),
            handed_on,
            since=await self.store.last_finished(run.stack_id),
        )

    @needs(Rule.PLATFORM)
    async def hindrance(self, run: Run, *, by: Subject) -> str | None:
        """Return why a run that waits for those above it will never have its turn."""
        await self._require(by)
        return hindrance(await self.store.above(run.id))

    @needs(Rule.PLATFORM)
    async def stacks_waiting_for(self, run_id: RunId, *, by: Subject) -> list[StackId]:
        await self._require(by)
        return list(await self.store.stacks_waiting_for(run_id))

    @needs(Rule.PLATFORM)
    async def inputs(self, run: Run, *, by: Subject) -> list[ConfigValue]:
        """Return what the run is given of the outputs of stacks above.

        What a run above in the same chain did not bring about is left out; otherwise it
        is an error.
        """
        await self._require(by)
        handed_on = await self.dependencies.handed_to(run.stack_id, by=by)
        if not handed_on:
            return []
        outputs = await self.states.values_for_run(
            {above for above, _ in handed_on}, by=by
        )
        found, missing = [], []
        for above, reference in handed_on:
            value = outputs.get((above, reference.output_name))
            if value is None:
                missing.append((above, reference))
            else:
                text = variable_of(value.value)
                found.append(
                    ConfigValue(reference.input_name, text, value.secret, False)
                )
        if missing:
            chain = {one.stack_id for one in await self.store.upstreams(run.id)}
            lacking = [pair for pair in missing if pair[0] not in chain]
            if lacking:
                raise InputsMissingError(lacking)
        return found

    async def _ensure_confirmable(
        self, stacks: Sequence[Stack], *, by: Subject
    ) -> None:
        spaces = {one.space_id for one in stacks}
        allowed = await self.access.allowed(by, Action.RUN_CONFIRM, spaces=spaces)
        refused = [one.id for one in stacks if one.space_id not in allowed]
        if refused:
            seen = await self.stacks.projects(refused, by=by)
            raise CascadeForbiddenError(stacks=sorted(seen))

    async def _run_below(self, top: Run, stack: Stack, *, forced: bool) -> Run:
        run, first = queue_run(
            stack_id=stack.id,
            type=RunType.TRACKED,
            branch=stack.branch,
            at=self.clock(),
            triggered_by=f"{top.stack_id}/{top.id}",
            commit=stack.tracked_commit,
            force_apply=forced,
        )
        run.awaits_upstream = True
        await self.progress.begin(run, first)
        await note_run(self.trail, "trigger", run, stack, by=SYSTEM)
        return run

    async def _require(self, by: Subject) -> None:
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
