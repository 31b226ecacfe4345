"""Who reacts to what: the whole conversation, on one screen."""

from typing import Final

from stackyard.audit import DeliveriesDue, EntriesRecorded
from stackyard.choreography import Choreography, Tick, when
from stackyard.follows import RemotesDue
from stackyard.kernel.queue import Queue
from stackyard.reactions import (
    audit,
    blueprints,
    dispatch,
    follows,
    logs,
    providers,
    pushes,
    schedules,
    stacks,
    sweeps,
    webhooks,
    workers,
)
from stackyard.reactions.tools import Tools
from stackyard.reactions.workers import WorkerSpoke
from stackyard.registry.providers import ProviderFilesForgotten
from stackyard.runs import (
    CommitsSought,
    DriftFound,
    HandoverDue,
    LogEnded,
    RunConfirmed,
    RunEnded,
    RunQueued,
    RunReplanRequested,
    RunStopRequested,
)
from stackyard.stacks import (
    ScheduleDue,
    StackDeleted,
    StackDeletionRequested,
    StackEnabled,
    StackUpdated,
)
from stackyard.vcs import RefUpdated
from stackyard.webhooks import HookDeliveriesDue
from stackyard.workers import WorkerIdle, WorkerLost, WorkerRegistered

FIFO: Final = Queue.ASYNC_FIFO
EVENTS: Final = Queue.EVENTS_INBOX
# In seconds. Nobody waits for it: the run that is the cause of it goes first.
NOT_URGENT: Final = 0.25


def of_stack(
    event: RunQueued
    | RunEnded
    | DriftFound
    | StackUpdated
    | StackEnabled
    | StackDeletionRequested
    | ScheduleDue,
) -> str:
    return f"stack/{event.stack_id}"


def of_repository(event: RefUpdated) -> str:
    return f"repository/{event.repo_id}"


def of_trail(_event: EntriesRecorded) -> str:
    return "audit"


CHOREOGRAPHY: Final[Choreography[Tools]] = Choreography.of(
    [
        when(RunQueued, dispatch.advance_queued, queue=FIFO, group=of_stack),
        when(RunEnded, dispatch.advance_after_run, queue=FIFO, group=of_stack),
        when(CommitsSought, sweeps.look_up_sought, queue=EVENTS),
        when(RunConfirmed, dispatch.assign_confirmed),
        when(RunReplanRequested, dispatch.assign_replanned),
        when(HandoverDue, dispatch.undo_handover),
        when(RunStopRequested, workers.signal_stop),
        when(LogEnded, logs.seal_ended),
        when(WorkerSpoke, workers.hear, queue=Queue.IOT),
        when(WorkerRegistered, workers.settle_registered),
        when(WorkerIdle, dispatch.assign_idle),
        when(WorkerLost, workers.bury_lost),
        when(RefUpdated, pushes.trigger_pushed, queue=FIFO, group=of_repository),
        when(RemotesDue, follows.ask_due, queue=EVENTS),
        when(StackUpdated, stacks.advance_updated, queue=FIFO, group=of_stack),
        when(StackEnabled, stacks.advance_enabled, queue=FIFO, group=of_stack),
        when(StackDeletionRequested, stacks.begin_deletion, queue=FIFO, group=of_stack),
        when(ProviderFilesForgotten, providers.delete_forgotten),
        when(ScheduleDue, schedules.carry_out_schedule, queue=FIFO, group=of_stack),
        when(DriftFound, schedules.reconcile_drifted, queue=FIFO, group=of_stack),
        when(StackDeleted, blueprints.undeploy),
        when(
            EntriesRecorded,
            audit.seal_recorded,
            queue=FIFO,
            group=of_trail,
            delay_seconds=NOT_URGENT,
        ),
        when(DeliveriesDue, audit.deliver_due, queue=EVENTS),
        when(HookDeliveriesDue, webhooks.send_due, queue=EVENTS),
        when(RunQueued, audit.offer_queued, queue=EVENTS, delay_seconds=NOT_URGENT),
        when(
            RunConfirmed, audit.offer_confirmed, queue=EVENTS, delay_seconds=NOT_URGENT
        ),
        when(RunEnded, audit.offer_ended, queue=EVENTS, delay_seconds=NOT_URGENT),
    ],
    [
        Tick("sweep_workers", 2, sweeps.sweep_workers),
        Tick("vacuum_queue", 5, sweeps.vacuum_queue),
        Tick("look_round", 5, follows.look_round),
        Tick("tell_unheard", 5, pushes.tell_unheard),
        Tick("catch_up_audit", 5, audit.catch_up),
        Tick("look_at_schedules", 10, schedules.tell_due),
        Tick("catch_up_webhooks", 5, webhooks.catch_up),
        Tick("sweep_runs", 15, sweeps.sweep_runs),
        Tick("keep_up", 300, sweeps.keep_up),
        Tick("forget_audit", 300, audit.forget_old),
        Tick("forget_deliveries", 300, webhooks.forget_old),
    ],
)
