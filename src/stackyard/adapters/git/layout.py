"""How our bare repositories look on disk.

Written by hand rather than by `git init`, so that nothing of the machine's templates
or configuration gets in. Branches and tags are one file, `packed-refs`, replaced as a
whole: a reader sees all of a push or nothing of it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

from stackyard.vcs import DEFAULT_BRANCH

_REFS: Final = "packed-refs"
_CONFIG: Final = """\
[core]
	repositoryformatversion = 0
	bare = true
	hooksPath = /dev/null
	bigFileThreshold = 32m
[gc]
	auto = 0
[maintenance]
	auto = false
[pack]
	threads = 1
	windowMemory = 64m
[transfer]
	unpackLimit = 1
[fastimport]
	unpackLimit = 0
[receive]
	autogc = false
	fsckObjects = true
	maxInputSize = {max_push}
[receive "fsck"]
	badTimezone = warn
	missingSpaceBeforeDate = warn
	zeroPaddedFilemode = warn
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
"""
# An archive is the whole tree: what a stack's code is must not depend on how its
# author prepares releases.
_ATTRIBUTES: Final = "* -export-ignore -export-subst\n"


def lay_out(folder: Path, *, max_push: int) -> None:
    """Make *folder* an empty bare repository."""
    for name in ("objects/info", "objects/pack", "refs", "info"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text(f"ref: refs/heads/{DEFAULT_BRANCH}\n")
    (folder / "config").write_text(_CONFIG.format(max_push=max_push))
    (folder / "info" / "attributes").write_text(_ATTRIBUTES)
    write_refs(folder, {})


def write_refs(folder: Path, refs: dict[str, str]) -> None:
    lines = [f"{sha} {name}\n" for name, sha in sorted(refs.items())]
    fresh = folder / f"{_REFS}.new"
    fresh.write_text("".join(["# pack-refs with: sorted \n", *lines]))
    fresh.replace(folder / _REFS)


def read_refs(folder: Path) -> dict[str, str]:
    """Read back what `write_refs` wrote, as it was at one moment."""
    lines = (folder / _REFS).read_text().splitlines()
    pairs = (line.split(" ", 1) for line in lines if not line.startswith("#"))
    return {name: sha for sha, name in pairs}


def borrow_objects(folder: Path, *, of: Path) -> None:
    """Let *folder* read the objects of another repository."""
    alternates = folder / "objects" / "info" / "alternates"
    alternates.write_text(f"{of / 'objects'}\n")


def pack_names(folder: Path) -> set[str]:
    found = (folder / "objects" / "pack").glob("pack-*.idx")
    return {path.stem.removeprefix("pack-") for path in found}


def pack_path(folder: Path, name: str, kind: str = "pack") -> Path:
    return folder / "objects" / "pack" / f"pack-{name}.{kind}"


def add_pack(folder: Path, name: str, source: Path) -> None:
    """Link a pack and its index from the folder *source*, the index last.

    Git looks for indexes, so it never sees one whose pack is not there yet.
    """
    for kind in ("pack", "idx"):
        target = pack_path(folder, name, kind)
        if not target.exists():
            os.link(source / f"pack-{name}.{kind}", target)


def remove_pack(folder: Path, name: str) -> None:
    for kind in ("idx", "pack", "rev"):
        pack_path(folder, name, kind).unlink(missing_ok=True)


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder that is gone afterwards; what a crash leaves goes at start."""
    folder = Path(mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)
