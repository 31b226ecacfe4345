"""What SeaweedFS leaves behind: a socket for each of its inner ports, named after it.

It has no other place for them, whatever it is told. One that is somebody else's it
cannot replace, and its parts would then wait for one another for ever.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_PLACE: Final = Path("/tmp")  # noqa: S108 - not of our choosing


def is_blocked(port: int) -> bool:
    """Whether somebody else has left a socket of this port."""
    return os.geteuid() != 0 and any(map(_is_another_s, _of(port)))


def remove_sockets(ports: Iterable[int]) -> None:
    """Remove what is left of a store that is gone, for the next user's sake."""
    for port in ports:
        for path in _of(port):
            with suppress(OSError):
                path.unlink()


def _is_another_s(path: Path) -> bool:
    try:
        return path.lstat().st_uid != os.geteuid()
    except FileNotFoundError:  # whose store it was has just stopped
        return False


def _of(port: int) -> list[Path]:
    return list(_PLACE.glob(f"seaweedfs-*-grpc-{port}.sock"))
