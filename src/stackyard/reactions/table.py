"""Who reacts to what: the whole conversation, on one screen."""

from typing import Final

from stackyard.choreography import Choreography, Tick, when
from stackyard.follows import RemotesDue
from stackyard.kernel.queue import Queue
from stackyard.reactions import (
    dispatch,
    follows,
    logs,
    pushes,
    stacks,
    sweeps,
    workers,
)
from stackyard.reactions.tools import Tools
from stackyard.reactions.workers import WorkerSpoke
from stackyard.runs import (
    HandoverDue,
    LogEnded,
    RunConfirmed,
    RunEnded,
    RunQueued,
    RunStopRequested,
)
from stackyard.stacks import StackDeletionRequested, StackEnabled, StackUpdated
from stackyard.vcs import RefUpdated
from stackyard.workers import WorkerIdle, WorkerLost, WorkerRegistered

FIFO: Final = Queue.ASYNC_FIFO


def of_stack(
    event: RunQueued | RunEnded | StackUpdated | StackEnabled | StackDeletionRequested,
) -> str:
    return f"stack/{event.stack_id}"


def of_repository(event: RefUpdated) -> str:
    return f"repository/{event.repo_id}"


CHOREOGRAPHY: Final[Choreography[Tools]] = Choreography.of(
    [
        when(RunQueued, dispatch.advance_queued, queue=FIFO, group=of_stack),
        when(RunEnded, dispatch.advance_after_run, queue=FIFO, group=of_stack),
        when(RunConfirmed, dispatch.assign_confirmed),
        when(HandoverDue, dispatch.undo_handover),
        when(RunStopRequested, workers.signal_stop),
        when(LogEnded, logs.seal_ended),
        when(WorkerSpoke, workers.hear, queue=Queue.IOT),
        when(WorkerRegistered, workers.settle_registered),
        when(WorkerIdle, dispatch.assign_idle),
        when(WorkerLost, workers.bury_lost),
        when(RefUpdated, pushes.trigger_pushed, queue=FIFO, group=of_repository),
        when(RemotesDue, follows.ask_due, queue=Queue.EVENTS_INBOX),
        when(StackUpdated, stacks.advance_updated, queue=FIFO, group=of_stack),
        when(StackEnabled, stacks.advance_enabled, queue=FIFO, group=of_stack),
        when(StackDeletionRequested, stacks.begin_deletion, queue=FIFO, group=of_stack),
    ],
    [
        Tick("sweep_workers", 2, sweeps.sweep_workers),
        Tick("vacuum_queue", 5, sweeps.vacuum_queue),
        Tick("look_round", 5, follows.look_round),
        Tick("tell_unheard", 5, pushes.tell_unheard),
        Tick("sweep_runs", 15, sweeps.sweep_runs),
        Tick("keep_up", 300, sweeps.keep_up),
    ],
)
