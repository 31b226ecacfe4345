"""What git prints about files and commits, read into values."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from stackyard.adapters.git.process import Git, OutputTooLargeError
from stackyard.vcs import Commit, FileTooLargeError, FileVersion

COMMIT_FORMAT: Final = "--format=%H%n%an%n%ct%n%B"
_NOTHING: Final = "000000"
_BATCH_HEADER: Final = re.compile(rb"([0-9a-f]{40}) blob ([0-9]+)\n")


def arguments(limit: int) -> list[str]:
    """Return how to ask for the history that `parse` reads."""
    return [
        "log",
        "-z",
        "--first-parent",
        "-m",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "--encoding=UTF-8",
        "--format=%H%x00%an",
        f"--max-count={limit}",
    ]


def parse(output: bytes, path: str) -> list[FileVersion]:
    """Read: hash, author, then a line of raw difference and a path, per file."""
    tokens = iter(output.decode(errors="replace").split("\0"))
    found = []
    for sha in tokens:
        if not sha:
            continue
        author = next(tokens)
        found += [
            FileVersion(sha, author, mode, blob)
            for mode, blob, name in _differences(tokens, sha)
            if name == path
        ]
    return found


def _differences(
    tokens: Iterator[str], _sha: str
) -> Iterator[tuple[str | None, str | None, str]]:
    difference = next(tokens).lstrip("\n")
    _, mode, _, blob, _ = difference.split(" ")
    name = next(tokens)
    gone = mode == _NOTHING
    yield (None if gone else mode[2:], None if gone else blob, name)


async def read_blobs(
    git: Git, repository: Path, names: Sequence[str], *, limit: int
) -> dict[str, bytes]:
    """Return files' contents, or raise `FileTooLargeError` beyond *limit* bytes."""
    if not names:
        return {}
    try:
        output = await git.run(
            f"--git-dir={repository}",
            "cat-file",
            "--batch",
            stdin="".join(f"{name}\n" for name in names).encode(),
            limit=limit + 100 * len(names),
        )
    except OutputTooLargeError as error:
        raise FileTooLargeError(limit=limit) from error
    return parse_blobs(output)


def parse_blobs(output: bytes) -> dict[str, bytes]:
    blobs: dict[str, bytes] = {}
    position = 0
    while header := _BATCH_HEADER.match(output, position):
        start, size = header.end(), int(header[2])
        blobs[header[1].decode()] = output[start : start + size]
        position = start + size + 1
    return blobs


def parse_commits(output: bytes) -> list[Commit]:
    """Read commits that were printed with `COMMIT_FORMAT` and -z."""
    commits = []
    for record in output.decode(errors="replace").split("\0"):
        if not record:
            continue
        sha, author, seconds, message = record.split("\n", 3)
        commits.append(Commit.shown(sha, message, author, int(seconds)))
    return commits
