"""Which files of a revision are stored sealed, and what is stored of them."""

from dataclasses import replace

from stackyard.vcs.model.revision import FileAction, FileChange
from stackyard_protocol.sealed_file import (
    SealedFileError,
    is_sealed,
    open_file,
    seal_file,
)


def as_stored(change: FileChange, there: bytes | None, key: bytes) -> FileChange:
    """Return the change of what git holds; *there* is what it holds now.

    Without a word on encryption a file stays as it is. What would say the same again
    is left as it is, too: sealed anew, it would look like another file.
    """
    if change.action is FileAction.DELETE:
        return change
    was = opened(there, key)
    seal = change.encrypt if change.encrypt is not None else was is not None
    if change.content is None:
        return (
            _toggled(change, there, was, key) if seal != (was is not None) else change
        )
    if not seal or opened(change.content, key) is not None:
        return change
    if change.content == was and change.action is not FileAction.CREATE:
        return replace(change, content=None)
    return replace(change, content=seal_file(key, change.content))


def opened(stored: bytes | None, key: bytes | None) -> bytes | None:
    """Return a sealed file in the clear; None if it is none of this repository's."""
    if stored is None or key is None or not is_sealed(stored):
        return None
    try:
        return open_file(key, stored)
    except SealedFileError:
        return None


def _toggled(
    change: FileChange, there: bytes | None, was: bytes | None, key: bytes
) -> FileChange:
    if there is None:
        return change  # git will say that there is no such file
    return replace(change, content=seal_file(key, there) if was is None else was)
