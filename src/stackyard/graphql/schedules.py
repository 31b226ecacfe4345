"""What stacks do by themselves, in the graph. Times are whole seconds since 1970."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from ariadne import MutationType, ObjectType

from stackyard.graphql.context import Info
from stackyard.graphql.runtime_config import runtime_config_from, shown_runtime_config
from stackyard.kernel.ids import ScheduleId, StackId
from stackyard.stacks import (
    DeleteStack,
    DetectDrift,
    Errand,
    PerformTask,
    Schedule,
    ScheduleKind,
    Stack,
    Timing,
    TriggerRun,
)

Input: TypeAlias = dict[str, Any]

mutation = MutationType()
stack = ObjectType("Stack")
integrations = ObjectType("Integrations")
drift = ObjectType("StackDriftDetectionIntegration")
scheduled_delete = ObjectType("StackScheduledDelete")
scheduled_run = ObjectType("StackScheduledRun")
scheduled_task = ObjectType("StackScheduledTask")
bindables = [
    *(mutation, stack, integrations, drift),
    *(scheduled_delete, scheduled_run, scheduled_task),
]


def _run(given: Input) -> TriggerRun:
    config = runtime_config_from(given.get("runtime_config"))
    return TriggerRun(name=given["name"], runtime_config=config)


def _task(given: Input) -> PerformTask:
    return PerformTask(command=given["command"])


def _delete(given: Input) -> DeleteStack:
    return DeleteStack(destroy_resources=given["should_delete_resources"])


def _timing(given: Input) -> Timing:
    at = given.get("timestamp_schedule")
    return Timing(
        cron=tuple(given.get("cron_schedule") or ()),
        at=None if at is None else datetime.fromtimestamp(at, UTC),
        timezone=given.get("timezone") or "UTC",
    )


def _bind(
    noun: str, kind: ScheduleKind, errand_from: Callable[[Input], Errand]
) -> None:
    """Bind the three mutations of one kind of schedule, and how one is found."""
    named = noun.lower()  # the argument that has its id

    @mutation.field(f"stackScheduled{noun}Create")
    async def resolve_create(
        _root: None,
        info: Info,
        *,
        stack: str,
        input: Input,  # noqa: A002 - the contract's name
    ) -> Schedule:
        async with info.context.open_unit() as unit:
            return await unit.schedules.create(
                StackId(stack),
                errand_from(input),
                _timing(input),
                by=info.context.subject,
            )

    @mutation.field(f"stackScheduled{noun}Update")
    async def resolve_update(
        _root: None,
        info: Info,
        *,
        stack: str,
        input: Input,  # noqa: A002 - the contract's name
        **given: str,
    ) -> Schedule:
        async with info.context.open_unit() as unit:
            return await unit.schedules.update(
                StackId(stack),
                ScheduleId(given[f"scheduled_{named}"]),
                errand_from(input),
                _timing(input),
                by=info.context.subject,
            )

    @mutation.field(f"stackScheduled{noun}Delete")
    async def resolve_delete(
        _root: None, info: Info, *, stack: str, **given: str
    ) -> Schedule:
        schedule_id = ScheduleId(given[f"scheduled_{named}"])
        async with info.context.open_unit() as unit:
            return await unit.schedules.delete(
                StackId(stack), schedule_id, kind, by=info.context.subject
            )

    @stack.field(f"scheduled{noun}")
    async def resolve_found(
        root: Stack,
        info: Info,
        *,
        id: str,  # noqa: A002 - the contract's name
    ) -> Schedule | None:
        found = await info.context.loaders.schedules.load(ScheduleId(id))
        if found is None or (found.stack_id, found.kind) != (root.id, kind):
            return None
        return found


_bind("Run", ScheduleKind.RUN, _run)
_bind("Task", ScheduleKind.TASK, _task)
_bind("Delete", ScheduleKind.DELETE, _delete)

for _kind in (scheduled_run, scheduled_task):
    _kind.set_alias("cronSchedule", "cron")


@scheduled_run.field("timestampSchedule")
@scheduled_task.field("timestampSchedule")
@scheduled_delete.field("timestampSchedule")
def resolve_timestamp(root: Schedule, _info: Info) -> int | None:
    return int(root.at.timestamp()) if root.at else None


@scheduled_run.field("nextSchedule")
def resolve_next(root: Schedule, _info: Info) -> int | None:
    return int(root.shown_next.timestamp()) if root.shown_next else None


@scheduled_run.field("customRuntimeConfig")
async def resolve_runtime_config(root: Schedule, info: Info) -> dict[str, Any] | None:
    if not isinstance(root.errand, TriggerRun) or root.errand.runtime_config is None:
        return None
    of = await info.context.loaders.stacks.load(root.stack_id)
    return shown_runtime_config(root.errand.runtime_config, of)


def _errand_field(kind: ObjectType, field: str, attribute: str) -> None:
    kind.set_field(field, lambda root, _info: getattr(root.errand, attribute))


_errand_field(scheduled_run, "name", "name")
_errand_field(scheduled_task, "command", "command")
_errand_field(scheduled_delete, "shouldDeleteResources", "destroy_resources")


@mutation.field("stackIntegrationDriftDetectionCreate")
async def resolve_drift_create(
    _root: None,
    info: Info,
    *,
    stack: str,
    input: Input,  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_unit() as unit:
        made = await unit.schedules.create(
            StackId(stack), *_drift(input), by=info.context.subject
        )
    return _shown_drift(made)


@mutation.field("stackIntegrationDriftDetectionUpdate")
async def resolve_drift_update(
    _root: None,
    info: Info,
    *,
    stack: str,
    input: Input,  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_unit() as unit:
        changed = await unit.schedules.update_drift(
            StackId(stack), *_drift(input), by=info.context.subject
        )
    return _shown_drift(changed)


@mutation.field("stackIntegrationDriftDetectionDelete")
async def resolve_drift_delete(
    _root: None, info: Info, *, stack: str
) -> dict[str, Any]:
    async with info.context.open_unit() as unit:
        await unit.schedules.delete_drift(StackId(stack), by=info.context.subject)
    return _shown_drift(None) | {"deleted": True}


@integrations.field("driftDetection")
async def resolve_drift(root: Stack, info: Info) -> dict[str, Any]:
    return _shown_drift(await info.context.loaders.drift.load(root.id))


def _drift(given: Input) -> tuple[DetectDrift, Timing]:
    errand = DetectDrift(
        reconcile=given["reconcile"], ignore_state=given["ignore_state"]
    )
    return errand, _timing(given | {"cron_schedule": given.get("schedule")})


def _shown_drift(schedule: Schedule | None) -> dict[str, Any]:
    errand = schedule.errand if schedule else DetectDrift()
    assert isinstance(errand, DetectDrift)  # noqa: S101 - by the kind of the schedule
    return {
        "reconcile": errand.reconcile,
        "ignore_state": errand.ignore_state,
        "schedule": schedule.cron if schedule else [],
        "timezone": schedule.timezone if schedule else None,
        "deleted": False,
    }
