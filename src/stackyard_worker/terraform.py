"""The command lines of Terraform and OpenTofu, and the files they leave.

What a command prints for people goes to the log; what we need to know is asked for
as JSON afterwards.
"""

import shlex
from collections.abc import Sequence
from typing import Final

from stackyard_worker.shell import Step

PLAN: Final = "spacelift.plan"
PLAN_JSON: Final = "spacelift.plan.json"
STATE_BEFORE: Final = "spacelift.state.before.json"
STATE_JSON: Final = "state.json"
ERRORED_STATE: Final = "errored.tfstate"

# An override file wins over a backend or a cloud block of the code. Address and
# credentials are in the environment, so neither the plan nor `.terraform` keeps them.
BACKEND_FILE: Final = "stackyard_backend_override.tf"
BACKEND: Final = b'terraform {\n  backend "http" {}\n}\n'

_PLAIN: Final = "-input=false -no-color"
# How long to wait for somebody who holds the lock on the state.
_LOCK: Final = "-lock-timeout=30s"


def init(tool: str) -> Step:
    return Step(f"{tool} init", f"{tool} init {_PLAIN}")


def plan(tool: str, folder: str, targets: Sequence[str], *, lock: bool) -> list[Step]:
    """Plan into a file, and tell it as JSON.

    A run that can't be applied leaves the lock alone: it must not get into the way
    of one that can.
    """
    file, text = _in(folder, PLAN), _in(folder, PLAN_JSON)
    locking = _LOCK if lock else "-lock=false"
    chosen = " ".join(shlex.quote(f"-target={target}") for target in targets)
    return [
        Step(
            f"{tool} plan",
            f"{tool} plan {_PLAIN} {locking} -out={file} {chosen}".strip(),
        ),
        Step(f"{tool} show", f"{tool} show -json -no-color {file} >{text}"),
    ]


def state_aside(tool: str, folder: str) -> tuple[Step, Step]:
    """Tell the state as JSON beside what comes between the two steps."""
    before = _in(folder, STATE_BEFORE)
    show = f"{tool} show -json -no-color >{before} 2>/dev/null || rm -f {before}"
    name = f"{tool} show"
    return Step(name, _aside(show)), Step(name, "wait $stackyard_aside")


def apply(tool: str, folder: str) -> Step:
    """Apply exactly the plan that was made."""
    return Step(f"{tool} apply", f"{tool} apply {_PLAIN} {_LOCK} {_in(folder, PLAN)}")


def destroy(tool: str) -> Step:
    return Step(f"{tool} destroy", f"{tool} destroy -auto-approve {_PLAIN} {_LOCK}")


def show_state(tool: str, control: str) -> Step:
    return Step(
        f"{tool} show", f"{tool} show -json -no-color >{_in(control, STATE_JSON)}"
    )


def _aside(command: str) -> str:
    """Run a command beside those that follow; hooks may have others of their own."""
    return f"{{ {command}; }} & stackyard_aside=$!"


def _in(folder: str, name: str) -> str:
    return shlex.quote(f"{folder}/{name}")
