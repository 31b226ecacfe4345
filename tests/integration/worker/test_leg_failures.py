"""Legs that fail: each with a sentence that says what, and nothing lost."""

import base64
import json
import os
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.support.legs import a_host, a_job, carry, members, saved, variables
from tests.support.recorder import Recorder
from tests.support.stores import Stores

from stackyard_protocol.job import Archive, GitClone, Hooks, LegKind, MountedFile, Tool
from stackyard_protocol.report import Ended, Next
from stackyard_worker.conversation import LetGoError
from stackyard_worker.host import Host, Limits

CODE = 'resource "terraform_data" "one" { input = "x" }\n'
BREAKS = """
resource "terraform_data" "fine" { input = "kept" }
resource "terraform_data" "breaks" {
  depends_on = [terraform_data.fine]
  provisioner "local-exec" { command = "exit 3" }
}
output "fine" { value = terraform_data.fine.output }
"""


def note(recorder: Recorder) -> str:
    assert recorder.end.state == "FAILED"
    assert recorder.end.note is not None
    assert recorder.end.note.encode() in recorder.log, "the log says it as well"
    return recorder.end.note


async def test_a_plan_that_fails_fails_the_run_and_after_hooks_do_not_run(
    stores: Stores, folder: Path, host: Host
) -> None:
    hooks = Hooks(
        after_plan=["echo not-this"],
        after_run=['echo "final: $TF_VAR_spacelift_final_run_state"'],
    )
    code = CODE + 'output "x" { value = terraform_data.none.id }'
    recorder = await carry(
        a_job(stores, {"main.tf": code}, hooks=hooks), Recorder(), folder, host
    )
    assert note(recorder) == "terraform plan failed with exit code 1."
    assert recorder.states == ["INITIALIZING", "PLANNING"]
    assert b"not-this" not in recorder.log
    assert b"final: FAILED" in recorder.logs["PLANNING"]
    assert not stores.locks


async def test_code_that_can_not_be_initialised_fails_in_init(
    stores: Stores, folder: Path, host: Host
) -> None:
    recorder = await carry(
        a_job(stores, {"main.tf": "resource {"}), Recorder(), folder, host
    )
    assert note(recorder) == "terraform init failed with exit code 1."


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("exit 4", "Hook 2 of before_plan failed with exit code 4."),
        ("false", "Hook 2 of before_plan failed with exit code 1."),
        ("nonsense-command", "Hook 2 of before_plan failed with exit code 127."),
        (
            "exit 0",
            "Hook 2 of before_plan ended the shell before the phase was through.",
        ),
        ("exec true", "The shell was ended from within or killed (exit code 0)."),
        ("if", "The shell could not begin (exit code 2)."),
        ("kill -9 $$", "The shell was ended from within or killed (exit code 137)."),
    ],
)
async def test_a_before_hook_that_fails_keeps_the_phase_from_running(
    stores: Stores, folder: Path, host: Host, hook: str, said: str
) -> None:
    hooks = Hooks(before_plan=["true", hook], after_run=["echo after-run"])
    recorder = await carry(
        a_job(stores, {"main.tf": CODE}, hooks=hooks), Recorder(), folder, host
    )
    assert note(recorder) == said
    assert b"Terraform will perform" not in recorder.log
    assert b"after-run" in recorder.logs["PLANNING"]


async def test_a_failing_after_run_hook_does_not_change_how_the_run_ended(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(stores, {"main.tf": CODE}, hooks=Hooks(after_run=["exit 5"]))
    recorder = await carry(job, Recorder(), folder, host)
    assert recorder.end == Ended("FINISHED")
    assert b"exit code 5. The run stays FINISHED." in recorder.log


async def test_a_failed_apply_reports_what_there_is_now(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(stores, {"main.tf": BREAKS})
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert note(recorder) == "terraform apply failed with exit code 1."
    addresses = [one.address for one in recorder.end.resources or []]
    assert "terraform_data.fine" in addresses
    names = [one["name"] for one in json.loads(stores.states["stack"])["resources"]]
    assert "fine" in names
    assert not stores.locks


async def test_a_state_that_can_not_be_written_is_left_for_the_launcher(
    stores: Stores, folder: Path, host: Host
) -> None:
    # Terraform gives up after the first refusal here; in a real leg after minutes
    few = "export TF_HTTP_RETRY_MAX=0"
    job = a_job(stores, {"main.tf": CODE}, hooks=Hooks(before_apply=[few]))
    stores.refuse_states = 1000
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert note(recorder) == "terraform apply failed with exit code 1."
    left = json.loads((folder / job.leg / "errored.tfstate").read_text())
    assert [one["name"] for one in left["resources"]] == ["one"]
    source = folder / job.leg / "workspace/source"
    assert not (source / "errored.tfstate").exists()


async def test_an_outage_of_the_state_is_waited_for(
    stores: Stores, folder: Path, host: Host
) -> None:
    stores.refuse_states = 2
    job = a_job(stores, {"main.tf": CODE})
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert recorder.end.state == "FINISHED", recorder.log
    assert "stack" in stores.states


@pytest.mark.parametrize("wanted", ["0.1.2", "~> 0.12.0", ">= 90, < 91"])
async def test_a_version_that_the_worker_does_not_have_is_named(
    stores: Stores, folder: Path, host: Host, wanted: str
) -> None:
    job = a_job(stores, {"main.tf": CODE}, tool=Tool("terraform", wanted))
    recorder = await carry(job, Recorder(), folder, host)
    said = note(recorder)
    assert said.startswith(f"The worker does not have terraform {wanted}. It has ")
    assert "1." in said
    assert recorder.states == []


async def test_a_version_within_the_range_is_used(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(stores, {"main.tf": CODE}, tool=Tool("terraform", ">= 1.5, < 2.0"))
    recorder = await carry(job, Recorder(), folder, host)
    assert recorder.end.state == "FINISHED"


async def test_a_machine_without_the_tool_says_so(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(stores, {"main.tf": CODE}, tool=Tool("tofu"))
    recorder = await carry(job, Recorder(), folder, host)
    assert note(recorder) == "The worker does not have tofu. It has none."


async def test_an_archive_that_tries_to_leave_its_folder_is_refused(
    stores: Stores, folder: Path, host: Host
) -> None:
    evil = tarfile.TarInfo("../../escaped")
    evil.size = 4
    job = a_job(stores, members(evil))
    recorder = await carry(job, Recorder(), folder, host)
    assert "member '../../escaped' leaves its folder" in note(recorder)
    assert not names_below(folder, "escaped")


def names_below(folder: Path, name: str) -> list[Path]:
    return list(folder.rglob(name))


async def test_a_source_that_is_not_what_was_announced_is_refused(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(stores, {"main.tf": CODE})
    stores.put("source", b"something else")
    recorder = await carry(job, Recorder(), folder, host)
    assert note(recorder) == "A download is not what was announced (SHA-256)."


async def test_a_source_that_is_gone_is_not_asked_for_again_and_its_url_not_told(
    stores: Stores, folder: Path, host: Host
) -> None:
    url = stores.url("none?signature=canary")
    job = replace(a_job(stores, {}), source=Archive(url=url, sha256="0" * 64))
    recorder = await carry(job, Recorder(), folder, host)
    assert note(recorder) == "The store refused a transfer: HTTP status 404."
    assert b"canary" not in recorder.log


async def test_a_store_that_does_not_answer_fails_the_leg_in_the_end(
    stores: Stores, folder: Path, tools: Path
) -> None:
    host = a_host(tools, limits=Limits(transfer_seconds=1))
    gone = Archive(url="http://127.0.0.1:9/x", sha256="0" * 64)
    job = replace(a_job(stores, {}), source=gone)
    recorder = await carry(job, Recorder(), folder, host)
    assert note(recorder).startswith("A download did not succeed: ")


async def test_a_saved_workspace_of_another_pool_can_not_be_applied(
    stores: Stores, folder: Path, host: Host
) -> None:
    _, sha256 = stores.put("workspace", b"SYEV nothing of ours")
    workspace = saved(stores, "workspace", sha256)
    job = a_job(stores, b"", LegKind.APPLY, workspace=workspace)
    recorder = await carry(job, Recorder(), folder, host)
    assert "can't be decrypted" in note(recorder)


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("nowhere", "is not a folder of the repository"),
        ("../..", "leaves the repository"),
        ("link", "leaves the repository"),
    ],
)
async def test_a_project_root_has_to_be_a_folder_of_the_repository(
    stores: Stores, folder: Path, host: Host, root: str, said: str
) -> None:
    source = folder / "01LEG/workspace/source"
    source.mkdir(parents=True)
    (source / "link").symlink_to("/etc")  # as git may leave it
    job = a_job(stores, {"main.tf": CODE}, project_root=root)
    recorder = await carry(job, Recorder(), folder, host)
    assert said in note(recorder)


def mounted(path: str, content: bytes, *, secret: bool = False) -> MountedFile:
    return MountedFile(path, base64.b64encode(content).decode(), secret)


async def test_mounted_files_may_replace_files_of_the_repository(
    stores: Stores, folder: Path, host: Host
) -> None:
    files = [
        mounted("source/main.tf", b'output "x" { value = "mounted" }'),
        mounted("deep/er/secret.pem", b"first secret line\nsecond one\n", secret=True),
        mounted("one.terraformrc", b'credentials "a.example" { token = "t" }\n'),
        mounted("two.terraformrc", b'credentials "b.example" { token = "u" }\n'),
    ]
    hooks = Hooks(
        before_init=[
            "cat ~/.terraformrc",
            "cat /mnt/workspace/deep/er/secret.pem",
            "ls -l /mnt/workspace/deep/er",
        ]
    )
    job = a_job(stores, {"main.tf": "broken"}, files=files, hooks=hooks)
    recorder = await carry(job, Recorder(after_plan=Next.APPLY), folder, host)
    assert recorder.end.state == "FINISHED", recorder.log
    assert [one.value for one in recorder.end.outputs or []] == ['"mounted"']
    assert b'"a.example"' in recorder.log
    assert b'"b.example"' in recorder.log
    assert b"secret line" not in recorder.log
    assert b"second one" not in recorder.log
    assert b"-rw-------" in recorder.log


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (mounted("../../out", b"x"), "its path leaves the workspace"),
        (mounted("/etc/out", b"x"), "its path leaves the workspace"),
        (mounted("source", b"x"), "something else is in its place"),
        (mounted("big", b"x" * (2 * 1024 * 1024 + 1)), "is longer than 2097152 bytes"),
        (MountedFile("odd", "%%%"), "is not valid base64"),
    ],
)
async def test_a_mounted_file_that_is_not_usable_is_named(
    stores: Stores, folder: Path, host: Host, file: MountedFile, said: str
) -> None:
    recorder = await carry(
        a_job(stores, {"main.tf": CODE}, files=[file]), Recorder(), folder, host
    )
    assert said in note(recorder)
    assert f"'{file.path}'" in note(recorder)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("--upload-pack=touch /tmp/x", "is not one that we clone from"),
        ("ssh://host.example/x", "is not one that we clone from"),
        ("file:///etc", "is not one that we clone from"),
        ("ext::sh -c id", "is not one that we clone from"),
        ("https://-oProxyCommand=x/y", "is not one that we clone from"),
        ("https://127.0.0.1:9/none.git", "Fetching the repository failed"),
    ],
)
async def test_only_https_is_cloned_and_a_missing_repository_is_said(
    stores: Stores, folder: Path, host: Host, url: str, said: str
) -> None:
    source = GitClone(url=url, commit="0" * 40)
    job = replace(a_job(stores, {}), source=source)
    recorder = await carry(job, Recorder(), folder, host)
    assert said in note(recorder)
    assert recorder.states == []


async def test_a_variable_that_no_shell_can_export_is_left_out_loudly(
    stores: Stores, folder: Path, host: Host
) -> None:
    job = a_job(
        stores,
        {"a": "b"},
        LegKind.TASK,
        command="true",
        skip_init=True,
        environment=variables(**{"TF_VAR_with-dash": "v"}),
    )
    recorder = await carry(job, Recorder(), folder, host)
    assert recorder.end.state == "FINISHED"
    assert b"The variable 'TF_VAR_with-dash' is left out" in recorder.log


async def test_a_leg_that_is_not_ours_any_more_is_dropped_without_a_word(
    stores: Stores, folder: Path, host: Host
) -> None:
    recorder = Recorder(answers={"PLANNING": Next.LET_GO})
    job = a_job(stores, {"main.tf": CODE}, hooks=Hooks(after_run=["echo never"]))
    with pytest.raises(LetGoError):
        await carry(job, recorder, folder, host)
    assert b"never" not in recorder.log
    assert not any(isinstance(one, Ended) for one in recorder.reports)


async def test_what_a_run_leaves_behind_does_not_lead_the_worker_astray(
    stores: Stores, folder: Path, host: Host
) -> None:
    """A link in the place of a file that we read or write is never followed."""
    target = folder / "precious"
    target.write_text("canary")
    target.chmod(0o644)
    hooks = Hooks(
        after_plan=[
            f"rm -f spacelift.plan.json; ln -s {target} spacelift.plan.json",
        ]
    )
    recorder = await carry(
        a_job(stores, {"main.tf": CODE}, hooks=hooks), Recorder(), folder, host
    )
    assert "The plan is not at its place" in note(recorder)
    control = Hooks(
        before_init=[
            "rm -f /run/stackyard/*",
            f"ln -s {target} /run/stackyard/phase.sh",
        ]
    )
    job = a_job(stores, {"main.tf": CODE}, hooks=control, leg="02LEG")
    await carry(job, Recorder(), folder, host)
    assert target.read_text() == "canary"
    assert target.stat().st_uid == os.geteuid()
