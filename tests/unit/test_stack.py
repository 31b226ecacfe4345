from datetime import UTC, datetime, timedelta

import pytest
from tests.support.stacks import ADA, BOB, a_spec

from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.ids import ROOT, StackId
from stackyard.stacks import Stack, StackLockedError, StackSpec, StackState
from stackyard.stacks.errors import (
    CommitNameError,
    StackDeletingError,
    StackProtectedError,
    StackVendorUnsupportedError,
)
from stackyard.stacks.model.commit import TrackedCommit
from stackyard.stacks.model.vendors import (
    Ansible,
    OpenTofu,
    Terraform,
    TerraformTool,
    Vendor,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)


def a_stack(spec: StackSpec | None = None) -> Stack:
    return Stack.create(
        StackId("net"), spec or a_spec(), space_id=ROOT, manages_state=True, at=NOON
    )


def test_a_lock_keeps_everybody_else_out() -> None:
    stack = a_stack()
    stack.lock(note="mine", by=ADA, at=NOON)

    assert not stack.is_locked_by_other_than(ADA)
    assert stack.is_locked_by_other_than(BOB)
    with pytest.raises(StackLockedError, match="locked by Ada"):
        stack.lock(note=None, by=BOB, at=NOON)


def test_a_namesake_does_not_own_a_lock() -> None:
    stack = a_stack()
    stack.lock(note=None, by=ADA, at=NOON)

    assert stack.is_locked_by_other_than(Subject(SubjectKind.API_KEY, "ada", "Ada"))


def test_an_unlocked_stack_is_unlocked_for_everybody() -> None:
    stack = a_stack()
    stack.lock(note="x", by=ADA, at=NOON)

    assert stack.unlock()
    assert not stack.unlock()
    assert not stack.is_locked_by_other_than(BOB)
    assert (stack.locked_by, stack.lock_note, stack.locked_at) == (None, None, None)


def test_a_protected_stack_is_not_deleted() -> None:
    stack = a_stack(a_spec(protect_from_deletion=True))

    with pytest.raises(StackProtectedError):
        stack.request_deletion(destroy_resources=True, at=NOON)
    assert not stack.deleting


def test_asking_twice_for_deletion_keeps_the_first_time_and_the_stronger_wish() -> None:
    stack = a_stack()
    stack.request_deletion(destroy_resources=True, at=NOON)
    stack.request_deletion(destroy_resources=False, at=LATER)

    assert stack.deletion_requested_at == NOON
    assert stack.destroy_on_delete
    with pytest.raises(StackDeletingError):
        stack.change(a_spec(), space_id=ROOT, at=LATER)


def test_a_stack_forgets_its_commit_when_its_code_is_elsewhere() -> None:
    stack = a_stack()
    stack.tracked_commit = {"hash": "a" * 40}

    stack.change(a_spec(name="Other"), space_id=ROOT, at=LATER)
    kept = stack.tracked_commit
    stack.change(a_spec(branch="next"), space_id=ROOT, at=LATER)

    assert kept == {"hash": "a" * 40}
    assert stack.tracked_commit is None


def test_a_vendor_that_is_not_said_stays() -> None:
    stack = a_stack(a_spec(vendor=Ansible(playbook="site.yml")))

    stack.change(a_spec(), space_id=ROOT, at=LATER)

    assert stack.vendor == Ansible(playbook="site.yml")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("QUEUED", StackState.NONE),
        ("APPLYING", StackState.APPLYING),
        ("CANCELED", StackState.DISCARDED),
    ],
)
def test_a_stack_shows_a_run_in_words_that_stacks_have(
    word: str, state: StackState
) -> None:
    stack = a_stack()
    stack.show_state(word, at=NOON)
    assert stack.state is state


def test_late_news_does_not_overwrite_newer() -> None:
    stack = a_stack()
    stack.show_state("FINISHED", at=LATER)
    stack.show_state("PLANNING", at=NOON)
    assert stack.state is StackState.FINISHED


@pytest.mark.parametrize(
    ("vendor", "tool"),
    [
        (Terraform(version="1.5.7"), "terraform"),
        (Terraform(workflow_tool=TerraformTool.OPEN_TOFU), "tofu"),
        (OpenTofu(), "tofu"),
    ],
)
def test_a_worker_is_told_which_binary(vendor: Vendor, tool: str) -> None:
    assert a_stack(a_spec(vendor=vendor)).tool_name() == tool


@pytest.mark.parametrize(
    "vendor",
    [Ansible(playbook="x"), Terraform(workflow_tool=TerraformTool.CUSTOM)],
)
def test_what_no_worker_can_run_yet_says_so(vendor: Vendor) -> None:
    with pytest.raises(StackVendorUnsupportedError):
        a_stack(a_spec(vendor=vendor)).tool_name()


@pytest.mark.parametrize("name", ["", "main", "-x", "abc", "g" * 40, "a" * 65])
def test_what_is_no_hash_names_no_commit(name: str) -> None:
    with pytest.raises(CommitNameError):
        TrackedCommit(name)
