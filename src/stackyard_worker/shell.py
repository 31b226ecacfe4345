"""One shell session per phase: hooks and command joined by `&&`, exports kept.

The environment is set by the script itself. So it is in no argument list, which any
user of the machine could read, and no loader variable of a run reaches a program
that still has rights of ours.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

SCRIPT: Final = "phase.sh"
DUMP: Final = "environment"
RESULT: Final = "result"

# However the shell ends: what it exports, and how far it came.
_TRAP: Final = (
    "trap 'stackyard_code=$?; trap - EXIT;"
    f' command -p env -0 >"$stackyard_control/{DUMP}";'
    f' echo "$stackyard_step $stackyard_code" >"$stackyard_control/{RESULT}";'
    " exit $stackyard_code' EXIT"
)


@dataclass(frozen=True, slots=True)
class Step:
    name: str  # as it is called when it fails
    command: str


def hook_steps(name: str, commands: Sequence[str]) -> list[Step]:
    return [
        Step(f"Hook {number} of {name}", command)
        for number, command in enumerate(commands, 1)
    ]


def script(
    environment: Mapping[str, str], folder: str, steps: Sequence[Step], control: str
) -> bytes:
    """Return the session as a script that leaves its result and exports in *control*.

    A hook stands on lines of its own, so that a comment at its end hides nothing.
    """
    lines = [f"export {name}={quoted(value)}" for name, value in environment.items()]
    lines += [
        "stackyard_step=-1",
        f"stackyard_control={quoted(control)}",
        _TRAP,
        f"cd -- {shlex.quote(folder)} || exit 1",
    ]
    for number, step in enumerate(steps):
        lines += [f"stackyard_step={number} && {{", step.command, "} &&"]
    lines += [f"stackyard_step={len(steps)}", ""]
    return "\n".join(lines).encode(errors="surrogateescape")


def quoted(value: str) -> str:
    """Quote even what looks harmless: `~` is expanded after an equals sign."""
    return "'" + value.replace("\0", "").replace("'", "'\"'\"'") + "'"


@dataclass(frozen=True, slots=True)
class Result:
    """`step` is the last one begun; equal to their number when all went well."""

    step: int
    code: int


def parse_result(text: bytes | None) -> Result | None:
    """Read what the script left; None: it was killed, or replaced itself."""
    words = (text or b"").split()
    try:
        step, code = (int(word) for word in words)
    except ValueError:
        return None
    return Result(step, code)
