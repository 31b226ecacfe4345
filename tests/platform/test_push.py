"""A real git pushes to a built-in repository, and its stacks get their runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.support.client import FINAL, eventually
from tests.support.hosting import GitCommandError, Laptop
from tests.support.platform import Platform

SLOW = "if test -f slow; then echo slowly; sleep 120; fi"
RUN = "id state type branch triggeredBy commit { hash message authorName }"
numbers = count(1)


@dataclass
class Garden:
    """A repository with a stack that follows `main`, and a clone of it."""

    platform: Platform
    laptop: Laptop
    repo: str
    stack: str
    work: Path

    async def commit(self, path: str, content: str = "") -> str:
        return await self.laptop.commit(self.work, path, content)

    async def git(self, *arguments: str) -> str:
        return await self.laptop.git(*arguments, at=self.work)

    async def push(self, *refs: str) -> None:
        await self.git("push", "-q", "origin", *refs)

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs of the stack, tracked ones first."""
        found = self.platform.client.ask(
            "query ($id: ID!) { stack(id: $id) {"
            f" runs {{ {RUN} }} proposedRuns {{ {RUN} }} }} }}",
            id=self.stack,
        )["stack"]
        return [*found["runs"], *found["proposedRuns"]]

    def run_of(self, sha: str, kind: str) -> dict[str, Any]:
        """Wait for the run of that commit; return it."""

        def look() -> dict[str, Any] | None:
            named = [
                run
                for run in self.runs()
                if (run["commit"]["hash"], run["type"]) == (sha, kind)
            ]
            return named[0] if named else None

        return eventually(look, f"a {kind} run of {sha}", 30)

    def finish(self, run: dict[str, Any], state: str = "FINISHED") -> dict[str, Any]:
        return self.platform.client.wait_for(self.stack, run["id"], state)

    def until_pushes_are_heard(self) -> None:
        """Wait until nothing that a push caused is still on its way."""
        eventually(
            lambda: (
                self.platform.query(
                    "SELECT count(*) FROM message_queue_messages"
                    " WHERE body->>'reaction' = 'trigger_pushed'"
                )
                == [(0,)]
            ),
            "the reactions to the pushes",
            30,
        )


def address(platform: Platform, repo: str, secret: str | None = None) -> str:
    key, own = platform.key
    return f"http://{key}:{secret or own}@127.0.0.1:{platform.http_port}/git/{repo}.git"


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path)


@pytest.fixture
async def garden(platform: Platform, laptop: Laptop) -> Garden:
    client, name = platform.client, f"garden-{next(numbers)}"
    repo = client.create_repo(name)
    client.commit(repo, {"main.tf": "locals {}\n"})
    stack = client.create_stack(name, repo, platform.pool, beforePlan=[SLOW])
    work = await laptop.clone(address(platform, repo), name)
    return Garden(platform, laptop, repo, stack, work)


@pytest.fixture
def occupied(platform: Platform) -> Iterator[None]:
    """While the test goes on, the only worker does something else."""
    client, name = platform.client, f"busy-{next(numbers)}"
    repo = client.create_repo(name)
    client.commit(repo, {"main.tf": "locals {}\n"})
    hook = ["sleep 120"]
    stack = client.create_stack(name, repo, platform.pool, beforePlan=hook)
    run = client.trigger(stack)
    client.wait_for(stack, run, "PLANNING")
    yield
    if client.run(stack, run)["state"] not in FINAL:
        client.act("runStop", stack, run)
    client.wait_for(stack, run, "STOPPED")


async def test_a_clone_has_what_was_committed_over_the_api(garden: Garden) -> None:
    assert (garden.work / "main.tf").read_text() == "locals {}\n"


async def test_a_wrong_secret_neither_clones_nor_pushes(
    platform: Platform, laptop: Laptop, garden: Garden
) -> None:
    wrong = address(platform, garden.repo, "wrong")
    with pytest.raises(GitCommandError, match="Authentication failed"):
        await laptop.clone(wrong, "copy")
    sha = await garden.commit("new.tf")
    with pytest.raises(GitCommandError, match="Authentication failed"):
        await garden.git("push", wrong, "main")

    assert sha not in await laptop.git("ls-remote", address(platform, garden.repo))
    assert garden.runs() == []


async def test_a_push_to_the_tracked_branch_runs_exactly_that_commit(
    platform: Platform, garden: Garden
) -> None:
    await garden.commit("first.tf", 'output "made" { value = "too old" }\n')
    sha = await garden.commit("first.tf", 'output "made" { value = "pushed" }\n')
    await garden.push("main")

    run = garden.run_of(sha, "TRACKED")
    garden.finish(run, "UNCONFIRMED")
    platform.client.act("runConfirm", garden.stack, run["id"])
    garden.finish(run)

    assert platform.client.outputs(garden.stack) == {"made": '"pushed"'}
    [only] = garden.runs()
    assert only["id"] == run["id"]
    assert (only["branch"], only["triggeredBy"]) == ("main", "tests")
    assert only["commit"]["message"].strip() == "Write first.tf"
    tracked = platform.client.ask(
        "query ($id: ID!) { stack(id: $id) { trackedCommit { hash } } }",
        id=garden.stack,
    )
    assert tracked["stack"]["trackedCommit"]["hash"] == sha


async def test_a_push_to_another_branch_proposes_and_changes_nothing(
    platform: Platform, garden: Garden
) -> None:
    sha = await garden.commit("new.tf", 'output "made" { value = "proposed" }\n')
    await garden.push("HEAD:refs/heads/feature/x")

    run = garden.run_of(sha, "PROPOSED")
    garden.finish(run)

    assert [one["id"] for one in garden.runs()] == [run["id"]]
    assert run["branch"] == "feature/x"
    assert platform.client.outputs(garden.stack) == {}
    await garden.push("HEAD:refs/heads/main")
    tracked = garden.run_of(sha, "TRACKED")
    garden.finish(tracked, "UNCONFIRMED")
    platform.client.act("runDiscard", garden.stack, tracked["id"])


async def test_a_newer_commit_stops_the_older_proposal_that_a_worker_has(
    garden: Garden,
) -> None:
    old = await garden.commit("slow")
    await garden.push("HEAD:refs/heads/feature")
    older = garden.run_of(old, "PROPOSED")
    garden.finish(older, "PLANNING")
    await garden.git("rm", "-q", "slow")
    new = await garden.commit("new.tf", "locals {}\n")
    await garden.push("HEAD:refs/heads/feature")

    newer = garden.run_of(new, "PROPOSED")
    stopped = garden.finish(older, "STOPPED")
    garden.finish(newer)

    assert "A newer commit was pushed." in [step["note"] for step in stopped["history"]]
    assert {run["commit"]["hash"] for run in garden.runs()} == {old, new}


@pytest.mark.usefixtures("occupied")
async def test_a_newer_commit_cancels_the_older_proposal_that_waits(
    garden: Garden,
) -> None:
    old = await garden.commit("one.tf")
    await garden.push("HEAD:refs/heads/feature", "HEAD:refs/heads/main")
    older, tracked = garden.run_of(old, "PROPOSED"), garden.run_of(old, "TRACKED")
    new = await garden.commit("two.tf")
    await garden.push("HEAD:refs/heads/feature")

    newer = garden.run_of(new, "PROPOSED")
    garden.finish(older, "CANCELED")

    states = {run["id"]: run["state"] for run in garden.runs()}
    assert states[newer["id"]] in {"QUEUED", "READY"}
    assert states[tracked["id"]] in {"QUEUED", "READY"}
    for run in (newer, tracked):
        garden.platform.client.act("runCancel", garden.stack, run["id"])


async def test_proposals_of_other_branches_are_left_alone(garden: Garden) -> None:
    old = await garden.commit("slow")
    await garden.push("HEAD:refs/heads/feature")
    older = garden.run_of(old, "PROPOSED")
    garden.finish(older, "PLANNING")
    new = await garden.commit("new.tf")
    await garden.push("HEAD:refs/heads/other")

    newer = garden.run_of(new, "PROPOSED")

    assert garden.run_of(old, "PROPOSED")["state"] == "PLANNING"
    for run in (newer, older):
        verb = "runStop" if run is older else "runCancel"
        garden.platform.client.act(verb, garden.stack, run["id"])
    garden.finish(older, "STOPPED")
    garden.finish(newer, "CANCELED")


async def test_the_same_commit_pushed_again_makes_no_second_run(
    garden: Garden,
) -> None:
    sha = await garden.commit("new.tf", "locals {}\n")
    for branch in ("feature", "other", "main"):
        await garden.push(f"HEAD:refs/heads/{branch}")
    garden.finish(garden.run_of(sha, "PROPOSED"))
    garden.finish(garden.run_of(sha, "TRACKED"))
    await garden.push(":refs/heads/feature")
    await garden.push("HEAD:refs/heads/feature")
    await garden.push("--force", "HEAD~1:refs/heads/main")
    await garden.push("HEAD:refs/heads/main")
    garden.until_pushes_are_heard()

    kinds = [run["type"] for run in garden.runs() if run["commit"]["hash"] == sha]

    assert kinds == ["TRACKED", "PROPOSED"]


async def test_a_tag_and_a_deleted_branch_make_no_run(garden: Garden) -> None:
    await garden.git("tag", "v1")
    await garden.push("v1")
    sha = await garden.commit("new.tf", "locals {}\n")
    await garden.push("HEAD:refs/heads/feature")
    garden.finish(garden.run_of(sha, "PROPOSED"))
    await garden.push(":refs/heads/feature")
    garden.until_pushes_are_heard()

    assert [run["commit"]["hash"] for run in garden.runs()] == [sha]
