"""What is stored of a revision's files, sealed or in the clear."""

import pytest

from stackyard.vcs import FileAction, FileChange
from stackyard.vcs.model import as_stored, opened
from stackyard_protocol.sealed_file import (
    NOTE,
    SealedFileError,
    is_sealed,
    new_key,
    open_file,
    seal_file,
)

KEY = new_key()
SECRET = b'password = "canary"\n'


def change(
    content: bytes | None,
    *,
    encrypt: bool | None,
    action: FileAction | None = FileAction.UPDATE,
) -> FileChange:
    return FileChange(path="a", content=content, encrypt=encrypt, action=action)


def test_a_sealed_file_opens_with_its_key_only_and_unchanged_only() -> None:
    sealed = seal_file(KEY, SECRET)

    assert open_file(KEY, sealed) == SECRET
    assert SECRET not in sealed
    for broken in (sealed[:-1] + b"x", NOTE, NOTE + b"short"):
        with pytest.raises(SealedFileError):
            open_file(KEY, broken)
    with pytest.raises(SealedFileError):
        open_file(new_key(), sealed)


def test_what_is_to_be_encrypted_is_sealed() -> None:
    stored = as_stored(change(SECRET, encrypt=True), None, KEY).content
    assert stored is not None
    assert is_sealed(stored)
    assert opened(stored, KEY) == SECRET


def test_the_same_again_keeps_the_very_object() -> None:
    there = seal_file(KEY, SECRET)
    assert as_stored(change(SECRET, encrypt=True), there, KEY).content is None


def test_a_new_file_that_exists_is_left_to_git_to_refuse() -> None:
    again = change(SECRET, encrypt=True, action=FileAction.CREATE)
    stored = as_stored(again, seal_file(KEY, SECRET), KEY)
    assert stored.action is FileAction.CREATE


@pytest.mark.parametrize("content", [SECRET, None])
def test_encryption_is_switched_on_and_off_by_itself(content: bytes | None) -> None:
    on = as_stored(change(content, encrypt=True), SECRET, KEY).content
    assert opened(on, KEY) == SECRET
    assert as_stored(change(content, encrypt=False), on, KEY).content == SECRET


def test_without_a_word_a_file_stays_sealed_or_in_the_clear() -> None:
    sealed = as_stored(change(b"new", encrypt=None), seal_file(KEY, SECRET), KEY)
    assert opened(sealed.content, KEY) == b"new"
    assert as_stored(change(b"new", encrypt=None), SECRET, KEY).content == b"new"
    assert as_stored(change(None, encrypt=None), seal_file(KEY, b""), KEY) == change(
        None, encrypt=None
    )


def test_what_a_clone_holds_is_not_sealed_twice() -> None:
    copied = change(seal_file(KEY, SECRET), encrypt=True)
    assert as_stored(copied, None, KEY) == copied


def test_what_another_repository_sealed_is_a_file_like_any_other() -> None:
    foreign = seal_file(new_key(), SECRET)
    assert opened(foreign, KEY) is None
    stored = as_stored(change(foreign, encrypt=True), None, KEY).content
    assert opened(stored, KEY) == foreign


def test_what_is_deleted_or_not_there_stays_as_it_was_said() -> None:
    gone = FileChange(path="a", encrypt=True, action=FileAction.DELETE)
    assert as_stored(gone, SECRET, KEY) == gone
    missing = change(None, encrypt=True)
    assert as_stored(missing, None, KEY) == missing
