"""Legs that go well, with real Terraform in a real sandbox, against real HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.legs import a_host, a_job, carry, renewed, saved, variables
from tests.support.recorder import Recorder
from tests.support.stores import Stores

from stackyard_protocol.job import EnvVar, Hooks, LegKind
from stackyard_protocol.report import Archived, Ended, Next
from stackyard_worker.host import Host

CODE = """
variable "word" { default = "hello" }
resource "terraform_data" "one" { input = var.word }
resource "terraform_data" "two" { input = terraform_data.one.id }
output "word" { value = terraform_data.one.output }
output "hidden" {
  value     = "sesame-open"
  sensitive = true
}
"""


LOCAL = """
terraform {
  backend "local" { path = "here.tfstate" }
}
"""

CLOUD = """
terraform {
  cloud {
    organization = "o"
    workspaces { name = "w" }
  }
}
"""


async def test_a_plan_is_applied_in_the_same_leg(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(stores, {"main.tf": CODE})
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert recorder.end.state == "FINISHED", recorder.end.note
    assert recorder.states == ["INITIALIZING", "PLANNING", "APPLYING"]
    plan = recorder.planned
    assert (plan.add, plan.change, plan.delete, plan.resources) == (2, 0, 0, 2)
    assert plan.outputs_changed
    outputs = {one.name: one.value for one in recorder.end.outputs or []}
    assert outputs == {"word": '"hello"', "hidden": None}
    addresses = [one.address for one in recorder.end.resources or []]
    assert addresses == ["terraform_data.one", "terraform_data.two"]
    assert b"Apply complete! Resources: 2 added" in recorder.logs["APPLYING"]
    assert b"Apply complete" not in recorder.logs["PLANNING"]
    assert json.loads(stores.states["stack"])["outputs"]["word"]["value"] == "hello"
    assert not stores.locks
    assert not (folder / job.leg / "sandbox.pid").exists()


async def test_a_second_leg_applies_exactly_the_plan_with_credentials_of_its_own(
    stores: Stores, folder: Path, host: Host
) -> None:
    # the output differs with every plan, so it tells which plan was applied
    code = CODE + 'output "when" { value = plantimestamp() }\n'
    hooks = Hooks(
        before_plan=["export TF_VAR_word=exported PATH=/of-the-first:$PATH"],
        before_apply=["echo w=$TF_VAR_word; echo path=$PATH"],
    )
    first_job = a_job(stores, {"main.tf": code}, hooks=hooks)
    first = Recorder(after_plan=Next.ARCHIVE, url=lambda: stores.url("workspace"))
    stores.refuse_puts = 1  # the store stumbles once
    await carry(first_job, first, folder, host)
    assert isinstance(first.reports[-1], Archived), first.reports[-1]
    sealed = stores.objects["workspace"]
    assert sealed.startswith(b"SYEV")
    assert b"terraform_data" not in sealed
    assert first.archived.size == len(sealed)
    assert stores.chunked_puts == 0

    stores.passwords = {"second"}
    stores.seen_passwords.clear()
    del stores.objects["source"]
    second_job = renewed(
        a_job(
            stores,
            b"",
            LegKind.APPLY,
            leg="02LEG",
            hooks=hooks,
            workspace=saved(stores, "workspace", first.archived.sha256),
        ),
        "second",
    )
    second = await carry(second_job, Recorder(), folder, host)
    assert second.end.state == "FINISHED", second.end.note
    assert second.states == ["APPLYING"]
    assert {password for _, password in stores.seen_passwords} == {"second"}
    assert b"w=exported" in second.log
    assert b"/of-the-first" not in second.log, "the next machine has tools of its own"
    planned = json.loads(
        (folder / "02LEG/workspace/source/spacelift.plan.json").read_text()
    )["planned_values"]["outputs"]["when"]["value"]
    outputs = {one.name: one.value for one in second.end.outputs or []}
    assert outputs["when"] == f'"{planned}"'
    assert outputs["word"] == '"exported"'


async def test_a_plan_of_a_part_is_made_in_the_saved_workspace_and_applied(
    stores: Stores, folder: Path, host: Host
) -> None:
    first = Recorder(after_plan=Next.ARCHIVE, url=lambda: stores.url("workspace"))
    await carry(a_job(stores, {"main.tf": CODE}), first, folder, host)

    async def then(leg: str, kind: LegKind, before: Recorder, **given: Any) -> Recorder:
        workspace = saved(stores, "workspace", before.archived.sha256)
        job = a_job(stores, b"", kind, leg=leg, workspace=workspace, **given)
        answers = Recorder(after_plan=Next.ARCHIVE, url=first.url)
        return await carry(job, answers, folder, host)

    second = await then("02LEG", LegKind.REPLAN, first, targets=["terraform_data.one"])
    assert second.states == ["PLANNING"], "what was initialised stays so"
    assert [one.address for one in second.planned.changes] == ["terraform_data.one"]
    third = await then("03LEG", LegKind.APPLY, second)
    assert third.end.state == "FINISHED", third.end.note
    made = [one.address for one in third.end.resources or []]
    assert made == ["terraform_data.one"]


async def test_a_workspace_that_was_changed_in_the_store_is_not_applied(
    stores: Stores, folder: Path, host: Host
) -> None:
    first = Recorder(after_plan=Next.ARCHIVE, url=lambda: stores.url("workspace"))
    await carry(a_job(stores, {"main.tf": CODE}), first, folder, host)
    sealed = bytearray(stores.objects["workspace"])
    sealed[-1] ^= 1
    url, sha256 = stores.put("workspace", bytes(sealed))
    job = a_job(
        stores,
        b"",
        LegKind.APPLY,
        leg="02LEG",
        workspace=saved(stores, "workspace", sha256),
    )
    second = await carry(job, Recorder(), folder, host)
    assert second.end.state == "FAILED"
    assert "can't be decrypted" in (second.end.note or "")
    assert url
    assert second.states == []
    assert "stack" not in stores.states


async def test_sensitive_outputs_travel_only_if_stack_and_worker_agree(
    stores: Stores, folder: Path, tools: Path
) -> None:
    for number, (stack, worker) in enumerate([(True, True), (True, False)]):
        job = a_job(
            stores,
            {"main.tf": CODE},
            leg=f"{number}",
            upload_sensitive_outputs=stack,
        )
        host = a_host(tools, upload_sensitive_outputs=worker)
        recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
        hidden = {one.name: one.value for one in recorder.end.outputs or []}["hidden"]
        assert hidden == ('"sesame-open"' if worker else None)


async def test_what_a_hook_exports_is_seen_by_the_phase_and_by_all_later_ones(
    stores: Stores, folder: Path, host: Host
) -> None:
    hooks = Hooks(
        before_init=["A=not-exported", "export TF_VAR_word=from-hook # a comment"],
        after_init=['echo "local: $A"'],
        before_plan=['echo "kept: $TF_VAR_word, gone: [$A]"', "unset LEAVE_ME"],
        after_plan=["cat spacelift.plan.json spacelift.state.before.json | wc -l"],
        before_apply=['echo "removed: [${LEAVE_ME-}]"'],
        after_apply=['echo "state: $TF_VAR_spacelift_run_state"'],
        after_run=['echo "final: $TF_VAR_spacelift_final_run_state"'],
    )
    job = a_job(
        stores,
        {"main.tf": CODE},
        hooks=hooks,
        environment=variables(LEAVE_ME="here"),
    )
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert recorder.end.state == "FINISHED", recorder.end.note
    assert b"local: not-exported" in recorder.logs["INITIALIZING"]
    assert b"kept: from-hook, gone: []" in recorder.logs["PLANNING"]
    assert b"removed: []" in recorder.logs["APPLYING"]
    assert b"state: APPLYING" in recorder.logs["APPLYING"]
    assert b"final: FINISHED" in recorder.logs["APPLYING"]
    outputs = {one.name: one.value for one in recorder.end.outputs or []}
    assert outputs["word"] == '"from-hook"'


CLOUD_TOKENS = ("cloud-token-1", "cloud-token-2")


async def test_each_leg_has_its_own_token_for_clouds_and_never_prints_it(
    stores: Stores, folder: Path, host: Host
) -> None:
    show = 'test "$(cat /mnt/workspace/spacelift.oidc)" = "$SPACELIFT_OIDC_TOKEN"'
    tell = 'echo "token: $SPACELIFT_OIDC_TOKEN"; stat -c %a ../spacelift.oidc'
    hooks = Hooks(before_plan=[show, tell], before_apply=[show, tell])
    job = a_job(stores, {"main.tf": CODE}, hooks=hooks, oidc_token=CLOUD_TOKENS[0])
    planned = Recorder(after_plan=Next.ARCHIVE, url=lambda: stores.url("workspace"))
    await carry(job, planned, folder, host)
    again = a_job(
        stores,
        b"",
        LegKind.APPLY,
        leg="02LEG",
        hooks=hooks,
        workspace=saved(stores, "workspace", planned.archived.sha256),
        oidc_token=CLOUD_TOKENS[1],
    )
    applied = await carry(again, Recorder(), folder, host)
    assert applied.end.state == "FINISHED", applied.end.note
    assert b"token: *****\n600\n" in planned.logs["PLANNING"]
    assert b"token: *****\n600\n" in applied.logs["APPLYING"]


@pytest.mark.parametrize("hooks", [{}, {"after_plan": ["true"]}])
async def test_an_apply_can_read_the_state_from_before(
    stores: Stores, folder: Path, host: Host, hooks: dict[str, list[str]]
) -> None:
    told: list[bytes] = []
    for number in range(2):
        job = a_job(
            stores,
            {"main.tf": 'resource "terraform_data" "x" { input = timestamp() }\n'},
            leg=f"{number}",
            hooks=Hooks(
                **hooks, before_apply=["cat spacelift.state.before.json; echo"]
            ),
        )
        recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
        assert recorder.end.state == "FINISHED", recorder.end.note
        told.append(recorder.logs["APPLYING"].splitlines()[0])
    nothing, something = [json.loads(line) for line in told]
    assert "values" not in nothing
    [resource] = something["values"]["root_module"]["resources"]
    assert resource["address"] == "terraform_data.x"


async def test_variables_for_reading_and_for_writing_reach_only_their_phases(
    stores: Stores, folder: Path, host: Host
) -> None:
    show = 'echo "key=[${KEY-}] both=$BOTH"'
    job = a_job(
        stores,
        {"main.tf": CODE},
        environment=variables(
            ro_KEY="read", wo_KEY="write", BOTH="${BASE}-x", BASE="b"
        ),
        hooks=Hooks(before_init=[show], after_plan=[show], before_apply=[show]),
    )
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert b"key=[read] both=b-x" in recorder.logs["INITIALIZING"]
    assert b"key=[read]" in recorder.logs["PLANNING"]
    assert b"key=[write]" in recorder.logs["APPLYING"]


async def test_a_proposed_run_ends_after_its_plan_and_never_takes_the_lock(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(stores, {"main.tf": CODE}, run_type="PROPOSED")
    recorder = await carry(job, Recorder(after_plan=Next.FINISH), folder, host)
    assert recorder.end == Ended("FINISHED")
    assert recorder.states == ["INITIALIZING", "PLANNING"]
    assert {method for method, _ in stores.seen_passwords} == {"GET"}


async def test_only_the_targets_are_planned(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(stores, {"main.tf": CODE}, targets=["terraform_data.one"])
    recorder = await carry(job, Recorder(), folder, host)
    assert [one.address for one in recorder.planned.changes] == ["terraform_data.one"]


async def test_a_task_runs_its_command_in_the_project_after_init(
    stores: Stores, folder: Path, host: Host
) -> None:
    files: dict[str, str | bytes] = {"infra/main.tf": CODE, "infra/it's.txt": "found"}
    job = a_job(
        stores,
        files,
        LegKind.TASK,
        command='cat "it\'s.txt" && terraform providers && echo "$NAME"',
        project_root="infra",
        environment=variables(NAME="it's me"),
        hooks=Hooks(before_perform=["echo before"], after_perform=["echo after"]),
    )
    recorder = await carry(job, Recorder(), folder, host)
    assert recorder.end.state == "FINISHED", recorder.end.note
    assert recorder.states == ["INITIALIZING", "PERFORMING"]
    log = recorder.logs["PERFORMING"]
    assert b"before\nfound" in log
    assert b"terraform.io/builtin/terraform" in log
    assert log.endswith(b"it's me\nafter\n")


async def test_a_task_without_init_only_runs_its_command(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(
        stores, {"a": "b"}, LegKind.TASK, command="echo hi; exit 7", skip_init=True
    )
    recorder = await carry(job, Recorder(), folder, host)
    assert recorder.states == ["PERFORMING"]
    assert recorder.end == Ended("FAILED", "The task failed with exit code 7.")


async def test_a_destroy_leg_leaves_nothing_in_the_state(
    stores: Stores, folder: Path, host: Host
) -> None:
    files: dict[str, str | bytes] = {"main.tf": CODE}
    apply = Recorder(after_plan=Next.APPLY)
    await carry(a_job(stores, files), apply, folder, host)
    assert json.loads(stores.states["stack"])["resources"]
    job = a_job(stores, files, LegKind.DESTROY, leg="02LEG", run_type="DESTROY")
    recorder = await carry(job, Recorder(), folder, host)
    assert recorder.end == Ended("FINISHED", outputs=[], resources=[])
    assert recorder.states == ["INITIALIZING", "DESTROYING"]
    assert json.loads(stores.states["stack"])["resources"] == []


@pytest.mark.parametrize(
    ("kind", "switch"),
    [
        (LegKind.PLAN, "SPACELIFT_SKIP_APPLYING"),
        (LegKind.DESTROY, "SPACELIFT_SKIP_DESTROYING"),
    ],
)
async def test_a_switched_off_phase_is_entered_and_said_to_be_skipped(
    stores: Stores, folder: Path, host: Host, kind: LegKind, switch: str
) -> None:
    job = a_job(
        stores, {"main.tf": CODE}, kind, environment=variables(**{switch: "true"})
    )
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert recorder.end == Ended("FINISHED")
    last = recorder.states[-1]
    assert last in {"APPLYING", "DESTROYING"}
    assert recorder.logs[last] == f"Skipped: {switch} is true.\n".encode()
    assert "stack" not in stores.states


async def test_managed_state_wins_over_a_backend_of_the_code(
    stores: Stores, folder: Path, host: Host
) -> None:
    for number, own in enumerate([LOCAL, CLOUD]):
        stores.states.clear()
        job = a_job(stores, {"main.tf": CODE, "own.tf": own}, leg=f"{number}")
        recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
        assert recorder.end.state == "FINISHED", recorder.log
        assert "stack" in stores.states


async def test_secrets_stay_out_of_every_part_of_the_log(
    stores: Stores, folder: Path, tools: Path
) -> None:
    code = 'variable "pin" {}\noutput "pin" { value = var.pin }\n'
    host = a_host(tools, mask_env=("HOST_KEY",), environ={"HOST_KEY": "host-secret"})
    job = a_job(
        stores,
        {"main.tf": code},
        environment=[EnvVar("TF_VAR_pin", "s3cr3t-pin", secret=True)],
        hooks=Hooks(
            before_init=[
                "printf s3cr; sleep 0.3; echo 3t-pin",
                "echo host-secret; echo the-token-of-the-leg; echo $TF_HTTP_PASSWORD",
            ],
            before_plan=["echo ::add-mask later-word other", "echo a later-word b"],
            before_apply=["echo still later-word", "exit 9"],
        ),
    )
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert recorder.end.state == "FAILED"
    for secret in (b"s3cr3t-pin", b"host-secret", b"the-token-of", b"later-word"):
        assert secret not in recorder.log
    assert recorder.logs["INITIALIZING"].count(b"*****") == 4
    assert b"::add-mask ***** *****\na ***** b\n" in recorder.logs["PLANNING"]
    assert b"still *****" in recorder.logs["APPLYING"]


async def test_a_word_masked_while_planning_is_masked_by_the_next_worker_too(
    stores: Stores, folder: Path, host: Host
) -> None:
    hooks = Hooks(
        before_plan=["echo ::add-mask canary-word"], before_apply=["echo canary-word"]
    )
    first = Recorder(after_plan=Next.ARCHIVE, url=lambda: stores.url("workspace"))
    await carry(a_job(stores, {"main.tf": CODE}, hooks=hooks), first, folder, host)
    job = a_job(
        stores,
        b"",
        LegKind.APPLY,
        leg="02LEG",
        hooks=hooks,
        workspace=saved(stores, "workspace", first.archived.sha256),
    )
    second = await carry(job, Recorder(), folder, host)
    assert second.end.state == "FINISHED"
    assert b"canary-word" not in second.log
    assert b"*****\n" in second.log


async def test_a_line_of_ten_megabytes_and_broken_utf8_arrive_byte_for_byte(
    stores: Stores, folder: Path, host: Host
) -> None:
    command = (
        r"""printf '\377\376[\000]'; head -c 10000000 /dev/zero | tr '\0' x; echo"""
    )
    job = a_job(stores, {"a": "b"}, LegKind.TASK, command=command, skip_init=True)
    recorder = await carry(job, Recorder(), folder, host)
    assert recorder.end == Ended("FINISHED")
    expected = b"\xff\xfe[\x00]" + b"x" * 10_000_000 + b"\n"
    assert recorder.logs["PERFORMING"] == expected


async def test_the_exact_commands_are_shown_when_the_operator_wants_it(
    stores: Stores, folder: Path, tools: Path
) -> None:
    job = a_job(stores, {"main.tf": CODE})
    recorder = await carry(job, Recorder(), folder, a_host(tools, debug=True))
    assert b"+ terraform init -input=false -no-color\n" in recorder.log
