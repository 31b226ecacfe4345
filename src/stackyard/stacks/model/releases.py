"""Which versions of the tools there are, for people to choose from.

`releases.txt` is the list. A worker may have others; a stack is not kept from asking.
"""

import re
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

Version: TypeAlias = tuple[int, int, int]

_LINE: Final = re.compile(
    r"(?P<tool>[a-z]+) (?P<major>\d+)\.(?P<minor>\d+) (?P<all>.+)"
)
_PATCHES: Final = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+))?")


class ReleasedTool(StrEnum):
    KUBECTL = "kubectl"
    OPENTOFU = "opentofu"
    TERRAFORM = "terraform"
    TERRAGRUNT = "terragrunt"


@cache
def releases(tool: ReleasedTool) -> tuple[Version, ...]:
    """Return the versions of *tool*, the newest first."""
    text = files("stackyard.stacks").joinpath("releases.txt").read_text("utf-8")
    return tuple(sorted(_of(text, tool), reverse=True))


def released(tool: ReleasedTool) -> list[str]:
    return [shown(version) for version in releases(tool)]


def shown(version: Version) -> str:
    return ".".join(map(str, version))


def _of(text: str, tool: ReleasedTool) -> list[Version]:
    lines = (_LINE.fullmatch(line) for line in text.splitlines())
    return [
        (int(line["major"]), int(line["minor"]), patch)
        for line in lines
        if line and line["tool"] == tool
        for found in _PATCHES.finditer(line["all"])
        for patch in range(
            int(found["first"]), int(found["last"] or found["first"]) + 1
        )
    ]
