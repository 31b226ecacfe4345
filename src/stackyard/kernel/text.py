"""What a text must be to be kept, and to name a place below a folder."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Final

CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")


def storable(text: str) -> bool:
    """Whether PostgreSQL can keep *text*: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def label_problems(labels: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the labels of something, whatever it is."""
    if not all(label.strip() for label in labels):
        yield "labels: a label must not be empty"
    if len(set(labels)) < len(labels):
        yield "labels: must not name the same thing twice"


def clean_path(path: str) -> bool:
    """Whether *path* names one place below a folder, in one way, and stays there."""
    return (
        bool(path)
        and not path.startswith("/")
        and "\\" not in path
        and not CONTROLS.search(path)
        and path not in {".", ".."}
        and not path.startswith("../")
        and posixpath.normpath(path) == path
    )
