"""Legs that test a module: what they make is destroyed again, however they end."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.legs import a_job, carry
from tests.support.recorder import Recorder
from tests.support.stores import Stores

from stackyard_protocol.job import Hooks, Job, LegKind
from stackyard_protocol.report import Next
from stackyard_worker.host import Host

FINE = 'resource "terraform_data" "fine" { input = "here" }\n'
BREAKS = """
resource "terraform_data" "broken" {
  depends_on = [terraform_data.fine]
  provisioner "local-exec" { command = "exit 3" }
}
"""
REFUSES = """
variable "ok" { default = false }
resource "terraform_data" "refused" {
  lifecycle {
    precondition {
      condition     = var.ok
      error_message = "Not like this."
    }
  }
}
"""
STAYS = """
resource "terraform_data" "stays" {
  provisioner "local-exec" {
    when    = destroy
    command = "exit 4"
  }
}
"""
ALL = ["INITIALIZING", "PLANNING", "APPLYING", "DESTROYING"]


def a_test(stores: Stores, code: str, **given: Any) -> Job:
    job: dict[str, Any] = {"run_type": "TESTING", "state_backend": None}
    return a_job(stores, {"main.tf": code}, LegKind.TEST, **job | given)


async def carried(job: Job, folder: Path, host: Host) -> Recorder:
    return await carry(job, Recorder(after_plan=Next.APPLY), folder, host)


async def test_what_is_made_is_destroyed_again(
    stores: Stores, folder: Path, host: Host
) -> None:
    hooks = Hooks(after_destroy=["terraform state list | wc -l"])
    job = a_test(stores, FINE, hooks=hooks)
    recorder = await carried(job, folder, host)
    assert recorder.end.state == "FINISHED", recorder.end.note
    assert recorder.states == ALL
    assert b"Apply complete! Resources: 1 added" in recorder.logs["APPLYING"]
    assert b"Destroy complete! Resources: 1 destroyed" in recorder.logs["DESTROYING"]
    assert recorder.logs["DESTROYING"].split()[-1] == b"0"
    # they are of nobody's stack
    assert (recorder.end.outputs, recorder.end.resources) == (None, None)


async def test_what_was_made_before_it_broke_is_destroyed_as_well(
    stores: Stores, folder: Path, host: Host
) -> None:
    recorder = await carried(a_test(stores, FINE + BREAKS), folder, host)
    assert recorder.end.state == "FAILED"
    assert recorder.end.note == "terraform apply failed with exit code 1."
    assert recorder.states == ALL
    assert b"Destroy complete! Resources: 2 destroyed" in recorder.logs["DESTROYING"]


@pytest.mark.parametrize("code", [FINE + BREAKS, REFUSES], ids=["apply", "plan"])
async def test_a_failure_that_was_expected_is_well(
    stores: Stores, folder: Path, host: Host, code: str
) -> None:
    job = a_test(stores, code, expects_failure=True)
    recorder = await carried(job, folder, host)
    assert recorder.end.state == "FINISHED"
    last = recorder.states[-1]
    assert b"That is what was expected." in recorder.logs[last]


async def test_a_failure_that_was_expected_and_did_not_come_is_one(
    stores: Stores, folder: Path, host: Host
) -> None:
    recorder = await carried(a_test(stores, FINE, expects_failure=True), folder, host)
    assert recorder.end.state == "FAILED"
    assert recorder.end.note == "The test case was expected to fail."
    assert recorder.states == ALL


@pytest.mark.parametrize("expects_failure", [False, True])
async def test_what_cannot_be_destroyed_is_never_well(
    stores: Stores, folder: Path, host: Host, *, expects_failure: bool
) -> None:
    job = a_test(stores, FINE + STAYS, expects_failure=expects_failure)
    recorder = await carried(job, folder, host)
    assert recorder.end.state == "FAILED"
    assert "must be removed by hand" in (recorder.end.note or "")


async def test_a_test_that_makes_nothing_tests_nothing(
    stores: Stores, folder: Path, host: Host
) -> None:
    recorder = await carried(a_test(stores, 'output "a" { value = 1 }'), folder, host)
    assert recorder.end.state == "FAILED"
    assert recorder.end.note == "A test case has to make a resource; this makes none."
    assert recorder.states == ["INITIALIZING", "PLANNING"]


async def test_a_test_that_is_stopped_while_planning_makes_nothing(
    stores: Stores, folder: Path, host: Host
) -> None:
    recorder = Recorder(after_plan=Next.STOP)
    await carry(a_test(stores, FINE), recorder, folder, host)
    assert recorder.end.state == "STOPPED"
    assert recorder.states == ["INITIALIZING", "PLANNING"]
