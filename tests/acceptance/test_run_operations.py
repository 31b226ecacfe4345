"""What spacectl and the provider send about runs, with the worker's side played here.

`tests/operations` holds the clients' texts. They are never edited.
"""

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from tests.support.asking import Asking
from tests.support.clones import everybody_in_a_clone

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import PoolId, RunId, SpaceId, StackId, WorkerId, new_ulid
from stackyard.local_workspaces import uploaded_key
from stackyard.reactions.dispatch import make_job
from stackyard.runs import Claim, Leg, Run, RunState, RunType
from stackyard.stacks import Provider, StackSpec, TrackedCommit
from stackyard.unit import Unit
from stackyard_protocol.job import Archive, Job, LegKind
from stackyard_protocol.mqtt import Register
from stackyard_protocol.report import (
    Accepted,
    Archived,
    Body,
    Change,
    Entered,
    Output,
    Planned,
    Report,
    Resource,
)

OPERATIONS: Final = Path(__file__).parents[1] / "operations"
CANARY: Final = "canary-5ecre7"
NO_WORKSPACE: Final = "Nothing was uploaded under that id"


@pytest.fixture(scope="module")
async def made(
    postgres_port: int, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Asking]:
    folder = tmp_path_factory.mktemp("runs")
    async with everybody_in_a_clone(postgres_port, template, folder) as asking:
        yield asking


@dataclass
class Scene:
    """The world of `everybody`, asked in root's name with clients' own documents."""

    asking: Asking
    said: int = 0

    @property
    def names(self) -> dict[str, str]:
        return self.asking.world.names

    @property
    def stack(self) -> StackId:
        return StackId(self.names["net"])

    @property
    def unconfirmed(self) -> RunId:
        return RunId(self.names["unconfirmed"])

    def unit(self) -> Any:
        return self.asking.world.whole.platform.unit()

    async def answer(
        self, document: str, who: str = "root", **variables: Any
    ) -> dict[str, Any]:
        text = (OPERATIONS / f"{document}.graphql").read_text()
        return await self.ask(text, who, **variables)

    async def ask(
        self, text: str, who: str = "root", **variables: Any
    ) -> dict[str, Any]:
        answer = await self.asking.client.post(
            "/graphql",
            json={"query": text, "variables": variables},
            headers=self.asking.world.headers[who],
        )
        assert answer.status_code == 200
        return dict(answer.json())

    async def data(self, document: str, **variables: Any) -> Any:
        said = await self.answer(document, **variables)
        assert "errors" not in said, said
        (value,) = said["data"].values()
        return value

    async def error(self, document: str, who: str = "root", **variables: Any) -> str:
        said = await self.answer(document, who, **variables)
        return str(said["errors"][0]["message"])

    async def run(self, run_id: str) -> Run:
        async with self.unit() as unit:
            return await unit.runs.get(RunId(run_id), by=SYSTEM)

    async def change_stack(self, **given: Any) -> None:
        spec = StackSpec(
            name="net",
            repository=self.names["repo"],
            branch="main",
            provider=Provider.SPACELIFT,
            space_id=SpaceId(self.names["home"]),
            worker_pool_id=PoolId(self.names["pool"]),
            local_preview_enabled=True,
        )
        async with self.unit() as unit:
            await unit.stacks.update(self.stack, replace(spec, **given), by=SYSTEM)

    async def claim(self) -> Claim:
        """Let a new worker of the pool take what waits longest."""
        async with self.unit() as unit:
            pool = PoolId(self.names["pool"])
            payload = msgspec.json.encode(Register(version="1"))
            await unit.workers.heard(pool, WorkerId(new_ulid()), payload, by=SYSTEM)
            await unit.dispatch.gate(self.stack, by=SYSTEM)
            claim = await unit.dispatch.claim(pool, by=SYSTEM)
        assert claim is not None
        return claim

    async def report(self, leg: Leg, *bodies: Body) -> None:
        async with self.unit() as unit:
            for body in (Accepted(), *bodies):
                report = Report(self.said, body)
                await unit.legs.report(leg.id, report, by=SYSTEM)
                self.said += 1

    async def discard(self, *names: str) -> None:
        """Take what waits out of the way."""
        async with self.unit() as unit:
            for name in names:
                run = RunId(self.names[name])
                await unit.runs.discard(self.stack, run, by=SYSTEM)

    async def job(self, claim: Claim) -> Job:
        job, _key = await make_job(self.asking.world.whole.platform.tools, claim)
        return job


@pytest.fixture
async def scene(made: Asking) -> AsyncIterator[Scene]:
    async with made.world.whole.database.rewound():
        yield Scene(made)


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


# Local previews


async def upload(scene: Scene, body: bytes, document: str = "") -> str:
    """Do what the client does with the answer, as far as a memory is a store."""
    name = document or "spacectl/ModuleLocalPreviewLocalPreviewFunc"
    answer = await scene.data(name, stack=scene.stack)
    assert answer["uploadUrl"].endswith("method=PUT&seconds=3600")
    key = uploaded_key(scene.stack, answer["id"])
    assert key in answer["uploadUrl"]
    blobs = scene.asking.world.whole.blobs
    await blobs.put(Bucket.USER_UPLOADED_WORKSPACES, key, body)
    return str(answer["id"])


async def propose(scene: Scene, workspace: str, **overrides: str) -> Any:
    return await scene.answer(
        "spacectl/StackLocalPreviewCreateLocalPreviewRun",
        stack=scene.stack,
        workspace=workspace,
        environmentVarsOverrides=[
            {"key": key, "value": value} for key, value in overrides.items()
        ],
    )


async def test_an_uploaded_workspace_is_what_a_proposed_run_is_of(scene: Scene) -> None:
    workspace = await upload(scene, gzip.compress(b"code"))
    answer = await propose(scene, workspace, TOKEN=CANARY, region="south")
    run_id = answer["data"]["runProposeLocalWorkspace"]["id"]
    await scene.discard("queued")

    claim = await scene.claim()
    assert claim.run.id == run_id
    assert claim.run.type is RunType.PROPOSED
    job = await scene.job(claim)
    assert isinstance(job.source, Archive)
    assert uploaded_key(scene.stack, claim.run.local_workspace or "") in job.source.url
    assert job.source.in_folder
    variables = {one.name: one.value for one in job.environment}
    assert (variables["TOKEN"], variables["region"]) == (CANARY, "south")

    kept = await scene.ask(
        "{ searchAuditTrailEntries(input: { first: 5 }) { edges { node { action body }"
        " } } }"
    )
    assert "run.propose" in json.dumps(kept)
    assert CANARY not in json.dumps(kept)
    assert CANARY.encode() not in bytes(claim.run.overrides or b"")


async def test_the_older_document_is_answered_as_well(scene: Scene) -> None:
    document = "spacectl/ModuleLocalPreviewLocalPreviewFunc__2"
    assert await upload(scene, gzip.compress(b""), document)


async def test_a_stack_without_local_previews_takes_none(scene: Scene) -> None:
    workspace = await upload(scene, gzip.compress(b""))
    await scene.change_stack(local_preview_enabled=False)

    text = "Local previews are off here: turn them on in the settings."
    document = "spacectl/ModuleLocalPreviewLocalPreviewFunc"
    assert await scene.error(document, stack=scene.stack) == text
    answer = await propose(scene, workspace)
    assert answer["errors"][0]["message"] == text


@pytest.mark.parametrize("body", [None, b"PK\3\4 not gzip"])
async def test_what_was_not_uploaded_properly_is_refused_at_once(
    scene: Scene, body: bytes | None
) -> None:
    if body is None:
        answer = await propose(scene, new_ulid())
        assert NO_WORKSPACE in answer["errors"][0]["message"]
    else:
        answer = await propose(scene, await upload(scene, body))
        assert "not a gzipped tar" in answer["errors"][0]["message"]


@pytest.mark.parametrize("name", ["../net/x", "", "x" * 26, "01J" + "A" * 22 + "/"])
async def test_no_other_object_is_reached_by_a_name(scene: Scene, name: str) -> None:
    answer = await propose(scene, name)
    assert NO_WORKSPACE in answer["errors"][0]["message"]


async def test_another_stack_s_upload_is_none_of_this(scene: Scene) -> None:
    await scene.change_stack()
    blobs = scene.asking.world.whole.blobs
    workspace = new_ulid()
    key = uploaded_key(StackId(scene.names["gov"]), workspace)
    await blobs.put(Bucket.USER_UPLOADED_WORKSPACES, key, gzip.compress(b""))

    answer = await propose(scene, workspace)

    assert NO_WORKSPACE in answer["errors"][0]["message"]


async def test_what_no_shell_can_hold_is_no_variable_of_a_preview(scene: Scene) -> None:
    workspace = await upload(scene, gzip.compress(b""))
    answer = await propose(scene, workspace, **{"A=B": CANARY, "OK": "one\ntwo"})

    said = answer["errors"][0]["message"]
    assert "A=B: the name of a variable" in said
    assert "OK: the value of a variable" in said
    assert CANARY not in said


async def test_a_preview_of_no_commit_can_be_planned_but_not_promoted(
    scene: Scene,
) -> None:
    workspace = await upload(scene, gzip.compress(b""))
    async with scene.unit() as unit:
        stack = await unit.stacks.get(scene.stack, by=SYSTEM)
        stack.tracked_commit = None
    answer = await propose(scene, workspace)
    run = answer["data"]["runProposeLocalWorkspace"]["id"]
    await scene.discard("queued")

    assert (await scene.claim()).run.id == run
    said = await scene.error(
        "spacectl/StackRunPromoteRunPromote", stack=scene.stack, run=run
    )
    assert said == "Only a proposed run of a known commit can be promoted."


async def test_a_preview_is_not_a_proposal_of_its_commit(scene: Scene) -> None:
    """Else a pull request of that commit would get no run of its own."""
    await scene.discard("queued")
    answer = await propose(scene, await upload(scene, gzip.compress(b"")))
    run = await scene.run(answer["data"]["runProposeLocalWorkspace"]["id"])
    commit = {"hash": "c" * 40, "message": "", "author_name": "", "timestamp": 0}
    async with scene.unit() as unit:
        found = await unit.runs.get(run.id, by=SYSTEM)
        found.commit = commit
        await unit.session.flush()
        pushed = await _push(unit, scene.stack, commit)

    assert pushed is not None
    assert (await scene.run(run.id)).state is RunState.QUEUED, "nor is it superseded"


async def _push(unit: Unit, stack: StackId, commit: dict[str, Any]) -> Run | None:
    return await unit.triggers.push(
        stack,
        RunType.PROPOSED,
        branch="main",
        commit=commit,
        pushed_by="Ada",
        by=SYSTEM,
    )


# What a stack manages


async def test_spacectl_lists_what_stacks_manage_and_which_runs_made_it(
    scene: Scene,
) -> None:
    module = 'module.net["a"]'
    inner = Resource(
        f"{module}.x.two",
        "x",
        "two",
        "p",
        module,
        tainted=True,
        attributes='{"id":"59832d41"}',
    )
    outputs = [
        Output("open", sensitive=False, value='"v"', digest="d1"),
        Output("closed", sensitive=True, value=CANARY, digest="d2"),
    ]
    async with scene.unit() as unit:
        await unit.states.replace(
            scene.stack,
            outputs=outputs,
            resources=[Resource("x.one", "x", "one", "p"), inner],
            run_id=scene.unconfirmed,
            by=SYSTEM,
        )

    stack = await scene.data(
        "spacectl/StackMcpListResourcesForOneStack", id=scene.stack
    )
    found = {one["id"]: one for one in stack["entities"]}

    assert list(found) == [
        module,
        f"{module}.x.two",
        "x.one",
        "output.closed",
        "output.open",
    ]
    two = found[f"{module}.x.two"]
    assert two["parent"] == module
    assert two["creator"] == two["updater"] == {"id": scene.unconfirmed}
    assert (two["drifted"], two["thirdPartyMetadata"]) == (None, None)
    assert two["vendor"]["terraform"] == {
        "address": f"{module}.x.two",
        "mode": "managed",
        "module": module,
        "provider": "p",
        "tainted": True,
        "values": '{"id":"59832d41"}',
    }
    assert found["x.one"]["creator"] is None, "it was there before anybody looked"
    assert found["x.one"]["updater"] is None, "and nobody has changed it since"
    assert found[module]["vendor"]["terraform"] == {"phantom": False}
    values = {
        name: found[f"output.{name}"]["vendor"]["terraform"]
        for name in ("open", "closed")
    }
    assert values == {
        "open": {"sensitive": False, "value": '"v"', "hash": "d1"},
        "closed": {"sensitive": True, "value": None, "hash": "d2"},
    }
    everything = await scene.data("spacectl/StackMcpListResourcesForAllStacks")
    [same] = [one for one in everything if one["id"] == scene.stack]
    assert same["entities"] == stack["entities"]
