"""What clients send about runs, with the worker's side played here.

`tests/operations` holds the clients' texts. They are never edited.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.support.blobs import MemoryBlobs
from tests.support.client import stack_input
from tests.support.scene import Scene
from tests.support.stacks import a_spec

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.errors import UnavailableError
from stackyard.kernel.ids import StackId
from stackyard.runs import RunState, RunType
from stackyard.stacks import Stack, TrackedCommit
from stackyard.state_files import uploaded_key
from stackyard.unit import Unit
from stackyard_protocol.job import LegKind
from stackyard_protocol.report import (
    Archived,
    Change,
    Entered,
    Output,
    Planned,
)

# Reviews


async def test_a_review_is_kept_with_its_run(scene: Scene) -> None:
    given = await scene.data(
        "spacectl/StackRunReviewAddRunReview",
        stack=scene.stack,
        run=scene.unconfirmed,
        decision="REJECT",
        note="not on a Friday",
    )
    found = await scene.ask(
        "query ($stack: ID!, $run: ID!) { stack(id: $stack) { run(id: $run) { reviews"
        " { id decision note username state createdAt } } } }",
        stack=scene.stack,
        run=scene.unconfirmed,
    )

    newest, oldest = found["data"]["stack"]["run"]["reviews"]
    assert newest["id"] == given["id"]
    assert (newest["decision"], newest["note"]) == ("REJECT", "not on a Friday")
    assert (newest["state"], newest["username"]) == ("UNCONFIRMED", "root")
    assert newest["createdAt"] > 0
    assert oldest["decision"] == "APPROVE"


async def test_a_review_without_a_run_is_of_what_blocks_the_stack(scene: Scene) -> None:
    document, words = "spacectl/StackRunReviewAddRunReview", {"note": ""}
    given = await scene.data(
        document, stack=scene.stack, run=None, decision="APPROVE", **words
    )
    async with scene.unit() as unit:
        found = await unit.reviews.of_runs([scene.unconfirmed], by=SYSTEM)
    assert given["id"] in {one.id for one in found}

    await scene.discard("unconfirmed")
    said = await scene.error(
        document, stack=scene.stack, run=None, decision="APPROVE", **words
    )
    assert said == "No run of the stack waits for a review: name the run."


async def test_what_is_past_a_review_is_not_reviewed(scene: Scene) -> None:
    said = await scene.error(
        "spacectl/StackRunReviewAddRunReview",
        stack=scene.stack,
        run=scene.names["net_run"],
        decision="APPROVE",
        note="",
    )
    assert said == "run is PREPARING: it cannot be reviewed"


# Promotion


async def test_what_was_proposed_is_deployed_as_it_was(scene: Scene) -> None:
    promoted = await scene.data(
        "spacectl/StackRunPromoteRunPromote",
        stack=scene.stack,
        run=scene.names["net_run"],
    )

    proposed = await scene.run(scene.names["net_run"])
    run = await scene.run(promoted["id"])
    assert (run.type, run.state) == (RunType.TRACKED, RunState.QUEUED)
    assert (run.commit, run.branch) == (proposed.commit, proposed.branch)
    assert run.triggered_by == "root"


async def test_a_stack_may_forbid_promotions(scene: Scene) -> None:
    await scene.change_stack(github_action_deploy=False)

    said = await scene.error(
        "spacectl/StackRunPromoteRunPromote",
        stack=scene.stack,
        run=scene.names["net_run"],
    )

    assert said.startswith("Runs of this stack must not be promoted")


async def test_what_is_older_than_the_stack_is_not_promoted(scene: Scene) -> None:
    async with scene.unit() as unit:
        at = {"message": "m", "author_name": "Ada"}
        old = TrackedCommit("a" * 40, timestamp=100, **at).as_dict()
        newer = TrackedCommit("b" * 40, timestamp=101, **at)
        run = await unit.triggers.trigger(
            scene.stack, kind=RunType.PROPOSED, commit=old, by=SYSTEM
        )
        await unit.stacks.set_tracked_commit(scene.stack, newer, by=SYSTEM)

    said = await scene.error(
        "spacectl/StackRunPromoteRunPromote", stack=scene.stack, run=run.id
    )

    assert said == "The run's commit is older than the stack's: propose a newer one."


async def test_only_a_proposal_is_promoted(scene: Scene) -> None:
    said = await scene.error(
        "spacectl/StackRunPromoteRunPromote",
        stack=scene.stack,
        run=scene.unconfirmed,
    )
    assert said == "Only a proposed run of a known commit can be promoted."


# Targeted plans


async def replan(scene: Scene, *targets: str) -> Any:
    return await scene.data(
        "spacectl/StackRunReplanRunReplan",
        stack=scene.stack,
        run=scene.unconfirmed,
        targets=list(targets),
    )


async def test_a_part_is_planned_anew_by_any_worker_and_waits_again(
    scene: Scene,
) -> None:
    assert await replan(scene, "x.one") == {"id": scene.unconfirmed}
    await scene.discard("queued")

    claim = await scene.claim()
    assert (claim.run.id, claim.leg.kind) == (scene.unconfirmed, LegKind.REPLAN)
    job = await scene.job(claim)
    assert job.targets == ["x.one"]
    assert job.workspace is not None, "it goes on from what was saved"
    plan = Planned(2, 0, 0, 2, False, [Change("x.one", "x", ["create"])])
    await scene.report(
        claim.leg, Entered(RunState.PLANNING), plan, Archived("1" * 64, 1)
    )

    history = await scene.data(
        "spacectl/LogsExplorerGetHistory", stack=scene.stack, run=scene.unconfirmed
    )
    states = [step["state"] for step in history["run"]["history"]]
    assert states[:4] == [
        "UNCONFIRMED",
        "PLANNING",
        "PREPARING_REPLAN",
        "REPLAN_REQUESTED",
    ]
    assert states.count("PLANNING") == 2
    await scene.data(
        "spacectl/StackMcpRegisterConfirmStackRunTool",
        stack=scene.stack,
        run=scene.unconfirmed,
    )
    applying = await scene.claim()
    job = await scene.job(applying)
    assert (job.kind, job.targets) == (LegKind.APPLY, [])
    assert job.workspace is not None
    assert job.workspace.sha256 == "1" * 64, "exactly the newest plan"


@pytest.mark.parametrize(
    ("targets", "text"),
    [
        (
            ["x.one", "x.two"],
            'the plan of the run changes nothing at "x.two": name what it does',
        ),
        (
            [],
            (
                "A targeted plan needs a target: name an address that the present plan"
                " changes."
            ),
        ),
    ],
)
async def test_targets_are_of_the_present_plan(
    scene: Scene, targets: list[str], text: str
) -> None:
    said = await scene.error(
        "spacectl/StackRunReplanRunReplan",
        stack=scene.stack,
        run=scene.unconfirmed,
        targets=targets,
    )
    assert said == text


async def test_only_what_waits_for_a_person_is_planned_anew(scene: Scene) -> None:
    said = await scene.error(
        "spacectl/StackRunReplanRunReplan",
        stack=scene.stack,
        run=scene.names["queued"],
        targets=["x.one"],
    )
    assert said.endswith("it cannot be planned anew")


async def test_a_targeted_plan_that_nobody_takes_can_be_discarded(scene: Scene) -> None:
    await replan(scene, "x.one")

    answer = await scene.data(
        "terraform-provider/StackDestructorDiscardRuns", id=scene.stack
    )

    assert scene.unconfirmed in {one["id"] for one in answer["discardedRuns"]}


async def test_a_claim_that_is_undone_waits_as_it_did(scene: Scene) -> None:
    await replan(scene, "x.one")
    await scene.discard("queued")
    claim = await scene.claim()

    async with scene.unit() as unit:
        await unit.dispatch.undo_unaccepted(claim.leg.id, by=SYSTEM)

    assert (await scene.run(scene.unconfirmed)).state is RunState.REPLAN_REQUESTED


async def test_what_is_over_is_not_moved_up_in_the_queue(scene: Scene) -> None:
    document = "spacectl/StackRunPrioritizeSetRunPriority"
    given = {"stackId": scene.stack, "runId": scene.names["queued"]}
    moved = await scene.data(document, **given, prioritize=True)
    assert moved == {"id": scene.names["queued"]}

    await scene.discard("queued")

    said = await scene.error(document, **given, prioritize=True)
    assert said == "run is DISCARDED: it cannot be moved up"


# The provider's documents about runs


async def test_the_provider_starts_runs_and_waits_for_what_becomes_of_them(
    scene: Scene,
) -> None:
    run = await scene.data(
        "terraform-provider/RunTrigger",
        stack=scene.stack,
        sha=scene.names["commit"].upper(),
        runType="PROPOSED",
        runtimeConfig=None,
    )
    assert (await scene.run(run["id"])).commit == {"hash": scene.names["commit"]}
    task = await scene.data(
        "terraform-provider/TaskCreate",
        stack=scene.stack,
        command="ls -lah",
        skipInitialization=False,
    )
    for one in (run, task):
        read = await scene.data(
            "terraform-provider/StackRunRead", stackId=scene.stack, runId=one["id"]
        )
        assert read["runResourceState"] == {
            "id": one["id"],
            "state": "QUEUED",
            "finished": False,
        }
    blocked = await scene.data("terraform-provider/StackCheckBlocker", id=scene.stack)
    assert blocked["blocker"] == {"id": scene.unconfirmed}

    discarded = await scene.data(
        "terraform-provider/StackDestructorDiscardRuns", id=scene.stack
    )
    assert {run["id"], task["id"], scene.unconfirmed} <= {
        one["id"] for one in discarded["discardedRuns"]
    }
    read = await scene.data(
        "terraform-provider/StackRunRead", stackId=scene.stack, runId=task["id"]
    )
    ended = {"id": task["id"], "state": "DISCARDED", "finished": True}
    assert read["runResourceState"] == ended
    free = await scene.data("terraform-provider/StackCheckBlocker", id=scene.stack)
    assert free["blocker"] is None
    gone = await scene.data("terraform-provider/StackDestructorDelete", id=scene.stack)
    assert gone["deleting"] is True


async def test_a_run_is_tracked_if_nothing_is_said_and_keeps_what_its_client_says(
    scene: Scene,
) -> None:
    """The client's words come in a header; they are for policies, and never read."""
    made = await saying(
        scene,
        "ticket 7",
        "mutation ($stack: ID!) { runTrigger(stack: $stack) { id type } }",
    )
    assert made["type"] == "TRACKED"
    assert (await scene.run(made["id"])).user_metadata == ["ticket 7"]

    task = await saying(
        scene,
        "ticket 8",
        'mutation ($stack: ID!) { taskCreate(stack: $stack, command: "true") { id } }',
    )
    assert (await scene.run(task["id"])).user_metadata == ["ticket 8"]
    confirm = "mutation ($stack: ID!, $run: ID!) { runConfirm(stack: $stack, run: $run)"
    await saying(scene, "ticket 9", f"{confirm} {{ id }} }}", run=scene.unconfirmed)
    assert (await scene.run(scene.unconfirmed)).user_metadata[-1] == "ticket 9"


async def saying(scene: Scene, words: str, text: str, **variables: str) -> Any:
    answer = await scene.asking.client.post(
        "/graphql",
        json={"query": text, "variables": {"stack": scene.stack} | variables},
        headers=scene.asking.world.headers["root"]
        | {"Spacelift-User-Provided-Run-Metadata": words},
    )
    (value,) = answer.json()["data"].values()
    return value


@pytest.mark.parametrize("token", ["x", "-1", "1.5", "9" * 5000])
async def test_a_token_that_is_none_of_a_log_is_refused(
    scene: Scene, token: str
) -> None:
    document = """query ($stack: ID!, $run: ID!, $token: String) { stack(id: $stack) {
      run(id: $run) { logs(state: PREPARING, token: $token) { nextToken } } } }"""
    named = {"stack": scene.stack, "run": scene.names["net_run"]}

    said = await scene.ask(document, **named, token=token)

    assert said["errors"][0]["extensions"]["code"] == "INVALID"
    for first in (None, ""):
        found = await scene.ask(document, **named, token=first)
        assert "errors" not in found


@dataclass
class FullBlobs(MemoryBlobs):
    """A store that takes no state any more."""

    async def put(self, bucket: Bucket, key: str, body: bytes) -> None:
        raise UnavailableError(bucket=bucket, key=key, size=len(body))


async def test_a_stack_whose_state_cannot_be_kept_is_not_made(scene: Scene) -> None:
    """Nobody would know whose it is, and its name would be taken."""
    files = scene.asking.world.whole.platform.state_files
    state, key = b'{"version": 4, "serial": 7, "lineage": "x"}', uploaded_key("theirs")
    uploads = {(Bucket.UPLOADS, key): files.vault.seal(state, context=key)}

    async def make(unit: Unit) -> Stack:
        return await unit.stacks.create(a_spec(name="Brought"), by=SYSTEM)

    full = replace(files, blobs=FullBlobs(dict(uploads)))
    with pytest.raises(UnavailableError):
        await full.bring_to_new(make, "theirs", by=SYSTEM)
    async with scene.unit() as unit:
        assert await unit.stacks.find(StackId("brought"), by=SYSTEM) is None


async def test_a_stack_is_made_with_the_state_that_was_uploaded_for_it(
    scene: Scene,
) -> None:
    state = b'{"version": 4, "serial": 7, "lineage": "x", "resources": []}'
    upload = await scene.data("terraform-provider/StateUploadUrl")
    json_type = {"content-type": "application/json"}
    put = await scene.asking.client.put(upload["url"], content=state, headers=json_type)
    assert put.is_success

    repo, pool = scene.names["repo"], scene.names["pool"]
    brought = {
        "input": stack_input("Brought", repo, pool, space=scene.names["home"]),
        "slug": "custom-slug-1",
        "stackObjectID": upload["objectId"],
    }
    create = "terraform-provider/StackCreate"
    refused = await scene.error(create, **brought, manageState=False)
    assert "stack that keeps it here" in refused
    made = await scene.data(create, **brought, manageState=True)
    assert (made["id"], made["managesStateFile"]) == ("custom-slug-1", True)
    async with scene.unit() as unit:
        newest = await unit.states.newest(StackId("custom-slug-1"), by=SYSTEM)
    assert newest.serial == 7


async def test_outputs_are_read_by_their_names_and_none_by_its_value(
    scene: Scene,
) -> None:
    """The client wants to know which there are; what is in them is for runs."""
    outputs = [
        Output("vpc", sensitive=False, value='"v"'),
        Output("key", sensitive=True, value=None),
    ]
    async with scene.unit() as unit:
        await unit.states.replace(
            scene.stack, outputs=outputs, resources=None, by=SYSTEM
        )

    found = await scene.data("terraform-provider/StackOutputsRead", id=scene.stack)

    assert found["outputs"] == [
        {"id": "key", "description": None, "sensitive": True},
        {"id": "vpc", "description": None, "sensitive": False},
    ]
