"""The phases of a leg: before-hooks, the command, after-hooks, in one shell session."""

import asyncio
import contextlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec

from stackyard_protocol.job import Job
from stackyard_protocol.report import Planned
from stackyard_worker import beneath, environment, results, terraform
from stackyard_worker.conversation import Conversation
from stackyard_worker.errors import LegFailedError, LegStoppedError, UnsafePathError
from stackyard_worker.host import Host
from stackyard_worker.log import RunLog
from stackyard_worker.results import State
from stackyard_worker.room import Room
from stackyard_worker.session import Ran, Sessions
from stackyard_worker.shell import Step, hook_steps, quoted
from stackyard_worker.workspace import Memory

_STOPPABLE: Final = frozenset({"INITIALIZING", "PLANNING"})
# A proposed run is never applied, so it does not have to keep others from planning.
_LOCKLESS: Final = frozenset({"PROPOSED"})


@dataclass(slots=True)
class Work:
    """One leg in hand: what its phases share."""

    job: Job
    host: Host
    conversation: Conversation
    room: Room
    log: RunLog
    sessions: Sessions
    state: str = "PREPARING"
    project: str = "source"  # relative to the workspace, without links
    memory: Memory = field(default_factory=Memory)

    @property
    def tool(self) -> str:
        return self.job.tool.name

    @property
    def folder(self) -> str:
        """The project's folder, seen from inside the sandbox."""
        return f"{self.sessions.driver.place.workspace}/{self.project}"

    def prefer(self, folder: Path) -> None:
        """Let the tool that was chosen be the one that is found by its name."""
        driver = self.sessions.driver
        tools = (str(folder), *driver.place.tools)
        driver.place = replace(driver.place, tools=tuple(dict.fromkeys(tools)))

    def environment(self) -> dict[str, str]:
        """Return the variables of a phase in the present state."""
        variables = environment.build(
            self.job,
            self.host,
            self.sessions.driver.place,
            self.memory.exported,
            state=self.state,
        )
        for name in environment.unusable(variables):
            self.log.say(f"The variable {name!a} is left out: a shell can't export it.")
            del variables[name]
        return variables


async def init(work: Work) -> None:
    hooks = work.job.hooks
    step = terraform.init(work.tool)
    await _phase(work, "init", hooks.before_init, [step], hooks.after_init)


async def plan(work: Work) -> Planned:
    """Plan, and return what it would do."""
    job, hooks = work.job, work.job.hooks
    steps = terraform.plan(
        work.tool, work.folder, job.targets, lock=job.run_type not in _LOCKLESS
    )
    if hooks.after_plan:  # they may read it, so it has to be there before they run
        begin, end = terraform.state_aside(work.tool, work.folder)
        steps = [begin, *steps, end]
    await _phase(work, "plan", hooks.before_plan, steps, hooks.after_plan)
    path = f"{work.project}/{terraform.PLAN_JSON}"
    limit = work.host.limits.json_bytes
    text = await asyncio.to_thread(
        beneath.read_bounded, work.room.workspace, path, limit
    )
    if text is None:
        raise LegFailedError(
            f"The plan is not at its place as {terraform.PLAN_JSON}, or as JSON it has"
            f" more than {limit} bytes."
        )
    try:
        planned = await asyncio.to_thread(results.read_plan, text)
        if not hooks.after_plan:
            await asyncio.to_thread(_keep_prior_state, work, text)
    except (msgspec.MsgspecError, RecursionError):
        raise LegFailedError("The plan's JSON can't be understood.") from None
    return planned


def _keep_prior_state(work: Work, plan: bytes) -> None:
    """Leave the state from before to later phases: the plan's JSON has it as well."""
    path = f"{work.project}/{terraform.STATE_BEFORE}"
    state = results.prior_state(plan)
    with contextlib.suppress(UnsafePathError):  # the repository has its own in place
        beneath.write(work.room.workspace, path, state, owner=work.room.owner)


async def apply(work: Work) -> None:
    hooks = work.job.hooks
    step = terraform.apply(work.tool, work.folder)
    await _changing(work, "apply", hooks.before_apply, step, hooks.after_apply)


async def destroy(work: Work) -> None:
    hooks = work.job.hooks
    step = terraform.destroy(work.tool)
    await _changing(work, "destroy", hooks.before_destroy, step, hooks.after_destroy)


async def perform(work: Work) -> None:
    """Carry out a task: one command, in a shell of its own inside the session's."""
    hooks = work.job.hooks
    step = Step("The task", f"sh -c {quoted(work.job.command or ':')}")
    await _changing(work, "perform", hooks.before_perform, step, hooks.after_perform)


async def read_state(work: Work) -> State | None:
    """Return outputs and resources as the state has them now; None: not known."""
    job = work.job
    step = terraform.show_state(work.tool, work.sessions.driver.control)
    sensitive = job.upload_sensitive_outputs and work.host.upload_sensitive_outputs
    try:
        ran = await work.sessions.run(
            [step],
            work.environment(),
            work.folder,
            seconds=work.host.limits.show_seconds,
        )
        text = await asyncio.to_thread(work.sessions.read, terraform.STATE_JSON)
        if ran.failure is None and text is not None:
            found = await asyncio.to_thread(
                results.read_state, text, sensitive=sensitive, sanitize=job.sanitize
            )
            if found.too_large:
                work.log.say(f"Too large to be shown: {found.too_large} resources.")
            return found
    except (LegFailedError, msgspec.MsgspecError, RecursionError):
        pass  # said below: the result of the run does not depend on it
    work.log.say("Outputs and resources could not be read from the state.")
    return None


async def after_run(work: Work, final_state: str) -> None:
    """Run the last hooks. They can't change how the run has ended."""
    steps = hook_steps("after_run", work.job.hooks.after_run)
    if not steps:
        return
    variables = work.environment() | {"TF_VAR_spacelift_final_run_state": final_state}
    try:
        ran = await _session(work, steps, variables)
        failure = ran.failure
    except LegFailedError as error:
        failure = str(error)
    if failure is not None:
        work.log.say(f"{failure} The run stays {final_state}.")


async def _changing(
    work: Work, name: str, before: Sequence[str], step: Step, after: Sequence[str]
) -> None:
    """Take a phase that changes the world, and keep the state if it got stuck."""
    try:
        await _phase(work, name, before, [step], after)
    finally:
        _rescue_state(work)


async def _phase(
    work: Work,
    name: str,
    before: Sequence[str],
    steps: Sequence[Step],
    after: Sequence[str],
) -> None:
    everything = [
        *hook_steps(f"before_{name}", before),
        *steps,
        *hook_steps(f"after_{name}", after),
    ]
    stop = work.conversation.stop if work.state in _STOPPABLE else None
    if stop is not None and stop.is_set():
        raise LegStoppedError
    ran = await _session(work, everything, work.environment(), stop)
    if ran.failure is not None:
        raise LegFailedError(ran.failure)


async def _session(
    work: Work,
    steps: Sequence[Step],
    variables: dict[str, str],
    stop: asyncio.Event | None = None,
) -> Ran:
    """Run steps in the project's folder, and remember what they export."""
    if work.host.debug:
        for step in steps:
            work.log.say(f"+ {step.command}")
    ran = await work.sessions.run(steps, variables, work.folder, stop=stop)
    if ran.dump is not None:
        work.memory.exported |= environment.exports(variables, ran.dump)
    return ran


def _rescue_state(work: Work) -> None:
    """Move a state that could not be written to where the launcher delivers it."""
    path = f"{work.project}/{terraform.ERRORED_STATE}"
    try:
        with (
            beneath.read(work.room.workspace, path) as source,
            work.room.errored_state.open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
        (work.room.workspace / path).unlink()
    except (OSError, UnsafePathError):
        return  # as it should be: there is none
    work.log.say("The state could not be written; the worker delivers it later.")
