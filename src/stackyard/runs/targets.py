"""What a targeted plan may be about. Pure."""

import re
from typing import Final

_STEP: Final = r"module\.[\w-]+(?:\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\])?"
_MODULE: Final = re.compile(rf"{_STEP}(?:\.{_STEP})*")


def covers(target: str, address: str) -> bool:
    """Whether *target* is that resource, or the resource or module that holds it."""
    if not address.startswith(target):
        return False
    rest = address[len(target) :]
    if _MODULE.fullmatch(target):
        return rest[:1] in {".", "["}
    return rest[:1] in {"", "["}
