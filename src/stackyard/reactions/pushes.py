"""A branch moved: the stacks that follow it get their runs."""

from typing import Final

from stackyard.kernel.access import SYSTEM
from stackyard.reactions.dispatch import advance
from stackyard.reactions.tools import Tools
from stackyard.runs import RunType
from stackyard.vcs import RefUpdated

BRANCHES: Final = "refs/heads/"


async def trigger_pushed(tools: Tools, event: RefUpdated) -> None:
    """Track the commit on stacks of this branch, propose it on the others.

    The same commit never gets a second run of the same type by a push, so a repeated
    delivery changes nothing.
    """
    if event.after is None or not event.ref.startswith(BRANCHES):
        return
    branch = event.ref.removeprefix(BRANCHES)
    async with tools.open_unit() as unit:
        commit = await unit.repositories.commit(event.repo_id, event.after, by=SYSTEM)
        stacks = await unit.stacks.of_repository(event.repo_id, by=SYSTEM)
    if commit is None:
        return
    for stack in stacks:
        if stack.created_at > event.at:
            continue  # it came after the push, which was nothing to it
        tracked = stack.branch == branch
        kind = RunType.TRACKED if tracked else RunType.PROPOSED
        async with tools.open_unit() as unit:
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
