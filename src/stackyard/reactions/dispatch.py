"""Bring runs to workers: look up commits, gate, claim, hand over, undo."""

import asyncio
import secrets
from typing import Final

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from stackyard.identity import RunFacts, RunTokens
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.errors import Kind, StackyardError, UnavailableError
from stackyard.kernel.ids import LegId, PoolId, StackId
from stackyard.reactions.deletions import go_on_deleting
from stackyard.reactions.sources import find_commit, source_of
from stackyard.reactions.tools import Tools
from stackyard.runs import (
    Claim,
    Gate,
    HandoverDue,
    Run,
    RunConfirmed,
    RunEnded,
    RunQueued,
    RunReplanRequested,
)
from stackyard.runs.job import Grants, build_job, scope_of
from stackyard.stacks import Stack, TrackedCommit
from stackyard.workers import WorkerIdle
from stackyard_protocol import envelope
from stackyard_protocol.job import CONTINUING, Job, SavedWorkspace
from stackyard_protocol.mqtt import SMALL_JOB, RunAssigned

log = structlog.get_logger()

ANSWER_SECONDS: Final = 10.0
# It ends with its leg anyway; sooner, and an apply could not write its state. No
# launcher should be told to wait longer (`SPACELIFT_LAUNCHER_RUN_TIMEOUT`).
RUN_TOKEN_SECONDS: Final = 7 * 24 * 3600
URL_SECONDS: Final = 900


async def advance_queued(tools: Tools, event: RunQueued) -> None:
    await advance(tools, event.stack_id)


async def advance_after_run(tools: Tools, event: RunEnded) -> None:
    """The next run of the stack may go; a stack that is to be deleted may be.

    So may runs that depend on it, if they have been waiting for this one. And if it was
    a test of a module's version, that may be settled now.
    """
    async with tools.open_unit() as unit:
        await unit.versions.settle(event.run_id, by=SYSTEM)
        below = await unit.chains.stacks_waiting_for(event.run_id, by=SYSTEM)
    await go_on_deleting(tools, event.stack_id)
    for stack_id in [event.stack_id, *below]:
        await advance(tools, stack_id)


async def assign_confirmed(tools: Tools, event: RunConfirmed) -> None:
    await assign(tools, event.pool_id)


async def assign_replanned(tools: Tools, event: RunReplanRequested) -> None:
    await assign(tools, event.pool_id)


async def assign_idle(tools: Tools, event: WorkerIdle) -> None:
    await assign(tools, event.pool_id)


async def undo_handover(tools: Tools, event: HandoverDue) -> None:
    """The worker had its time: if it did not accept, somebody else may."""
    async with tools.open_unit() as unit:
        pool_id = await unit.dispatch.undo_unaccepted(event.leg_id, by=SYSTEM)
    if pool_id is not None:
        log.warning("handover.undone", leg=event.leg_id, pool=pool_id)
        await assign(tools, pool_id)


async def advance(tools: Tools, stack_id: StackId) -> None:
    """Let the stack's queued runs through the gate, and find workers for them."""
    if await let_through(tools, stack_id):
        await look_up_commits(tools, stack_id)
        await let_through(tools, stack_id)


async def let_through(tools: Tools, stack_id: StackId) -> bool:
    """Let through what may go; say whether a commit is to be looked up first."""
    gate, claim = await _pass_gate(tools, stack_id)
    if claim is not None:
        await hand_over(tools, claim)
        await assign(tools, claim.leg.pool_id)
    return gate.lacks_commit


async def assign(tools: Tools, pool_id: PoolId) -> None:
    """Pair waiting runs with idle workers of the pool until one side is used up."""
    while claim := await _claim(tools, pool_id):
        await hand_over(tools, claim)


async def _pass_gate(tools: Tools, stack_id: StackId) -> tuple[Gate, Claim | None]:
    """Gate and make the first claim in one transaction: a run that waits for nothing
    is on its way to a worker after a single one.
    """
    async with tools.open_unit() as unit:
        gate = await unit.dispatch.gate(stack_id, by=SYSTEM)
        if gate.pool_id is None:
            return gate, None
        return gate, await unit.dispatch.claim(gate.pool_id, by=SYSTEM)


async def _claim(tools: Tools, pool_id: PoolId) -> Claim | None:
    async with tools.open_unit() as unit:
        return await unit.dispatch.claim(pool_id, by=SYSTEM)


async def hand_over(tools: Tools, claim: Claim) -> None:
    """Make the job, put it where the worker finds it, and wake the worker.

    If anything fails here that will pass, the claim is undone in due time; what will
    not pass fails the run with a reason.
    """
    run, leg = claim.run, claim.leg
    try:
        job, public_key = await make_job(tools, claim)
    except StackyardError as error:
        if error.kind is Kind.UNAVAILABLE:
            raise
        async with tools.open_unit() as unit:
            await unit.legs.give_up(
                leg.id, f"Job assignment failed: {error}", by=SYSTEM
            )
        return
    message = await _message(tools, claim, job, public_key)
    async with tools.open_unit() as unit:
        if await unit.legs.give_token(leg.id, job.leg_token, by=SYSTEM):
            await unit.courier.send(leg.pool_id, leg.worker_id, message)
    log.info("run.handed_over", run=run.id, leg=leg.id, worker=leg.worker_id)


async def _message(
    tools: Tools, claim: Claim, job: Job, public_key: RSAPublicKey
) -> RunAssigned:
    """Return the job as the worker gets it: at once, or where to fetch a large one."""
    run, leg = claim.run, claim.leg
    sealed = envelope.seal(public_key, msgspec.json.encode(job))
    if len(sealed) <= SMALL_JOB:
        return RunAssigned(run=run.id, leg=leg.id, job=sealed)
    key = f"jobs/{run.id}/{leg.id}"
    await tools.blobs.put(Bucket.METADATA, key, sealed)
    url = await tools.blobs.presign_get(Bucket.METADATA, key, seconds=URL_SECONDS)
    return RunAssigned(run=run.id, leg=leg.id, url=url)


async def make_job(tools: Tools, claim: Claim) -> tuple[Job, RSAPublicKey]:
    run, leg = claim.run, claim.leg
    async with tools.open_unit() as unit:
        stack = await unit.stacks.project(run.stack_id, by=SYSTEM)
        config = await unit.stack_contexts.for_run(
            stack.id,
            runtime_config=run.runtime_config,
            inputs=await unit.chains.inputs(run, by=SYSTEM),
            by=SYSTEM,
        )
        overrides = await unit.previews.overrides(run, by=SYSTEM)
        pool = await unit.pools.get(leg.pool_id, by=SYSTEM)
        facts = RunFacts(
            stack.id,
            stack.space_id,
            run.id,
            run.type,
            scope_of(run, leg, stack),
            is_module=stack.is_module,
        )
        signing = asyncio.to_thread(_sign, unit.run_tokens, facts, leg.id)
    (run_token, oidc_token), source, workspace = await asyncio.gather(
        signing, source_of(tools, run, stack), _saved_workspace(tools, claim)
    )
    job = build_job(
        run=run,
        leg=leg,
        stack=stack,
        config=config,
        overrides=overrides,
        source=source,
        workspace=workspace,
        grants=Grants(
            base_url=tools.site.base_url,
            account=tools.site.account,
            leg_token=secrets.token_urlsafe(32),
            run_token=run_token,
            oidc_token=oidc_token,
        ),
    )
    return job, pool.public_key()


def _sign(tokens: RunTokens, run: RunFacts, leg_id: LegId) -> tuple[str, str]:
    """Return the run's token for us, and the one for clouds. Milliseconds of
    arithmetic: not on the event loop.
    """
    token = tokens.issue(
        stack_id=run.stack_id,
        run_id=run.run_id,
        leg_id=leg_id,
        seconds=RUN_TOKEN_SECONDS,
    )
    return token, tokens.federate(run)


async def _saved_workspace(tools: Tools, claim: Claim) -> SavedWorkspace | None:
    run = claim.run
    if claim.leg.kind not in CONTINUING or run.workspace_key is None:
        return None
    url = await tools.blobs.presign_get(
        Bucket.WORKSPACE, run.workspace_key, seconds=URL_SECONDS
    )
    return SavedWorkspace(url=url, sha256=run.workspace_sha256 or "")


async def look_up_commits(tools: Tools, stack_id: StackId) -> None:
    """Say which commit each queued run is of, or why there is none.

    A server that does not answer is asked again by the sweep, in a lane of its own:
    no other stack's runs wait for it.
    """
    async with tools.open_unit() as unit:
        runs = await unit.dispatch.without_commit(stack_id, by=SYSTEM)
        stack = await unit.stacks.find(stack_id, by=SYSTEM)
    if stack is None or stack.integration is not None:
        return  # no server behind an integration is asked yet: its runs stay queued
    for run in runs:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                commit = await find_commit(tools, run, stack)
        except (TimeoutError, UnavailableError) as error:
            log.warning("commit.awaited", run=run.id, reason=type(error).__name__)
            return
        except StackyardError as error:
            async with tools.open_unit() as unit:
                await unit.dispatch.fail(run.id, str(error), by=SYSTEM)
        else:
            await _settle_commit(tools, run, stack, TrackedCommit(**commit))


async def _settle_commit(
    tools: Tools, run: Run, asked_for: Stack, commit: TrackedCommit
) -> None:
    """Let the run be of that commit, unless the stack is of other code by now."""
    async with tools.open_unit() as unit:
        stack = await unit.stacks.find(asked_for.id, by=SYSTEM)
        if stack is None or stack.source != asked_for.source:
            return
        await unit.dispatch.set_commit(run.id, commit.as_dict(), by=SYSTEM)
        stack = await unit.stacks.get(stack.id, by=SYSTEM, lock=True)
        if stack.tracked_commit is None and run.branch == stack.branch:
            await unit.stacks.set_tracked_commit(stack.id, commit, by=SYSTEM)
