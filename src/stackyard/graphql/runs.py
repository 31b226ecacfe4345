"""Runs in the graph: what people see of them and ask of them."""

import codecs
from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType
from graphql import GraphQLError

from stackyard.graphql.context import Info
from stackyard.graphql.runtime_config import runtime_config_from
from stackyard.heads import find_head
from stackyard.kernel.access import Action
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import RunId, StackId
from stackyard.runs import (
    ForceApply,
    LogPart,
    Run,
    RunState,
    RunType,
    RunTypeError,
    Transition,
    offset_of,
)
from stackyard.runs.waiting import waiting_for
from stackyard.stacks import Stack

query = QueryType()
mutation = MutationType()
stack = ObjectType("Stack")
run = ObjectType("Run")
bindables = [query, mutation, stack, run]

# Engines that are not built yet: what they would say of every run today.
_NOTHING: Final[dict[str, Any]] = {
    "comments": [],
    "needsApproval": False,
}
for _field, _value in _NOTHING.items():
    run.set_field(_field, lambda *_, value=_value: value)

METADATA_HEADER = "spacelift-user-provided-run-metadata"


@query.field("runStack")
async def resolve_run_stack(_root: None, info: Info, *, run_id: str) -> Stack:
    by = info.context.subject
    try:
        async with info.context.open_unit() as unit:
            found = await unit.runs.get(RunId(run_id), by=by)
            return await unit.stacks.get(found.stack_id, by=by)
    except NotFoundError:
        raise GraphQLError("not found") from None  # the client compares this text


@mutation.field("runTrigger")
async def resolve_run_trigger(
    _root: None,
    info: Info,
    *,
    stack: str,
    run_type: str | None = None,
    commit_sha: str | None = None,
    runtime_config: dict[str, Any] | None = None,
    force_apply: str | None = None,
) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.triggers.trigger(
            StackId(stack),
            kind=_type(run_type),
            commit={"hash": commit_sha.strip().lower()} if commit_sha else None,
            runtime_config=runtime_config_from(runtime_config),
            force_apply=ForceApply(force_apply) if force_apply else None,
            user_metadata=info.context.headers.get(METADATA_HEADER),
            by=info.context.subject,
        )


@mutation.field("taskCreate")
async def resolve_task_create(
    _root: None,
    info: Info,
    *,
    stack: str,
    command: str,
    skip_initialization: bool | None = None,
) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.triggers.create_task(
            StackId(stack),
            command,
            skip_init=bool(skip_initialization),
            user_metadata=info.context.headers.get(METADATA_HEADER),
            by=info.context.subject,
        )


@mutation.field("runConfirm")
async def resolve_run_confirm(_root: None, info: Info, *, stack: str, run: str) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.runs.confirm(
            StackId(stack),
            RunId(run),
            user_metadata=info.context.headers.get(METADATA_HEADER),
            by=info.context.subject,
        )


@mutation.field("runDiscard")
async def resolve_run_discard(_root: None, info: Info, *, stack: str, run: str) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.runs.discard(
            StackId(stack), RunId(run), by=info.context.subject
        )


@mutation.field("runCancel")
async def resolve_run_cancel(_root: None, info: Info, *, stack: str, run: str) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.runs.cancel(
            StackId(stack), RunId(run), by=info.context.subject
        )


@mutation.field("runStop")
async def resolve_run_stop(
    _root: None, info: Info, *, stack: str, run: str, note: str | None = None
) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.runs.stop(
            StackId(stack), RunId(run), note=note, by=info.context.subject
        )


@mutation.field("runRetry")
async def resolve_run_retry(_root: None, info: Info, *, stack: str, run: str) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.triggers.retry(
            StackId(stack), RunId(run), by=info.context.subject
        )


@mutation.field("runPrioritizeSet")
async def resolve_run_prioritize(
    _root: None, info: Info, *, stack: str, run: str, prioritize: bool
) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.runs.prioritize(
            StackId(stack), RunId(run), on=prioritize, by=info.context.subject
        )


@mutation.field("runPromote")
async def resolve_run_promote(_root: None, info: Info, *, stack: str, run: str) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.triggers.promote(
            StackId(stack), RunId(run), by=info.context.subject
        )


@mutation.field("runTargetedReplan")
async def resolve_run_replan(
    _root: None, info: Info, *, stack: str, run: str, targets: list[str]
) -> Run:
    async with info.context.open_unit() as unit:
        return await unit.runs.replan(
            StackId(stack), RunId(run), targets, by=info.context.subject
        )


@mutation.field("stackSyncCommit")
async def resolve_sync_commit(_root: None, info: Info, *, id: str) -> Stack:  # noqa: A002 - the contract's name
    by, means = info.context.subject, info.context.means
    async with info.context.open_unit() as unit:
        found = await unit.stacks.get(StackId(id), by=by)
        await unit.access.require(by, Action.STACK_SYNC_COMMIT, space=found.space_id)
    commit = await find_head(info.context.open_unit, means.heads, found, found.branch)
    async with info.context.open_unit() as unit:
        return await unit.stacks.sync_commit(found, commit, by=by)


@mutation.field("runDiscardAll")
async def resolve_run_discard_all(
    _root: None, info: Info, *, stack: str
) -> dict[str, Any]:
    async with info.context.open_unit() as unit:
        discarded, failed = await unit.runs.discard_all(
            StackId(stack), by=info.context.subject
        )
    return {"discarded_runs": discarded, "failed_discarding": failed}


@stack.field("runs")
async def resolve_runs(
    root: Stack, info: Info, *, before: str | None = None
) -> Sequence[Run]:
    return await _page(root, info, (RunType.TRACKED, RunType.DESTROY), before)


@stack.field("proposedRuns")
async def resolve_proposed_runs(
    root: Stack, info: Info, *, before: str | None = None
) -> Sequence[Run]:
    return await _page(root, info, (RunType.PROPOSED,), before)


@stack.field("tasks")
async def resolve_tasks(
    root: Stack, info: Info, *, before: str | None = None
) -> Sequence[Run]:
    return await _page(root, info, (RunType.TASK,), before)


async def _page(
    root: Stack, info: Info, types: tuple[RunType, ...], before: str | None
) -> Sequence[Run]:
    last = RunId(before) if before else None
    return await info.context.loaders.runs(types, last).load(root.id)


@stack.field("run")
async def resolve_run(root: Stack, info: Info, *, id: str) -> Run | None:  # noqa: A002 - the contract's name
    return await _run_of(root, info, id)


@stack.field("runResourceState")
async def resolve_resource_state(root: Stack, info: Info, *, id: str) -> Run | None:  # noqa: A002 - the contract's name
    return await _run_of(root, info, id)


async def _run_of(root: Stack, info: Info, run_id: str) -> Run | None:
    found = await info.context.loaders.some_runs.load(RunId(run_id))
    return found if found and found.stack_id == root.id else None


@stack.field("blocker")
async def resolve_blocker(root: Stack, info: Info) -> Run | None:
    return await info.context.loaders.blockers.load(root.id)


@run.field("createdAt")
def resolve_created_at(root: Run, _info: Info) -> int:
    return int(root.created_at.timestamp())


@run.field("canRetry")
def resolve_can_retry(root: Run, _info: Info) -> bool:
    return root.state is RunState.FAILED and root.type is not RunType.TESTING


@run.field("expired")
def resolve_expired(root: Run, info: Info) -> bool:
    return root.expired(info.context.means.clock())


@run.field("isMostRecent")
async def resolve_is_most_recent(root: Run, info: Info) -> bool:
    newest = await info.context.loaders.newest_runs.load(root.stack_id)
    return newest == root.id


@run.field("commit")
def resolve_commit(root: Run, _info: Info) -> dict[str, Any]:
    """Return what is known: the hash is empty until it has been looked up."""
    known = root.commit or {}
    return {
        "hash": known.get("hash") or "",
        "message": known.get("message") or "",
        "author_name": known.get("author_name") or "",
        "author_login": known.get("author_login"),
        "url": known.get("url"),
        "timestamp": known.get("timestamp") or 0,
        "tag": known.get("tag"),
    }


@run.field("delta")
def resolve_delta(root: Run, _info: Info) -> dict[str, int] | None:
    if root.add_count is None:
        return None
    return {
        "add_count": root.add_count,
        "change_count": root.change_count or 0,
        "delete_count": root.delete_count or 0,
        "resources": root.resource_count or 0,
    }


@run.field("changesV3")
async def resolve_changes(
    root: Run,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002, ARG001 - the contract's name
) -> list[dict[str, Any]]:
    changes = await info.context.loaders.run_changes.load(root.id)
    if not changes:
        return []
    return [
        {
            "resources": [
                {
                    "address": change.address,
                    "previous_address": change.previous_address,
                    "actions": change.actions,
                    "metadata": {"type": change.type},
                }
                for change in changes
            ]
        }
    ]


@run.field("waitingFor")
async def resolve_waiting_for(root: Run, info: Info) -> str | None:
    if root.state.is_final or root.state is RunState.APPLYING:
        return None
    found = await info.context.loaders.stacks.load(root.stack_id)
    if found is None:
        return None
    blocker = await info.context.loaders.blockers.load(root.stack_id)
    return waiting_for(root, found, blocker)


@run.field("history")
async def resolve_history(root: Run, info: Info) -> list[dict[str, Any]]:
    steps = await info.context.loaders.histories.load(root.id)
    return [_step(step, printed=printed) for step, printed in steps]


def _step(step: Transition, *, printed: bool) -> dict[str, Any]:
    return {
        "state": step.state,
        "state_version": step.version,
        "timestamp": int(step.at.timestamp()),
        "username": step.username,
        "note": step.note,
        "terminal": step.terminal,
        "has_logs": printed,
    }


@run.field("logs")
async def resolve_logs(
    root: Run,
    info: Info,
    *,
    state: str,
    token: str | None = None,
    state_version: int | None = None,
) -> dict[str, Any] | None:
    by, offset = info.context.subject, offset_of(token)
    if state_version is None:
        async with info.context.open_unit() as unit:
            steps = await unit.runs.history([root.id], by=by)
        versions = [step.version for step in steps if step.state == state]
        if not versions:
            return None
        state_version = versions[0]
    part = await info.context.means.log_files.read(
        root.id, state_version, offset=offset, by=by
    )
    return _log_page(part)


def _log_page(part: LogPart) -> dict[str, Any]:
    """Cut the bytes where a character ends; what is left comes with the next page."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text = decoder.decode(part.body, final=part.finished)
    kept = 0 if part.finished else len(decoder.getstate()[0])
    return {
        "exists": part.exists,
        "finished": part.finished,
        "has_more": not part.finished and bool(part.body),
        "messages": [{"message": line} for line in text.splitlines(keepends=True)],
        "next_token": str(part.next_offset - kept),
    }


def _type(name: str | None) -> RunType:
    if name is None:
        return RunType.TRACKED
    if name not in set(RunType):
        raise RunTypeError(type=name)
    return RunType(name)
