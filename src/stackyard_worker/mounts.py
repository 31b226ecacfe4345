"""Files of the stack that are put below the workspace root before anything runs."""

import base64
import binascii
from typing import Final

from stackyard_protocol.job import MountedFile
from stackyard_worker import beneath
from stackyard_worker.errors import LegFailedError, UnsafePathError
from stackyard_worker.room import Room

OIDC_FILE: Final = "spacelift.oidc"  # below the workspace root

_CLI_CONFIG: Final = ".terraformrc"


def contents(files: list[MountedFile], most: int) -> dict[str, bytes]:
    """Decode every file, or say which one is not usable."""
    return {file.path: _content(file, most) for file in files}


def mount(room: Room, files: list[MountedFile], most: int) -> None:
    """Write the files; they may replace files of the repository."""
    found = contents(files, most)
    for file in files:
        mode = 0o600 if file.secret else 0o644
        try:
            beneath.write(
                room.workspace, file.path, found[file.path], mode=mode, owner=room.owner
            )
        except (UnsafePathError, OSError):
            raise LegFailedError(
                f"The mounted file {file.path!a} can't be written: its path leaves the"
                " workspace, or something else is in its place."
            ) from None


def configure_cli(room: Room, files: list[MountedFile], most: int) -> None:
    """Join all mounted `*.terraformrc` to the one that Terraform reads."""
    found = contents(files, most)
    parts = [found[path] for path in found if path.endswith(_CLI_CONFIG)]
    if parts:
        beneath.write(
            room.home, _CLI_CONFIG, b"\n".join(parts), mode=0o600, owner=room.owner
        )


def leave_token(room: Room, token: str) -> None:
    """Put the token by which clouds know the run where their tools are told to look."""
    try:
        beneath.write(
            room.workspace, OIDC_FILE, token.encode(), mode=0o600, owner=room.owner
        )
    except (UnsafePathError, OSError):
        raise LegFailedError(
            f"The token for clouds can't be written: something else is at {OIDC_FILE}."
        ) from None


def _content(file: MountedFile, most: int) -> bytes:
    try:
        content = base64.b64decode(file.content, validate=True)
    except (binascii.Error, ValueError):
        raise LegFailedError(
            f"The mounted file {file.path!a} is not valid base64."
        ) from None
    if len(content) > most:
        raise LegFailedError(
            f"The mounted file {file.path!a} is longer than {most} bytes."
        )
    return content
