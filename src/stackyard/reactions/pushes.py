"""A branch moved: the stacks that follow it get their runs, the modules versions."""

from collections.abc import Sequence
from typing import Final

import structlog

from stackyard.kernel.access import SYSTEM
from stackyard.reactions.dispatch import advance
from stackyard.reactions.modules import make_versions
from stackyard.reactions.tools import Tools
from stackyard.runs import RunType
from stackyard.stacks import Stack, StackNotFoundError
from stackyard.vcs import Commit, RefUpdated

log = structlog.get_logger()

BRANCHES: Final = "refs/heads/"


async def trigger_pushed(tools: Tools, event: RefUpdated) -> None:
    """Track the commit on stacks of this branch, propose it on the others.

    The same commit never gets a second run of the same type by a push, so a repeated
    delivery changes nothing. Only what has come to its end here is not told again.
    """
    commit, stacks = await _concerned(tools, event)
    if commit is not None:
        for stack in stacks:
            if stack.created_at > event.at:
                continue  # it came after the push, which was nothing to it
            try:
                await _trigger(tools, event, stack, commit)
            except StackNotFoundError:  # deleted meanwhile: the others want their runs
                continue
        await make_versions(tools, event, event.ref.removeprefix(BRANCHES), commit)
    async with tools.open_unit() as unit:
        await unit.ref_updates.heard(event, by=SYSTEM)


async def tell_unheard(tools: Tools) -> None:
    """The net below the queue: tell again of pushes whose message came to nothing."""
    async with tools.open_unit() as unit:
        told = await unit.ref_updates.tell_again(by=SYSTEM)
    for update in told:
        facts = {"repository": update.repo_id, "ref": update.ref, "told": update.told}
        if update.due_at is None:
            log.error("push.given_up", **facts)
        else:
            log.info("push.told_again", **facts)


async def _concerned(
    tools: Tools, event: RefUpdated
) -> tuple[Commit | None, Sequence[Stack]]:
    """Return what was pushed, and to whom that may matter."""
    if event.after is None or not event.ref.startswith(BRANCHES):
        return None, ()
    async with tools.open_unit() as unit:
        if await unit.ref_updates.is_overtaken(event, by=SYSTEM):
            log.info("push.overtaken", repository=event.repo_id, ref=event.ref)
            return None, ()
        commit = await unit.repositories.commit(event.repo_id, event.after, by=SYSTEM)
        stacks = await unit.stacks.of_repository(event.repo_id, by=SYSTEM)
        # so that the run of one that depends on another waits for that of the same push
        return commit, await unit.stack_dependencies.upstream_first(stacks, by=SYSTEM)


async def _trigger(
    tools: Tools, event: RefUpdated, stack: Stack, commit: Commit
) -> None:
    branch = event.ref.removeprefix(BRANCHES)
    tracked = stack.branch == branch
    kind = RunType.TRACKED if tracked else RunType.PROPOSED
    async with tools.open_unit() as unit:
        await unit.dispatch.hold_gate(stack.id, by=SYSTEM)
        if tracked:
            await unit.stacks.set_tracked_commit(
                stack.id, commit, set_by=event.pusher, by=SYSTEM
            )
        await unit.triggers.push(
            stack.id,
            kind,
            branch=branch,
            commit=commit.as_dict(),
            pushed_by=event.pusher,
            by=SYSTEM,
        )
    await advance(tools, stack.id)
