"""What blueprints, templates, versions and deployments are all described by."""

from collections.abc import Iterator, Sequence
from typing import Final

from stackyard.kernel.ids import slugify
from stackyard.kernel.text import label_problems as usual_problems
from stackyard.kernel.text import storable

LONGEST_NAME: Final = 256
LONGEST_TEXT: Final = 64 * 1024


def name_problems(name: str) -> Iterator[str]:
    if not storable(name):
        yield "name: must be text without NUL characters"
    elif not slugify(name):
        yield "name: must have a letter a-z or a digit"
    if len(name) > LONGEST_NAME:
        yield f"name: at most {LONGEST_NAME} characters"


def text_problems(field: str, text: str | None) -> Iterator[str]:
    if text is None:
        return
    if not storable(text):
        yield f"{field}: must be text without NUL characters"
    if len(text) > LONGEST_TEXT:
        yield f"{field}: at most {LONGEST_TEXT} characters"


def label_problems(labels: Sequence[str]) -> Iterator[str]:
    if not all(storable(label) for label in labels):
        yield "labels: must be text without NUL characters"
    yield from usual_problems(labels)
    yield from (
        f"labels: at most {LONGEST_NAME} characters each"
        for label in labels
        if len(label) > LONGEST_NAME
    )
