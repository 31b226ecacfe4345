"""The environment of a phase, from nothing."""

import pytest
from msgspec.structs import replace
from tests.support.legs import PASSWORD, POOL_KEY, a_job
from tests.support.stores import Stores

from stackyard_protocol.job import EnvVar, Job, StateBackend
from stackyard_worker.environment import Place, build, exports, secrets, unusable
from stackyard_worker.host import Host

PLACE = Place("/mnt/workspace", "/home/spacelift", "/tmp", ("/tools",))  # noqa: S108


def job(*environment: EnvVar) -> Job:
    return replace(
        a_job(Stores(), {}), environment=list(environment), state_backend=None
    )


def host(**environ: str) -> Host:
    return Host(POOL_KEY, environ=environ, pass_env=("PROXY", "wo_KEY"))


def test_it_has_nothing_that_nobody_gave() -> None:
    found = build(job(), host(SECRET="x"), PLACE, {}, state="PLANNING")  # noqa: S106
    assert found == {
        "PATH": "/tools:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/home/spacelift",
        "TMPDIR": "/tmp",  # noqa: S108
        "LANG": "C.UTF-8",
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "TF_VAR_spacelift_run_state": "PLANNING",
        "TF_VAR_spacelift_workspace_root": "/mnt/workspace",
    }


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("INITIALIZING", "read"),
        ("PLANNING", "read"),
        ("PERFORMING", "read"),
        ("DESTROYING", "read"),
        ("APPLYING", "write"),
    ],
)
def test_only_applying_is_writing(state: str, expected: str) -> None:
    given = job(EnvVar("ro_X", "read"), EnvVar("wo_X", "write"), EnvVar("X", "plain"))
    found = build(given, host(KEY="k"), PLACE, {}, state=state)
    assert found["X"] == expected
    assert not {"ro_X", "wo_X"} & set(found)
    assert ("KEY" in found) is (expected == "write")


def test_references_are_filled_in_once_and_unknown_ones_stay() -> None:
    given = job(
        EnvVar("A", "<${B}>"),
        EnvVar("B", "${A}"),
        EnvVar("C", "${NONE} $B ${PROXY} ${HOME}"),
    )
    found = build(given, host(PROXY="p"), PLACE, {}, state="PLANNING")
    assert found["A"] == "<${A}>"
    assert found["B"] == "<${B}>"
    assert found["C"] == "${NONE} $B p /home/spacelift"


def test_exports_win_over_the_job_and_the_state_over_everything() -> None:
    given = job(EnvVar("A", "job"), EnvVar("B", "job"))
    exported = {"A": "hook", "B": None, "TF_VAR_spacelift_run_state": "lie"}
    found = build(given, host(), PLACE, exported, state="APPLYING")
    assert found["A"] == "hook"
    assert "B" not in found
    assert found["TF_VAR_spacelift_run_state"] == "APPLYING"


def test_only_what_changed_is_carried_into_the_next_phase() -> None:
    before = {"SAME": "1", "CHANGED": "1", "GONE": "1", "with-dash": "1"}
    dump = (
        b"SAME=1\0CHANGED=2\0NEW=a=b\nc\0PWD=/x\0_=y\0SHLVL=1\0odd-name=1\0BAD=\xff\0"
    )
    assert exports(before, dump) == {
        "CHANGED": "2",
        "NEW": "a=b\nc",
        "BAD": "\udcff",
        "GONE": None,
    }


def test_every_secret_of_a_job_is_known_to_the_masker() -> None:
    given = replace(
        job(EnvVar("A", "hidden", secret=True), EnvVar("B", "shown")),
        state_backend=StateBackend("http://x", "run", PASSWORD),
        oidc_token="for-clouds",  # noqa: S106 - of no cloud
    )
    worker = Host(POOL_KEY, environ={"M": "host-hidden"}, mask_env=("M", "NONE"))
    assert secrets(given, worker) == [
        "hidden",
        "host-hidden",
        "the-token-of-the-leg",
        "for-clouds",
        PASSWORD,
    ]


def test_names_that_no_shell_can_export_are_told() -> None:
    assert unusable(["OK_1", "a-b", "1A", "x=y", "ok\n"]) == [
        "1A",
        "a-b",
        "ok\n",
        "x=y",
    ]
