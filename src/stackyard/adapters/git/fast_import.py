"""A revision as a stream for `git fast-import`, which makes it in one process.

What is there already decides: a file is not made twice, nothing that is missing is
changed, and no file silently takes the place of a folder.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from stackyard.vcs import (
    DEFAULT_BRANCH,
    FileAction,
    FileChange,
    NewRevision,
    RevisionError,
)

BRANCH: Final = f"refs/heads/{DEFAULT_BRANCH}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is at a path: its mode, and its object's type and name."""

    mode: str
    kind: str
    name: str


Tree = dict[str, Entry]


def paths_to_ask(revision: NewRevision) -> list[str]:
    """Return every path whose presence matters: the files and their folders."""
    return sorted({p for file in revision.files for p in _with_folders(file.path)})


def parse_tree(output: bytes) -> Tree:
    """Read what `git ls-tree -z` printed."""
    tree = {}
    for line in filter(None, output.decode(errors="replace").split("\0")):
        described, path = line.split("\t", 1)
        mode, kind, name = described.split(" ")
        tree[path] = Entry(mode, kind, name)
    return tree


def check(revision: NewRevision, tree: Tree) -> None:
    """Raise `RevisionError` if the changes do not fit what is there."""
    for file in revision.files:
        _check_file(file, tree)
    deleted = {f.path for f in revision.files if f.action is FileAction.DELETE}
    written = {f.path for f in revision.files} - deleted
    for path in written:
        for folder in _with_folders(path)[:-1]:
            there = folder in tree and tree[folder].kind != "tree"
            if folder in written or (there and folder not in deleted):
                problem = f'"{folder}" is a file, so "{path}" cannot be in it'
                raise RevisionError(problem=problem)


def render(
    revision: NewRevision, tree: Tree, *, parent: str | None, at: int
) -> Iterator[bytes]:
    author = f"{revision.author_name.strip()} <{revision.author_email.strip()}>"
    yield f"commit {BRANCH}\n".encode()
    yield f"author {author} {at} +0000\n".encode()
    yield f"committer {author} {at} +0000\n".encode()
    yield from _data(revision.text.encode())
    if parent:
        yield f"from {parent}\n".encode()
    for file in _deletions_first(revision.files):
        yield from _file(file, tree)
    yield b"\ndone\n"


def _check_file(file: FileChange, tree: Tree) -> None:
    there = tree.get(file.path)
    if there and there.kind != "blob":
        raise RevisionError(problem=f'"{file.path}" is a folder')
    if there and file.action is FileAction.CREATE:
        raise RevisionError(problem=f'"{file.path}" exists already')
    if there is None and (_changes(file) or file.content is None):
        raise RevisionError(problem=f'"{file.path}" does not exist')


def _changes(file: FileChange) -> bool:
    return file.action in {FileAction.UPDATE, FileAction.DELETE}


def _deletions_first(files: Iterable[FileChange]) -> list[FileChange]:
    """A folder can take the place of a file that goes in the same revision."""
    return sorted(files, key=lambda file: file.action is not FileAction.DELETE)


def _file(file: FileChange, tree: Tree) -> Iterator[bytes]:
    path = _quoted(file.path)
    if file.action is FileAction.DELETE:
        yield b"D " + path + b"\n"
        return
    there = tree.get(file.path)
    mode = f"10{file.mode}" if file.mode else (there.mode if there else "100644")
    if file.content is None:
        assert there is not None  # noqa: S101 - `check` has seen to it
        yield f"M {mode} {there.name} ".encode() + path + b"\n"
    else:
        yield f"M {mode} inline ".encode() + path + b"\n"
        yield from _data(file.content)


def _data(content: bytes) -> Iterator[bytes]:
    yield b"data %d\n" % len(content)
    yield content
    yield b"\n"


def _quoted(path: str) -> bytes:
    return b'"' + path.replace('"', '\\"').encode() + b'"'  # holds no backslash


def _with_folders(path: str) -> list[str]:
    return list(accumulate(path.split("/"), lambda folder, name: f"{folder}/{name}"))
