"""Find the `terraform` or `tofu` that a stack asks for among what the machine has.

Nothing is downloaded here. A binary is asked for its version inside the sandbox, and
not again as long as the file stays the same.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stackyard_protocol.job import Tool
from stackyard_worker.environment import PATH
from stackyard_worker.errors import LegFailedError
from stackyard_worker.host import Host
from stackyard_worker.session import Sessions
from stackyard_worker.shell import Step
from stackyard_worker.versions import Version, parse, satisfies

_ANSWER: Final = "version.json"

# (path, size, time of change) → version. The same for every leg of the process.
_known: dict[tuple[str, int, int], Version] = {}


@dataclass(frozen=True, slots=True)
class FoundTool:
    name: str
    path: Path
    version: Version


async def find(
    tool: Tool, host: Host, sessions: Sessions, environment: Mapping[str, str]
) -> FoundTool:
    """Return the first binary whose version the stack accepts, or say what there is."""
    seen: list[str] = []
    for path in _candidates(tool.name, host):
        version = await _version(path, host, sessions, environment)
        if version is None:
            continue
        if _accepts(tool, version):
            return FoundTool(tool.name, path, version)
        seen.append(str(version))
    wanted = f"{tool.name} {tool.version}" if tool.version else tool.name
    have = f"It has {tool.name} {', '.join(seen)}." if seen else "It has none."
    raise LegFailedError(f"The worker does not have {wanted}. {have}")


def _accepts(tool: Tool, version: Version) -> bool:
    if tool.version is None:
        return True
    verdict = satisfies(version, tool.version)
    if verdict is None:
        raise LegFailedError(f"{tool.version!a} is not a version or a range of them.")
    return verdict


def _candidates(name: str, host: Host) -> list[Path]:
    places: list[Path] = []
    for folder in host.tool_folders:
        if folder.is_dir():
            inner = sorted(child for child in folder.iterdir() if child.is_dir())
            places += [folder, *inner]
    # of PATH only what the sandbox has as well
    places += [Path(entry) for entry in PATH.split(":")]
    found = [folder / name for folder in places]
    unique = {path.resolve(): path for path in reversed(found) if _is_program(path)}
    return list(reversed(unique.values()))


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _identity(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


async def _version(
    path: Path, host: Host, sessions: Sessions, environment: Mapping[str, str]
) -> Version | None:
    key = _identity(path)
    if key not in _known:
        version = await _ask(path, host, sessions, environment)
        if version is None:
            return None
        _known[key] = version
    return _known[key]


async def _ask(
    path: Path, host: Host, sessions: Sessions, environment: Mapping[str, str]
) -> Version | None:
    answer = f"{sessions.driver.control}/{_ANSWER}"
    step = Step(path.name, f"'{path}' version -json >'{answer}'")
    ran = await sessions.run([step], environment, "/", seconds=host.limits.tool_seconds)
    text = sessions.read(_ANSWER)
    if ran.failure or text is None:
        return None
    try:
        return parse(str(json.loads(text)["terraform_version"]))
    except (ValueError, KeyError, TypeError):
        return None
