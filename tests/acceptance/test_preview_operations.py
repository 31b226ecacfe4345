"""What spacectl sends to preview what is on somebody's own machine.

`tests/operations` holds the clients' texts. They are never edited.
"""

import gzip
import hashlib
import json
from typing import Any, Final

import pytest
from tests.support.scene import Scene

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import StackId, WorkspaceId, new_ulid
from stackyard.local_workspaces import uploaded_key
from stackyard.runs import Run, RunState, RunType, WorkspaceMissingError
from stackyard.unit import Unit
from stackyard_protocol.job import Archive
from stackyard_protocol.report import Ended

CANARY: Final = "canary-5ecre7"
NO_WORKSPACE: Final = "Nothing was uploaded under that id"


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
    code = gzip.compress(b"code")
    workspace = await upload(scene, code)
    answer = await propose(scene, workspace, TOKEN=CANARY, region="south")
    run_id = answer["data"]["runProposeLocalWorkspace"]["id"]
    await scene.discard("queued")
    await scene.asking.world.whole.blobs.put(  # the link is good for an hour
        Bucket.USER_UPLOADED_WORKSPACES,
        uploaded_key(scene.stack, WorkspaceId(workspace)),
        gzip.compress(b"other code"),
    )

    claim = await scene.claim()
    assert claim.run.id == run_id
    assert claim.run.type is RunType.PROPOSED
    job = await scene.job(claim)
    assert isinstance(job.source, Archive)
    assert uploaded_key(scene.stack, WorkspaceId(workspace)) in job.source.url
    assert job.source.in_folder
    assert job.source.sha256 == hashlib.sha256(code).hexdigest()
    variables = {one.name: one.value for one in job.environment}
    assert (variables["TOKEN"], variables["region"]) == (CANARY, "south")

    kept = await scene.ask(
        "{ searchAuditTrailEntries(input: { first: 5 }) { edges { node { action body }"
        " } } }"
    )
    assert "run.propose" in json.dumps(kept)
    assert CANARY not in json.dumps(kept)
    assert CANARY.encode() not in bytes(claim.run.overrides or b"")


async def test_a_preview_keeps_what_its_client_says(scene: Scene) -> None:
    workspace = await upload(scene, gzip.compress(b"code"))
    answer = await scene.asking.client.post(
        "/graphql",
        json={
            "query": "mutation ($stack: ID!, $workspace: ID!, $none: [EnvironmentVari"
            "able!]!) { runProposeLocalWorkspace(stack: $stack, workspace: $workspace,"
            " environmentVarsOverrides: $none) { id } }",
            "variables": {
                "stack": scene.stack,
                "workspace": workspace,
                "none": None,  # as Go writes a list that nobody filled
            },
        },
        headers=scene.asking.world.headers["root"]
        | {"Spacelift-User-Provided-Run-Metadata": "ticket 7"},
    )

    made = answer.json()["data"]["runProposeLocalWorkspace"]
    assert (await scene.run(made["id"])).user_metadata == ["ticket 7"]


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
    blobs, bucket = scene.asking.world.whole.blobs, Bucket.USER_UPLOADED_WORKSPACES
    key = uploaded_key(scene.stack, WorkspaceId(name))
    await blobs.put(bucket, key, gzip.compress(b""))
    answer = await propose(scene, name)
    assert NO_WORKSPACE in answer["errors"][0]["message"]


async def test_another_stack_s_upload_is_none_of_this(scene: Scene) -> None:
    await scene.change_stack()
    blobs = scene.asking.world.whole.blobs
    workspace = WorkspaceId(new_ulid())
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


async def test_a_preview_that_is_tried_again_is_of_the_same_code(scene: Scene) -> None:
    answer = await propose(scene, await upload(scene, gzip.compress(b"")), TOKEN=CANARY)
    run = answer["data"]["runProposeLocalWorkspace"]["id"]
    await scene.discard("queued")
    first = await scene.claim()
    before = await scene.job(first)
    await scene.report(first.leg, Ended("FAILED"))

    again = await scene.data(
        "spacectl/StackRunRetryRunRetry", stack=scene.stack, run=run
    )

    claim = await scene.claim()
    assert claim.run.id == again["id"]
    job = await scene.job(claim)
    assert job.source == before.source
    assert [one.value for one in job.environment if one.name == "TOKEN"] == [CANARY]


async def test_code_that_is_gone_before_a_worker_is_free_fails_with_a_reason(
    scene: Scene,
) -> None:
    workspace = await upload(scene, gzip.compress(b""))
    await propose(scene, workspace)
    await scene.discard("queued")
    claim = await scene.claim()
    blobs = scene.asking.world.whole.blobs
    key = uploaded_key(scene.stack, WorkspaceId(workspace))
    await blobs.delete(Bucket.USER_UPLOADED_WORKSPACES, key)

    with pytest.raises(WorkspaceMissingError, match="kept for a day"):
        await scene.job(claim)
