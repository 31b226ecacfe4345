"""Bring the code to `workspace/source`: an archive by us, git inside the sandbox."""

import asyncio
import base64
import re
import shlex
from pathlib import Path
from typing import Final

from stackyard_protocol.job import Archive, GitClone
from stackyard_worker.archive import Bounds, Unpacker
from stackyard_worker.environment import PATH, Place, passed_through
from stackyard_worker.errors import LegFailedError
from stackyard_worker.host import Host, Limits
from stackyard_worker.room import Room
from stackyard_worker.session import Sessions
from stackyard_worker.shell import Step
from stackyard_worker.transfer import download

_URL: Final = re.compile(r"([a-z]+)://[^\s\x00-\x20\x7f-]\S*\Z")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_EVERYTHING: Final = "'+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'"


async def fetch_archive(archive: Archive, room: Room, limits: Limits) -> list[str]:
    """Download, verify and unpack the tree; return what encrypted files hold."""
    file = room.folder / "source.tar.gz"
    await download(
        archive.url,
        file,
        sha256=archive.sha256,
        most=limits.source_bytes,
        seconds=limits.transfer_seconds,
    )
    bounds = Bounds(limits.members, limits.unpacked_bytes)
    unpacker = Unpacker(
        room.source,
        bounds,
        room.owner,
        in_folder=archive.in_folder,
        file_key=base64.b64decode(archive.file_key) or None,
    )
    await asyncio.to_thread(_unpack, unpacker, file)
    file.unlink()
    return [one.decode(errors="surrogateescape") for one in unpacker.opened]


def _unpack(unpacker: Unpacker, file: Path) -> None:
    with file.open("rb") as content:
        unpacker.unpack(content)


async def clone(source: GitClone, sessions: Sessions, host: Host) -> None:
    """Fetch exactly the commit, alone if the server allows it.

    git runs in the sandbox: a url is whatever somebody typed in.
    """
    scheme = _URL.match(source.url)
    if scheme is None or scheme[1] not in host.git_protocols:
        raise LegFailedError("The repository's url is not one that we clone from.")
    if not _COMMIT.match(source.commit):
        raise LegFailedError("The commit to fetch is not a full hash.")
    place = sessions.driver.place
    ran = await sessions.run(
        [Step("Fetching the repository", _commands(source))],
        _environment(place, host),
        f"{place.workspace}/source",
        seconds=host.limits.clone_seconds,
    )
    if ran.failure is not None:
        raise LegFailedError(ran.failure)


def _commands(source: GitClone) -> str:
    url, commit = shlex.quote(source.url), shlex.quote(source.commit)
    git = "git -c core.hooksPath=/dev/null -c advice.detachedHead=false"
    fetch = f"{git} fetch --quiet --no-tags --no-recurse-submodules"
    return (
        f"{git} init --quiet . && "
        # not every server gives out a commit by its hash
        f"{{ {fetch} --depth 1 -- {url} {commit} || {fetch} -- {url} {_EVERYTHING}; }}"
        f" && {git} checkout --quiet --detach {commit} --"
    )


def _environment(place: Place, host: Host) -> dict[str, str]:
    """Nothing of the stack's: it could name programs for git to run."""
    return {
        **passed_through(host),  # proxies, authorities
        "PATH": PATH,
        "HOME": place.home,
        "LANG": "C.UTF-8",
        "GIT_ALLOW_PROTOCOL": ":".join(host.git_protocols),
        "GIT_ASKPASS": "true",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
        "GIT_HTTP_LOW_SPEED_TIME": "60",
        "GIT_TERMINAL_PROMPT": "0",
    }


def find_project(room: Room, project_root: str) -> str:
    """Return the project's folder, relative to the workspace, without links.

    The repository may hold links, so the path is resolved before it is judged.
    """
    top = room.workspace.resolve() / room.source.name
    if top.is_symlink():  # left there by an earlier leg
        raise LegFailedError("The repository's folder has been replaced by a link.")
    folder = (top / project_root.strip("/")).resolve()
    if not folder.is_relative_to(top):
        raise LegFailedError(
            f"The project root {project_root!a} leaves the repository."
        )
    if not folder.is_dir():
        raise LegFailedError(
            f"The project root {project_root!a} is not a folder of the repository."
        )
    return str(folder.relative_to(room.workspace.resolve()))
