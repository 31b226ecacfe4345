"""One leg of a run, from an empty folder to its last report.

Walks the states in the order of the leg's kind and says each to the control plane,
whose answer decides how to go on. Knows no MQTT and no journal: that is the
launcher's side of the conversation.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from stackyard_protocol.job import CONTINUING, Archive, Job, LegKind
from stackyard_protocol.report import Ended, Entered, Next, Output, Resource
from stackyard_worker import beneath, environment, mounts, phases, terraform, tools
from stackyard_worker.conversation import Conversation, LetGoError
from stackyard_worker.errors import LegFailedError, LegStoppedError, UnsafePathError
from stackyard_worker.host import Host
from stackyard_worker.log import RunLog
from stackyard_worker.masking import Masker
from stackyard_worker.phases import Work
from stackyard_worker.room import Room
from stackyard_worker.sandbox import make_driver
from stackyard_worker.session import Sessions
from stackyard_worker.source import clone, fetch_archive, find_project
from stackyard_worker.workspace import restore, save

log = structlog.get_logger()

_OUR_FAULT: Final = "Something went wrong on the worker; it is not the code's fault."


async def carry_out(
    job: Job, conversation: Conversation, folder: Path, host: Host
) -> None:
    """Carry the leg out and report how it ended.

    Raises `LetGoError` when the leg is not ours any more, and `CancelledError` when
    the caller cancels (its time is up); nothing of the run is left running then.
    """
    masker = Masker(_secrets(job, host), well_known=job.mask_well_known)
    run_log = RunLog(conversation, masker)
    end = await _walked(job, conversation, folder, host, run_log)
    if end is not None:
        await conversation.report(end)


async def _walked(
    job: Job, conversation: Conversation, folder: Path, host: Host, run_log: RunLog
) -> Ended | None:
    """Return the last report; None: the workspace is saved, the run goes on later."""
    try:
        work = _begin(job, conversation, folder, host, run_log)
        await _prepare(work)
    except LegStoppedError:
        return Ended("STOPPED")
    except LegFailedError as failure:
        return _failed(run_log, str(failure))
    except (LetGoError, asyncio.CancelledError):
        raise
    except Exception:
        log.exception("leg.crashed", run=job.run, leg=job.leg)
        return _failed(run_log, _OUR_FAULT)
    leg = _Leg(work)
    end = await leg.walk()
    if end is not None:
        await phases.after_run(work, end.state)
    return end


def _begin(
    job: Job, conversation: Conversation, folder: Path, host: Host, run_log: RunLog
) -> Work:
    room = Room.make(folder)
    sessions = Sessions(make_driver(host, room), run_log, host.limits)
    return Work(job, host, conversation, room, run_log, sessions)


def _secrets(job: Job, host: Host) -> list[str]:
    files = [_text(file.content) for file in job.files if file.secret]
    return [*environment.secrets(job, host), *files]


def _text(content: str) -> str:
    try:
        return base64.b64decode(content).decode(errors="surrogateescape")
    except ValueError:
        return content  # mounting it will say that it is not base64


def _failed(run_log: RunLog, why: str) -> Ended:
    note = run_log.clean(why)
    run_log.say(note)
    return Ended("FAILED", note=note)


async def _prepare(work: Work) -> None:
    """Fill the room: everything that happens before the first phase."""
    job, limits = work.job, work.host.limits
    if job.kind in CONTINUING:
        await _restore(work)
    else:
        await _fetch(work)
        mounts.mount(work.room, job.files, limits.file_bytes)
    mounts.configure_cli(work.room, job.files, limits.file_bytes)
    if job.oidc_token:  # after the workspace is back: it has the last leg's
        mounts.leave_token(work.room, job.oidc_token)
    work.project = find_project(work.room, job.project_root)
    _write_backend(work)
    found = await tools.find(job.tool, work.host, work.sessions, work.environment())
    work.prefer(found.path.parent)
    work.log.say(f"Using {found.name} {found.version}.")


async def _fetch(work: Work) -> None:
    source = work.job.source
    if isinstance(source, Archive):
        work.log.say("Downloading the source code.")
        work.log.hide(await fetch_archive(source, work.room, work.host.limits))
    else:
        work.log.say(f"Fetching commit {source.commit}.")
        await clone(source, work.sessions, work.host)


async def _restore(work: Work) -> None:
    if work.job.workspace is None:
        raise LegFailedError("There is no saved workspace to go on from.")
    work.log.say("Restoring the workspace.")
    work.memory = await restore(work.room, work.job.workspace, work.host)
    work.log.hide(work.memory.masked)


def _write_backend(work: Work) -> None:
    if work.job.state_backend is None:
        return
    path = f"{work.project}/{terraform.BACKEND_FILE}"
    room = work.room
    try:
        beneath.write(room.workspace, path, terraform.BACKEND, owner=room.owner)
    except UnsafePathError:
        raise LegFailedError(
            f"Something in the repository is in the place of {terraform.BACKEND_FILE}."
        ) from None


class _LeftBehindError(LegFailedError):
    """No test case expects that."""


class _Leg:
    """The walk itself, and what is known so far about its end."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._outputs: list[Output] | None = None
        self._resources: list[Resource] | None = None

    async def walk(self) -> Ended | None:
        """Walk to the end, whatever happens on the way. None: saved for later."""
        try:
            saved = await self._by_kind()
        except LegStoppedError:
            self._work.log.say("Stopped.")
            return Ended("STOPPED")
        except LegFailedError as failure:
            return self._ended(_failed(self._work.log, str(failure)))
        except (LetGoError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("leg.crashed", run=self._work.job.run, leg=self._work.job.leg)
            return self._ended(_failed(self._work.log, _OUR_FAULT))
        return None if saved else self._ended(Ended("FINISHED"))

    def _ended(self, end: Ended) -> Ended:
        return Ended(end.state, end.note, self._outputs, self._resources)

    async def _by_kind(self) -> bool:
        """Walk; True if the workspace was saved because a person has the word."""
        match self._work.job.kind:
            case LegKind.PLAN:
                await self._init()
                return await self._plan()
            case LegKind.REPLAN:
                return await self._plan()
            case LegKind.APPLY:
                await self._apply()
            case LegKind.TASK:
                await self._task()
            case LegKind.DESTROY:
                await self._destroy()
            case LegKind.TEST:
                await self._test()
        return False

    async def _plan(self) -> bool:
        await self._enter("PLANNING")
        planned = await phases.plan(self._work)
        answer = await self._work.conversation.report(planned)
        match answer.next:
            case Next.APPLY:
                await self._apply()
            case Next.ARCHIVE:
                await self._save()
                return True
            case Next.STOP:
                raise LegStoppedError
            case _:
                pass  # nothing to apply
        return False

    async def _save(self) -> None:
        work = self._work
        work.log.say("Saving the workspace until the run is confirmed.")
        work.memory.masked = work.log.added
        archived = await save(work.room, work.memory, work.host, work.conversation)
        await work.conversation.report(archived)

    async def _init(self) -> None:
        await self._enter("INITIALIZING")
        await phases.init(self._work)

    async def _apply(self) -> None:
        await self._enter("APPLYING")
        if self._is_skipped("SPACELIFT_SKIP_APPLYING"):
            return
        await self._change(phases.apply)

    async def _destroy(self) -> None:
        await self._init()
        await self._enter("DESTROYING")
        if not self._is_skipped("SPACELIFT_SKIP_DESTROYING"):
            await self._change(phases.destroy)

    async def _test(self) -> None:
        """Make everything, and destroy it again, however far the making came.

        It may be expected to fail: not for want of its code or of a tool, though, and
        not by leaving something behind.
        """
        try:
            await self._make()
        except _LeftBehindError:
            raise
        except LegFailedError as failure:
            if not self._work.job.expects_failure:
                raise
            self._work.log.say(f"{failure} That is what was expected.")
        else:
            if self._work.job.expects_failure:
                raise LegFailedError("The test case was expected to fail.")

    async def _make(self) -> None:
        await self._init()
        await self._enter("PLANNING")
        planned = await phases.plan(self._work)
        answer = await self._work.conversation.report(planned)
        if answer.next is Next.STOP:
            raise LegStoppedError
        if not planned.add:
            raise LegFailedError("A test case has to make a resource; this makes none.")
        await self._enter("APPLYING")
        try:
            await phases.apply(self._work)
        except LegFailedError as failure:
            self._work.log.say(f"{failure} What was made until then is destroyed.")
            await self._clean_up()
            raise
        await self._clean_up()

    async def _clean_up(self) -> None:
        await self._enter("DESTROYING")
        try:
            await phases.destroy(self._work)
        except LegFailedError as failure:
            raise _LeftBehindError(
                f"{failure} What is left must be removed by hand."
            ) from None

    async def _task(self) -> None:
        if self._work.job.skip_init:
            await self._enter("PERFORMING")
            await phases.perform(self._work)
            return
        await self._init()
        await self._enter("PERFORMING")
        await self._change(phases.perform)

    async def _change(self, phase: Callable[[Work], Awaitable[None]]) -> None:
        """Take a phase that changes the world, then look at what there is now.

        After a failure too; not after a cancellation, when there is no time left.
        """
        try:
            await phase(self._work)
        except LegFailedError:
            await self._look_at_state()
            raise
        await self._look_at_state()

    async def _enter(self, state: str) -> None:
        """Go into a state, unless we are in it or are told to stop."""
        answer = await self._work.conversation.report(Entered(state))
        if answer.next is Next.STOP:
            raise LegStoppedError
        self._work.state = state

    def _is_skipped(self, switch: str) -> bool:
        skipped = self._work.environment().get(switch) == "true"
        if skipped:
            self._work.log.say(f"Skipped: {switch} is true.")
        return skipped

    async def _look_at_state(self) -> None:
        found = await phases.read_state(self._work)
        if found is not None:
            self._outputs, self._resources = found.outputs, found.resources
