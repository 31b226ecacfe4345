"""A commit made of file changes, without a clone: what the API's revisions are."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stackyard.kernel.ids import RepoId
from stackyard.vcs.errors import RevisionError

MOST_FILES: Final = 1_000
MOST_BYTES: Final = 20 * 1024 * 1024
_LONGEST_PATH: Final = 1_024
_LONGEST_PART: Final = 255
_LONGEST_TEXT: Final = 64 * 1024
_MODES: Final = {"644": "0644", "0644": "0644", "755": "0755", "0755": "0755"}
# What HFS+ and NTFS take for `.git`: a clone on a laptop must not be taken over.
_IGNORED: Final = re.compile(
    "[\u200c-\u200f\u202a-\u202e\u2066-\u2069\u206a-\u206f\ufeff]"
)
_GIT_FOLDER: Final = re.compile(r"(\.git|git~[0-9]+)[. ]*(:.*)?", re.IGNORECASE)


class FileAction(StrEnum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file of a revision. Without an action, make it or replace it.

    Without a mode or content an existing file keeps the one it has, and without a
    word on encryption it stays sealed or in the clear.
    """

    path: str
    content: bytes | None = field(default=None, repr=False)
    mode: str | None = None
    encrypt: bool | None = None
    action: FileAction | None = None

    @classmethod
    def parse(
        cls,
        *,
        path: str,
        content: str | None = None,
        encrypt: bool | None = None,
        file_mode: str | None = None,
        action: FileAction | None = None,
    ) -> "FileChange":
        """Read a file of the API, whose content is base64."""
        if file_mode and file_mode not in _MODES:
            _refuse(f'the mode of "{path}" is neither 0644 nor 0755')
        return cls(
            path=path,
            content=None if content is None else _decoded(path, content),
            mode=_MODES[file_mode] if file_mode else None,
            encrypt=encrypt,
            action=action,
        )

    def __post_init__(self) -> None:
        if problem := path_problem(self.path):
            _refuse(problem)
        if self.action is FileAction.CREATE and self.content is None:
            _refuse(f'the new file "{self.path}" has no content')


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRevision:
    repo_id: RepoId
    message: str
    author_name: str
    files: Sequence[FileChange]
    author_email: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if not self.message.strip():
            _refuse("the message is empty")
        if len(self.text) > _LONGEST_TEXT:
            _refuse("the message is too long")
        _check_author(self.author_name, self.author_email)
        _check_files(self.files)

    @property
    def text(self) -> str:
        """Return the commit's whole message."""
        parts = (self.message.strip(), self.description.strip())
        return "\n\n".join(part for part in parts if part) + "\n"


def path_problem(path: str) -> str | None:
    """Say why *path* cannot be a file's, or None. Paths are relative, with `/`."""
    if not path or len(path) > _LONGEST_PATH:
        return "a path is empty or too long"
    if "\\" in path or not path.isprintable():
        return f"the path {path!r} holds a backslash or a control character"
    for part in path.split("/"):
        bare = _IGNORED.sub("", part)
        if part in {"", ".", ".."} or len(part.encode()) > _LONGEST_PART:
            return f'the path "{path}" is not a plain relative path'
        if _GIT_FOLDER.fullmatch(bare):
            return f'the path "{path}" leads into git\'s own folder'
    return None


def _check_author(name: str, email: str) -> None:
    if not name.strip():
        _refuse("the author has no name")
    for text in (name, email):
        if not text.isprintable() or set(text) & set("<>"):
            _refuse("the author's name or address holds odd characters")


def _check_files(files: Sequence[FileChange]) -> None:
    if not 0 < len(files) <= MOST_FILES:
        _refuse(f"it needs between 1 and {MOST_FILES} files")
    if sum(len(file.content or b"") for file in files) > MOST_BYTES:
        _refuse(f"its files hold more than {MOST_BYTES} bytes; use git push")
    paths = [file.path for file in files]
    if len(set(paths)) < len(paths):
        _refuse("it names a file twice")


def _decoded(path: str, content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RevisionError(problem=f'the content of "{path}" is not base64') from error


def _refuse(problem: str) -> None:
    raise RevisionError(problem=problem)
