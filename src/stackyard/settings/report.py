"""Read a process's settings, or say every problem at once and stop."""

import sys
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from pydantic import ValidationError

from stackyard.settings.parts import Common

EXIT_CODE: Final = 2
SettingsT = TypeVar("SettingsT", bound=Common)


@dataclass(frozen=True, slots=True)
class Problem:
    """One variable and what is wrong with it; never its value."""

    variable: str
    problem: str


class SettingsError(Exception):
    """Some environment variables are missing or wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        said = "; ".join(f"{one.variable} {one.problem}" for one in problems)
        super().__init__(said)
        self.problems = problems


def load(kind: type[SettingsT]) -> SettingsT:
    """Read *kind* from the environment; raises `SettingsError` with all problems."""
    try:
        return kind()
    except ValidationError as error:
        details = error.errors(
            include_input=False, include_url=False, include_context=False
        )
        problems = tuple(
            Problem(str(detail["loc"][0]).upper(), _said(detail["type"], detail["msg"]))
            for detail in details
        )
    # outside the handler: the library's error holds the values as its context
    raise SettingsError(problems)


def load_or_exit(kind: type[SettingsT]) -> SettingsT:
    """Read *kind*, or log one line per problem and end the process with status 2."""
    try:
        return load(kind)
    except SettingsError as error:
        log = structlog.get_logger("stackyard.settings")
        for one in error.problems:
            log.critical("settings.refused", variable=one.variable, problem=one.problem)
    sys.exit(EXIT_CODE)


def _said(kind: str, message: str) -> str:
    if kind == "missing":
        return "is required"
    text = message.removeprefix("Value error, ")
    return text if text != message else f"{text[:1].lower()}{text[1:]}"
