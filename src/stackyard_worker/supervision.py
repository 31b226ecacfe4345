"""One leg's phases under their limits, and a word to the control plane if they fail.

Whatever the phases do, a leg that was accepted ends with a final report on disk,
unless the control plane said that it is not ours any more.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import structlog

from stackyard_protocol.job import Job
from stackyard_protocol.report import Ended
from stackyard_worker.control_plane import RefusedError
from stackyard_worker.conversation import LetGoError
from stackyard_worker.dialogue import Dialogue
from stackyard_worker.durations import format_duration

log = structlog.get_logger()

FAILED: Final = "FAILED"
BROKEN: Final = "Something went wrong on the worker: its log says what."

Phases: TypeAlias = Callable[[Job, Dialogue], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a leg may take, be silent, and take to clean up when it is cut."""

    run: float = 70 * 60
    silence: float = 7 * 60
    cleanup: float = 120


@dataclass
class Supervision:
    job: Job
    dialogue: Dialogue
    limits: Limits
    phases: Phases
    _cut: "asyncio.Future[str]" = field(init=False)

    def __post_init__(self) -> None:
        self._cut = asyncio.get_running_loop().create_future()

    def cut(self, note: str) -> None:
        """End the leg now, and report it failed with this note."""
        if not self._cut.done():
            self._cut.set_result(note)

    async def run(self) -> None:
        """Return when the phases have ended and the leg's end is reported.

        Cancelling this leaves the phases cancelled and the journal as it is: the next
        life of the launcher goes on from there.
        """
        task = asyncio.ensure_future(self.phases(self.job, self.dialogue))
        try:
            note = await self._watch(task)
            await self._end(task, note)
        finally:
            await self._stop(task)

    async def _watch(self, task: "asyncio.Future[None]") -> str | None:
        """Wait for the phases; return why they have to be cut, if they have to."""
        now = asyncio.get_running_loop().time
        begun = self.dialogue.heard_at = now()
        ended_at: float | None = None
        while not task.done():
            if self.dialogue.over.is_set() and ended_at is None:
                ended_at = now()
            due, note = self._next_limit(begun, ended_at)
            if now() >= due or self._cut.done():
                return self._cut.result() if self._cut.done() else note
            # Looks again at least once a second: what sets a limit may have moved.
            either: set[asyncio.Future[Any]] = {task, self._cut}
            await asyncio.wait(
                either,
                timeout=min(due - now(), 1),
                return_when=asyncio.FIRST_COMPLETED,
            )
        return None

    def _next_limit(self, begun: float, ended_at: float | None) -> tuple[float, str]:
        """Return when the next limit is met, and the note that says which it was."""
        limits, dialogue = self.limits, self.dialogue
        if ended_at is not None:
            return ended_at + limits.cleanup, "The worker did not finish tidying up."
        if dialogue.is_ended:  # what counts is done, it is only not answered yet
            return float("inf"), ""
        by_run = begun + limits.run, _too_long(limits.run)
        if dialogue.reporting:  # the silence is not the run's
            return by_run
        by_silence = dialogue.heard_at + limits.silence, _too_silent(limits.silence)
        return min(by_run, by_silence)

    async def _end(self, task: "asyncio.Future[None]", note: str | None) -> None:
        if note is not None and not self.dialogue.is_ended:
            log.warning("leg.cut", leg=self.job.leg, note=note)
            self.dialogue.write(f"\n{note}\n".encode())
        if note is not None:
            await self._stop(task)
        else:
            note = self._how_it_ended(task)
        if self.dialogue.is_ended or self.dialogue.let_go:
            with contextlib.suppress(LetGoError, RefusedError):
                await self.dialogue.say_the_rest()
            return
        with contextlib.suppress(LetGoError):
            try:
                await self.dialogue.report(Ended(state=FAILED, note=note or BROKEN))
            except RefusedError:
                log.exception("leg.end_refused", leg=self.job.leg)

    def _how_it_ended(self, task: "asyncio.Future[None]") -> str | None:
        """Return what to tell about phases that ended by themselves."""
        problem = None if task.cancelled() else task.exception()
        if isinstance(problem, LetGoError):
            return None
        if problem is not None:
            log.error("leg.broken", leg=self.job.leg, exc_info=problem)
        elif not self.dialogue.is_ended:
            log.error("leg.unfinished", leg=self.job.leg)
        return BROKEN

    async def _stop(self, task: "asyncio.Future[None]") -> None:
        """Cancel the phases and wait for them, though not for ever."""
        if task.done():
            return
        task.cancel()
        _, late = await asyncio.wait({task}, timeout=self.limits.cleanup)
        if late:
            log.error("leg.stuck", leg=self.job.leg)
        elif not task.cancelled() and (problem := task.exception()) is not None:
            log.error("leg.broken", leg=self.job.leg, exc_info=problem)


def _too_long(seconds: float) -> str:
    return (
        f"The run was stopped after {format_duration(seconds)}: that is the worker's"
        " limit for a run (SPACELIFT_LAUNCHER_RUN_TIMEOUT)."
    )


def _too_silent(seconds: float) -> str:
    return (
        f"The run was stopped: it had printed nothing for {format_duration(seconds)},"
        " the worker's limit for silence (SPACELIFT_LAUNCHER_LOGS_TIMEOUT)."
    )
