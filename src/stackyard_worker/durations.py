"""Durations as Go writes them, since that is how operators have set them for years."""

import re
from fractions import Fraction
from typing import Final

_UNITS: Final = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),  # U+00B5
    "μs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_PART: Final = re.compile(
    rf"(\d+(?:\.\d*)?|\.\d+)({'|'.join(_UNITS)})(?![a-zµμ])",
    re.ASCII,
)


def parse_duration(text: str) -> float:
    """Return the seconds of `70m`, `1h30m`, `1.5s`, `-3us` or `0`.

    Raises `ValueError` for anything that Go would refuse.
    """
    body = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if body == "0":
        return 0.0
    total, at = Fraction(0), 0
    while found := _PART.match(body, at):
        number, unit = found.groups()
        total += Fraction(number.removesuffix(".")) * _UNITS[unit]
        at = found.end()
    if at == 0 or at != len(body):
        raise ValueError("not a duration such as 70m or 1h30m")
    return float(-total if text.startswith("-") else total)


def format_duration(seconds: float) -> str:
    """Return whole seconds as `1h10m`, `7m`, `1m30s`; less than ten with fractions."""
    if seconds < 10:  # noqa: PLR2004 - where a fraction stops to matter
        return f"{seconds:g}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number)
