"""Ask git servers that tell nobody of pushes, and act on what has moved meanwhile.

The tick only says who is due, and says it on the queue for what version control systems
send: a server that hangs holds up no run. Servers are asked side by side, each about
one repository at a time.
"""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

import structlog

from stackyard.follows import Moved, Question, RemotesDue, host_of
from stackyard.heads import RawGitSource
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import Kind, StackyardError
from stackyard.reactions.tools import Tools
from stackyard.runs import RunType
from stackyard.stacks import Stack, TrackedCommit
from stackyard.vcs import Commit, GitUrl, RemoteUnavailableError

log = structlog.get_logger()

ANSWER_SECONDS: Final = 10.0
HOST_SECONDS: Final = 60.0  # the rest of its repositories stay lent, and come back
HOSTS_AT_ONCE: Final = 16
MOST_SILENCES: Final = 2


async def look_round(tools: Tools) -> None:
    async with tools.open_unit() as unit:
        was_away = await unit.follows.look_round(by=SYSTEM)
    if was_away:
        log.info("remotes.hastened")


async def ask_due(tools: Tools, event: RemotesDue) -> None:
    """Ask all of them, the hosts side by side; each answer is acted on as it comes."""
    async with tools.open_unit() as unit:
        questions = await unit.follows.questions(event.urls, by=SYSTEM)
    room = asyncio.Semaphore(HOSTS_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for same in _by_host(questions):
            group.create_task(_ask_host(tools, same, room))


async def _ask_host(
    tools: Tools, questions: Sequence[Question], room: asyncio.Semaphore
) -> None:
    """Ask one host after another of its repositories, in bounded time.

    One that keeps silent twice, and has said nothing so far, is taken to be down: all
    its repositories wait for longer, instead of costing a deadline each.
    """
    silences = answers = 0
    async with room:
        end = asyncio.get_running_loop().time() + HOST_SECONDS
        for question in questions:
            if asyncio.get_running_loop().time() > end:
                return
            if silences >= MOST_SILENCES and not answers:
                await _failed(tools, question, str(RemoteUnavailableError()))
            elif await _ask(tools, question):
                answers += 1
            else:
                silences += 1


async def _ask(tools: Tools, question: Question) -> bool:
    """Ask about one repository; False if there was no answer."""
    try:
        heads = await _heads(tools, question)
    except StackyardError as error:
        await _failed(tools, question, str(error))
        return error.kind is not Kind.UNAVAILABLE
    except Exception:  # what one server says must not hold up the others
        log.exception("remote.broke_its_reader", url=question.url)
        await _failed(tools, question, "its answer could not be read")
        return True
    hashes = {branch: commit.hash for branch, commit in heads.items()}
    async with tools.open_unit() as unit:
        news = await unit.follows.answered(question.url, hashes, by=SYSTEM)
    for moved in news:
        await _follow(tools, moved, heads[moved.branch])
    return True


async def _heads(tools: Tools, question: Question) -> dict[str, Commit]:
    source = RawGitSource(tools.heads, GitUrl(question.url))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await source.heads(question.branches)
    except TimeoutError as error:
        raise RemoteUnavailableError(host=host_of(question.url)) from error


async def _failed(tools: Tools, question: Question, problem: str) -> None:
    async with tools.open_unit() as unit:
        news = await unit.follows.failed(question.url, problem, by=SYSTEM)
    if news:  # once, not at every attempt
        log.warning("remote.unreadable", url=question.url, problem=problem)


async def _follow(tools: Tools, moved: Moved, commit: Commit) -> None:
    """Do what a push would have done, and move the cursor, in one transaction.

    Nothing that is lost can part the two: either the stack has both, or it is found
    to be behind again.
    """
    async with tools.open_unit() as unit:
        await unit.dispatch.hold_gate(moved.stack_id, by=SYSTEM)
        stack = await unit.stacks.find(moved.stack_id, by=SYSTEM, lock=True)
        if stack is None or not _is_about(moved, stack):
            return
        if not await unit.follows.advance(moved, by=SYSTEM):
            return
        tracked = TrackedCommit(**commit.as_dict())
        await unit.stacks.set_tracked_commit(stack.id, tracked, by=SYSTEM)
        run = await unit.triggers.push(
            stack.id,
            RunType.TRACKED,
            branch=moved.branch,
            commit=tracked.as_dict(),
            pushed_by=None,
            by=SYSTEM,
        )
    log.info("stack.followed", stack=stack.id, commit=moved.after, has_run=bool(run))


def _is_about(moved: Moved, stack: Stack) -> bool:
    here = (stack.vcs_repo_id, stack.repository_url, stack.branch)
    return here == (None, moved.url, moved.branch)


def _by_host(questions: Iterable[Question]) -> list[list[Question]]:
    def host(question: Question) -> str:
        return host_of(question.url)

    return [list(same) for _, same in groupby(sorted(questions, key=host), key=host)]
