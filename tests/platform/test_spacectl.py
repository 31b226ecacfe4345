"""The documents that spacectl sends, as it sends them, against a whole platform.

`tests/operations/spacectl` holds the client's own texts. They are never edited.
"""

import hashlib
import json
import re
from itertools import count
from typing import Final

import httpx
import pytest
from tests.support.client import Client, eventually
from tests.support.legs import tarball
from tests.support.platform import Platform
from tests.support.spacectl import Spacectl, apply, confirm, deploy

CODE: Final = """
variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "pot" { input = var.size }
output "size" { value = terraform_data.pot.output }
output "token" {
  value     = "sensitive-value"
  sensitive = true
}
"""
WRONG: Final = "wrong"
numbers = count(1)


@pytest.fixture
def spacectl(platform: Platform) -> Spacectl:
    return Spacectl(platform.client)


@pytest.fixture
def pot(platform: Platform) -> str:
    """Make a stack whose runs change something; name, id and repository are one."""
    client, name = platform.client, f"pot-{next(numbers)}"
    repo = client.create_repo(name)
    client.commit(repo, {"main.tf": CODE}, "Plant")
    return client.create_stack(name, repo, platform.pool, labels=["garden"])


# Signing in


def test_an_api_key_signs_in_and_sees_itself(platform: Platform) -> None:
    with httpx.Client(timeout=30) as http:
        spacectl = Spacectl(Client(platform.base, http=http))
        assert spacectl.ask("ClientClientDetermineClientError") is None
        key, secret = platform.key

        user = spacectl.ask("SessionApiKeyExchange", id=key, secret=secret)

        assert isinstance(user["validUntil"], int)
        spacectl.client.token = user["jwt"]
        viewer = spacectl.ask("AuthenticatedViewerCurrentViewer")
        assert viewer == {"id": key, "name": "tests"}
        assert spacectl.ask("ClientClientDetermineClientError") == {"id": key}


def test_a_wrong_secret_signs_nobody_in(platform: Platform) -> None:
    with httpx.Client(timeout=30) as http:
        spacectl = Spacectl(Client(platform.base, http=http))
        answer = spacectl.answer(
            "SessionApiKeyExchange", id=platform.key[0], secret=WRONG
        )
        stacks = spacectl.answer("StackOpenCommandSearchStacks", input={"first": 1})

    assert (answer.get("data") or {}).get("apiKeyUser") is None
    assert "unauthorized" in stacks["errors"][0]["message"]


def test_the_version_of_the_installation_is_said_to_anybody(platform: Platform) -> None:
    with httpx.Client(timeout=30) as http:
        found = Spacectl(Client(platform.base, http=http)).ask(
            "MainGetSpaceliftInstanceVersion"
        )
    assert found["selfHostedVersion"]


# Stacks


@pytest.mark.parametrize(
    "document", ["StackOpenCommandSearchStacks", "StackOpenCommandSearchStacks__2"]
)
def test_stack_list_goes_through_all_pages(
    spacectl: Spacectl, platform: Platform, document: str
) -> None:
    client, word = platform.client, f"listed{next(numbers)}"
    repo = client.create_repo(word)
    made = [
        client.create_stack(f"{word}-{number}", repo, platform.pool)
        for number in range(5)
    ]
    found, after = [], None
    while True:
        page = spacectl.ask(
            document,
            input={
                "first": 2,
                "after": after,
                "fullTextSearch": word,
                "predicates": None,
                "orderBy": {"field": "name", "direction": "ASC"},
            },
        )
        found += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert found == made


def test_stack_show_says_everything_of_a_new_stack(
    spacectl: Spacectl, platform: Platform, pot: str
) -> None:
    basic = spacectl.stack("StackShowShowStackBasic", stackId=pot)
    full = spacectl.stack("StackShowShowStackFull", stackId=pot)
    picked = spacectl.stack("StackStackSelectorStackGetByID__2", id=pot)

    assert full["id"] == basic["id"] == picked["id"] == pot
    for shown in (basic, full):
        assert shown["branch"] == "main"
        assert shown["labels"] == ["garden"]
        assert shown["repository"] == pot
        assert shown["workerPool"] == {"id": platform.pool, "name": "tests"}
        assert shown["attachedContexts"] == shown["attachedPolicies"] == []
        assert shown["blocker"] is None
    assert picked["spaceDetails"]["id"] == "legacy"  # where none is named
    name = {"id": pot, "name": pot}
    assert spacectl.ask("StackStackSelectorStackGetByID", id=pot) == name


def test_stack_show_names_the_run_that_blocks(spacectl: Spacectl, pot: str) -> None:
    run = deploy(spacectl, pot)
    spacectl.until(pot, run, "UNCONFIRMED")

    shown = spacectl.stack("StackShowShowStackFull", stackId=pot)

    assert shown["blocker"]["id"] == run
    spacectl.ask("StackMcpRegisterDiscardStackRunTool", stack=pot, run=run)
    assert spacectl.stack("StackShowShowStackFull", stackId=pot)["blocker"] is None


def test_what_does_not_exist_is_null(spacectl: Spacectl, pot: str) -> None:
    assert spacectl.ask("StackShowShowStackBasic", stackId="nothing") is None
    assert spacectl.ask("StackStackSelectorStackGetByID", id="nothing") is None
    assert spacectl.run(pot, "01NOTHING") is None
    answer = spacectl.answer("StackStackSelectorStackGetByRunID", runId="01NOTHING")
    assert [error["message"] for error in answer["errors"]] == ["not found"]


def test_worker_pools_and_their_workers(spacectl: Spacectl, platform: Platform) -> None:
    [listed] = spacectl.ask("WorkerpoolsPoolListPools")
    shown = spacectl.ask(
        "WorkerpoolMcpRegisterGetWorkerPoolTool", workerPoolId=platform.pool
    )
    pool = {"workerPool": platform.pool}
    [worker, *_] = spacectl.ask("WorkerpoolsWorkerListWorkers", **pool)["workers"]

    assert listed["id"] == shown["id"] == platform.pool
    assert (shown["name"], shown["managedByK8sController"]) == ("tests", False)
    assert len(listed["workers"]) == shown["workersCount"]
    assert isinstance(json.loads(worker["metadata"]), dict)
    for drain in (True, False):
        spacectl.ask(
            "WorkerpoolsWorkerDrainWorker", **pool, worker=worker["id"], drain=drain
        )
        seen = spacectl.ask("WorkerpoolsWorkerDrainedWorkerIsIdle", **pool)
        [same] = [one for one in seen["workers"] if one["id"] == worker["id"]]
        assert same["drained"] is drain


def test_lock_and_unlock(spacectl: Spacectl, pot: str) -> None:
    assert spacectl.ask("StackLockLock", stack=pot, note="mine")["id"] == pot
    shown = spacectl.stack("StackStackSelectorStackGetByID__2", id=pot)
    assert shown["lockedBy"] == "tests"

    assert spacectl.ask("StackLockUnlock", stack=pot)["id"] == pot
    shown = spacectl.stack("StackStackSelectorStackGetByID__2", id=pot)
    assert shown["lockedBy"] is None


def test_a_disabled_stack_takes_no_runs_until_it_is_enabled(
    spacectl: Spacectl, pot: str
) -> None:
    disabled = spacectl.ask("StackEnableEnableDisable", stack=pot)
    assert disabled == {"id": pot, "isDisabled": True}

    answer = spacectl.answer("StackRunTriggerRunTrigger", stack=pot, type="TRACKED")

    assert "disabled" in answer["errors"][0]["message"]
    enabled = spacectl.ask("StackEnableEnableDisable__2", stack=pot)
    assert enabled == {"id": pot, "isDisabled": False}
    apply(spacectl, pot)


def test_set_current_commit_makes_the_next_run_one_of_that_commit(
    spacectl: Spacectl, platform: Platform, pot: str
) -> None:
    [first] = [spacectl.ask("StackSyncSyncCommit", stack=pot)["id"]]
    assert first == pot
    shown = spacectl.stack("StackStackSelectorStackGetByID__2", id=pot)
    old = shown["trackedCommit"]["hash"]
    new = platform.client.commit(pot, {"b.tf": "locals {}\n"}, "Grow")
    runs = eventually(
        lambda: spacectl.ask("StackRunListQueryTrackedRuns", stackId=pot)["runs"],
        "the run of the commit",
    )
    assert [run["commit"]["hash"] for run in runs] == [new]
    spacectl.until(pot, runs[0]["id"], "UNCONFIRMED")
    spacectl.ask("StackMcpRegisterDiscardStackRunTool", stack=pot, run=runs[0]["id"])

    back = spacectl.ask("StackSetCurrentCommitSetCurrentCommit", stack=pot, sha=old)

    assert back["trackedCommit"] == {"hash": old, "message": "Plant"}
    run = deploy(spacectl, pot)
    assert spacectl.run(pot, run)["commit"]["hash"] == old
    spacectl.until(pot, run, "UNCONFIRMED")
    spacectl.ask("StackMcpRegisterDiscardStackRunTool", stack=pot, run=run)
    answer = spacectl.answer(
        "StackSetCurrentCommitSetCurrentCommit", stack=pot, sha="0" * 40
    )
    assert answer["errors"]


def test_a_deleted_stack_is_gone_with_what_it_made(
    spacectl: Spacectl, pot: str
) -> None:
    apply(spacectl, pot)

    deleted = spacectl.ask("StackDeleteDeleteStack", id=pot, destroyResources=True)

    assert deleted == {"id": pot}
    eventually(
        lambda: spacectl.ask("StackStackSelectorStackGetByID", id=pot) is None,
        "the stack to be gone",
    )


# Runs


def test_deploy_logs_and_confirm(spacectl: Spacectl, pot: str) -> None:
    run = deploy(spacectl, pot)
    planned = spacectl.follow(pot, run)
    assert "# terraform_data.pot will be created" in planned["PLANNING"]
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in planned["PLANNING"]
    shown = spacectl.run(pot, run)
    assert shown["state"] == "UNCONFIRMED"
    assert shown["delta"]["addCount"] == 1
    [changes] = spacectl.ask("StackRunChangesGetRunChanges", stack=pot, run=run)["run"][
        "changesV3"
    ]
    assert [one["address"] for one in changes["resources"]] == ["terraform_data.pot"]

    confirm(spacectl, pot, run)

    spacectl.until(pot, run, "FINISHED")
    applied = spacectl.follow(pot, run)
    assert "Apply complete! Resources: 1 added" in applied["APPLYING"]
    assert "sensitive-value" not in str(applied)
    steps = spacectl.history(pot, run)
    versions = [step["stateVersion"] for step in steps]
    assert versions == sorted(versions, reverse=True)
    assert [step["terminal"] for step in steps] == [True] + [False] * (len(steps) - 1)
    assert [step["state"] for step in steps if step["username"] == "tests"] == [
        "CONFIRMED",
        "QUEUED",
    ]
    assert spacectl.ask("StackStackSelectorStackGetByRunID", runId=run)["id"] == pot
    whole = spacectl.ask("StackStackSelectorStackGetByRunID__2", runId=run)
    assert whole["state"] == "FINISHED"


def test_discard_leaves_everything_as_it_was(spacectl: Spacectl, pot: str) -> None:
    run = deploy(spacectl, pot)
    spacectl.until(pot, run, "UNCONFIRMED")

    said = spacectl.ask("StackMcpRegisterDiscardStackRunTool", stack=pot, run=run)

    assert said == {"id": run}
    assert spacectl.history(pot, run)[0]["state"] == "DISCARDED"
    assert spacectl.ask("StackOutputsShowOutputs", stackId=pot)["outputs"] == []
    again = spacectl.answer("StackMcpRegisterConfirmStackRunTool", stack=pot, run=run)
    assert "DISCARDED" in again["errors"][0]["message"]


def test_outputs_say_values_and_keep_sensitive_ones(
    spacectl: Spacectl, pot: str
) -> None:
    apply(spacectl, pot)

    found = spacectl.ask("StackOutputsShowOutputs", stackId=pot)

    assert found["name"] == pot
    values = {one["id"]: (one["value"], one["sensitive"]) for one in found["outputs"]}
    assert values == {"size": ("1", False), "token": (None, True)}


def test_run_task_runs_the_command_and_is_listed(spacectl: Spacectl, pot: str) -> None:
    command = "echo begun; echo ended"
    run = spacectl.ask(
        "StackTaskCommandTaskCommand", stack=pot, command=command, noinit=True
    )["id"]

    printed = spacectl.follow(pot, run)

    assert printed["PERFORMING"] == "begun\nended\n"
    assert "INITIALIZING" not in printed
    for document in ("StackTaskListQueryTasks", "StackTaskListQueryTasks__2"):
        [task] = spacectl.ask(document, stackId=pot, before=None)["tasks"]
        assert (task["id"], task["command"], task["state"]) == (
            run,
            command,
            "FINISHED",
        )
        assert task["triggeredBy"] == "tests"


def test_a_task_with_initialization_can_read_the_state(
    spacectl: Spacectl, pot: str
) -> None:
    apply(spacectl, pot)

    run = spacectl.ask(
        "StackTaskCommandTaskCommand",
        stack=pot,
        command="terraform state list",
        noinit=False,
    )["id"]

    assert spacectl.follow(pot, run)["PERFORMING"] == "terraform_data.pot\n"


def test_runs_are_listed_by_their_kind_and_page_by_page(
    spacectl: Spacectl, pot: str
) -> None:
    tracked = [deploy(spacectl, pot) for _ in range(3)]
    proposed = spacectl.ask(
        "StackMcpRegisterTriggerStackRunTool", stack=pot, sha=None, type="PROPOSED"
    )["id"]
    newest_first = tracked[::-1]

    for document, field, wanted in (
        ("StackRunListQueryTrackedRuns", "runs", newest_first),
        ("StackMcpRegisterListStackRunsTool", "runs", newest_first),
        ("StackRunLogsRunLogs", "runs", newest_first),
        ("StackRunListQueryPreviewRuns", "proposedRuns", [proposed]),
        ("StackMcpRegisterListStackProposedRunsTool", "proposedRuns", [proposed]),
    ):
        listed = spacectl.ask(document, stackId=pot, before=None)[field]
        assert [run["id"] for run in listed] == wanted, document
        older = spacectl.ask(document, stackId=pot, before=wanted[0])[field]
        assert [run["id"] for run in older] == wanted[1:], document

    for run in tracked[1:]:
        spacectl.ask("StackRunCancelRunCancel", stack=pot, run=run)
    spacectl.until(pot, tracked[0], "UNCONFIRMED")
    spacectl.ask("StackMcpRegisterDiscardStackRunTool", stack=pot, run=tracked[0])
    spacectl.until(pot, proposed, "FINISHED")


def test_a_run_is_stopped_prioritized_and_tried_again(
    spacectl: Spacectl, platform: Platform, pot: str
) -> None:
    platform.client.update_stack(
        pot, pot, pot, platform.pool, beforePlan=["test -f x || sleep 120"]
    )
    run = deploy(spacectl, pot)
    said = spacectl.ask(
        "StackRunPrioritizeSetRunPriority", stackId=pot, runId=run, prioritize=True
    )
    assert said == {"id": run}
    spacectl.until(pot, run, "PLANNING")

    spacectl.ask("StackRunStopRunStop", stack=pot, run=run, note="Enough.")

    spacectl.until(pot, run, "STOPPED")
    assert "Enough." in [step["note"] for step in spacectl.history(pot, run)]
    platform.client.update_stack(pot, pot, pot, platform.pool, beforePlan=["exit 3"])
    failed = deploy(spacectl, pot)
    spacectl.until(pot, failed, "FAILED")
    assert spacectl.run(pot, failed)["canRetry"]
    platform.client.update_stack(pot, pot, pot, platform.pool)
    again = spacectl.ask("StackRunRetryRunRetry", stack=pot, run=failed)["id"]
    assert again != failed
    spacectl.until(pot, again, "UNCONFIRMED")
    spacectl.ask("StackMcpRegisterDiscardStackRunTool", stack=pot, run=again)


def test_deploy_with_force_apply_waits_for_nobody(spacectl: Spacectl, pot: str) -> None:
    run = spacectl.ask(
        "StackRunTriggerRunTrigger510", stack=pot, type="TRACKED", forceApply="SINGLE"
    )["id"]

    spacectl.until(pot, run, "FINISHED")

    passed = [step["state"] for step in spacectl.history(pot, run)]
    assert "APPLYING" in passed
    assert "UNCONFIRMED" not in passed


def test_what_was_proposed_is_promoted_reviewed_planned_in_part_and_applied(
    spacectl: Spacectl, platform: Platform
) -> None:
    client, pot = platform.client, f"pot-{next(numbers)}"
    lid = 'resource "terraform_data" "lid" { input = "tight" }\n'
    client.commit(client.create_repo(pot), {"main.tf": CODE, "lid.tf": lid})
    client.create_stack(pot, pot, platform.pool)
    proposed = spacectl.ask(
        "StackMcpRegisterTriggerStackRunTool", stack=pot, sha=None, type="PROPOSED"
    )["id"]
    spacectl.until(pot, proposed, "FINISHED")
    run = spacectl.ask("StackRunPromoteRunPromote", stack=pot, run=proposed)["id"]
    spacectl.until(pot, run, "UNCONFIRMED")
    review = spacectl.ask(
        "StackRunReviewAddRunReview", stack=pot, run=None, decision="APPROVE", note=""
    )
    assert review["id"]

    target = "terraform_data.lid"
    said = spacectl.ask("StackRunReplanRunReplan", stack=pot, run=run, targets=[target])
    assert said == {"id": run}
    spacectl.until(pot, run, "UNCONFIRMED")
    [group] = spacectl.ask("StackRunChangesGetRunChanges", stack=pot, run=run)["run"][
        "changesV3"
    ]
    assert [one["address"] for one in group["resources"]] == [target]
    confirm(spacectl, pot, run)
    spacectl.until(pot, run, "FINISHED")

    found = spacectl.ask("StackMcpListResourcesForOneStack", id=pot)["entities"]
    [shown] = [one for one in found if one["type"] != "output"]
    assert (shown["address"], shown["creator"], shown["updater"]) == (
        target,
        {"id": run},
        {"id": run},
    )
    values = json.loads(shown["vendor"]["terraform"]["values"])
    assert values["input"] == hashlib.sha256(b"tight").hexdigest()[-8:]


def test_local_preview_plans_what_is_on_this_machine_only(
    spacectl: Spacectl, platform: Platform, pot: str
) -> None:
    platform.client.update_stack(pot, pot, pot, platform.pool, localPreviewEnabled=True)
    upload = spacectl.ask("ModuleLocalPreviewLocalPreviewFunc", stack=pot)
    code = CODE.replace('"pot"', '"local"').replace("data.pot", "data.local")
    body = tarball({"local-workspace-1/main.tf": code})
    headers = {one["key"]: one["value"] for one in upload["uploadHeaders"]["entries"]}
    put = spacectl.client.http.put(upload["uploadUrl"], content=body, headers=headers)
    assert put.status_code in {200, 201}

    run = spacectl.ask(
        "StackLocalPreviewCreateLocalPreviewRun",
        stack=pot,
        workspace=upload["id"],
        environmentVarsOverrides=[{"key": "TF_VAR_size", "value": "7"}],
    )["id"]
    printed = spacectl.follow(pot, run)

    assert spacectl.run(pot, run)["state"] == "FINISHED"
    assert "terraform_data.local" in printed["PLANNING"]
    assert re.search(r"input +\+? *= 7", printed["PLANNING"])
    assert spacectl.ask("StackMcpListResourcesForOneStack", id=pot)["entities"] == []


# State and environment


def test_the_state_can_be_pulled(spacectl: Spacectl, pot: str) -> None:
    apply(spacectl, pot)

    url = spacectl.ask("StackStateStatePull", input={"stackId": pot})["url"]

    state = spacectl.client.http.get(url).json()
    assert [one["name"] for one in state["resources"]] == ["pot"]


def test_variables_and_files_are_set_listed_and_deleted(
    spacectl: Spacectl, pot: str
) -> None:
    variable = {
        "id": "TF_VAR_size",
        "type": "ENVIRONMENT_VARIABLE",
        "value": "7",
        "writeOnly": False,
    }
    file = {
        "id": "notes.txt",
        "type": "FILE_MOUNT",
        "value": "aGVsbG8=",
        "writeOnly": True,
    }
    added = spacectl.ask("StackEnvironmentSetVar", stack=pot, config=variable)
    assert added == {"id": "TF_VAR_size", "writeOnly": False, "value": "7"}
    mounted = spacectl.ask("StackEnvironmentMountFile", stack=pot, config=file)
    assert mounted == {"id": "notes.txt", "writeOnly": True, "type": "FILE_MOUNT"}

    listed = spacectl.ask("StackEnvironmentListEnv", stack=pot)["runtimeConfig"]

    own = [one["element"] for one in listed if not one["element"]["runtime"]]
    values = {one["id"]: one["value"] for one in own}
    assert values == {"TF_VAR_size": "7", "notes.txt": None}
    apply(spacectl, pot)
    outputs = spacectl.ask("StackOutputsShowOutputs", stackId=pot)["outputs"]
    assert [one["value"] for one in outputs if one["id"] == "size"] == ["7"]
    for name in values:
        gone = spacectl.ask("StackEnvironmentDeleteEnvironment", stack=pot, id=name)
        assert gone == {"id": name}


def test_a_cycled_pool_has_workers_again(
    spacectl: Spacectl, platform: Platform
) -> None:
    cycled = spacectl.ask("WorkerpoolsWorkerCycleWorkers", workerPoolId=platform.pool)

    assert cycled is True
    eventually(lambda: not platform.workers(), "the worker to go", 60)
