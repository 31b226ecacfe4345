"""Where throw-away servers keep their files: in memory, where there is enough of it.

Cloning a database makes hundreds of small files. On a disk that took half a second for
each test, in memory 20 ms.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - folders in it are made by tempfile
_ENOUGH: Final = 4 * 2**30  # bytes; a container often gives it only 64 MB


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Lend a folder that PostgreSQL can use, who runs as somebody else than root."""
    with tempfile.TemporaryDirectory(
        prefix="stackyard-postgres-", dir=_room(), ignore_cleanup_errors=True
    ) as place:
        folder = Path(place)
        folder.chmod(0o755)
        yield folder


def _room() -> str | None:
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)):
        return None
    # as root PostgreSQL runs from a copy of its programs, in that folder
    runs_programs = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    roomy = shutil.disk_usage(_MEMORY).free > _ENOUGH
    return str(_MEMORY) if runs_programs and roomy else None
