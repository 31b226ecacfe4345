"""What the documents of real clients were answered, for as long as the tests run.

Every client of the tests listens to its own answers. A document counts as answered
once a server said something to it, and no error: being named in a test, or only ever
refused, is not enough. What is refused or empty in truth is listed here, once, and the
list is wrong as soon as one of them is answered.
"""

import json
import re
from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.support import inputs

TESTS: Final = Path(__file__).parents[1]
CLIENTS: Final = TESTS / "operations"
SENDING: Final = (TESTS / "acceptance", TESTS / "platform")  # whose tests send them
_NAMED: Final = re.compile(r"^(query|mutation) \w+")


class Outcome(IntEnum):
    """The best that a document came by; the better one is the greater."""

    UNSENT = 0
    REFUSED = 1
    EMPTY = 2
    ANSWERED = 3


SEEN: Final[dict[str, Outcome]] = {}
ROUNDS: Final = inputs.Rounds()
# What is not answered, and why that is right.
KNOWN: Final[Mapping[str, tuple[Outcome, str]]] = {
    "docs/OauthUser": (
        Outcome.REFUSED,
        "nobody signs in with another provider's token",
    ),
    "spacectl/PolicyMcpRegisterGetPolicySampleTool": (
        Outcome.EMPTY,
        "no policy is evaluated, so there are no samples",
    ),
    "spacectl/PolicySimulateSimulate": (
        Outcome.REFUSED,
        "there is no policy engine yet",
    ),
    "spacectl/RunExternalDependencyMarkCompletedMarkRunExternalDependencyAsCompleted": (
        Outcome.REFUSED,
        "no policy declares what a run waits for, as none is evaluated",
    ),
    "spacectl/SessionGithubTokenExchange": (
        Outcome.REFUSED,
        "nobody signs in with another provider's token",
    ),
}


def hear(response: httpx.Response) -> None:
    """Take note of what a client was answered: a hook of its HTTP client."""
    if response.request.url.path == "/graphql":
        response.read()
        _note(response)


async def hear_async(response: httpx.Response) -> None:
    if response.request.url.path == "/graphql":
        await response.aread()
        _note(response)


def oneline(text: str) -> str:
    """Return a document as it is sent by clients: in one line, and without a name."""
    return _NAMED.sub(r"\1", " ".join(text.split()))


@cache
def documents() -> dict[str, list[str]]:
    """Return what each text is called: some clients send the very same one."""
    found: dict[str, list[str]] = {}
    for path in CLIENTS.glob("*/*.graphql"):
        name = f"{path.parent.name}/{path.stem}"
        found.setdefault(oneline(path.read_text()), []).append(name)
    return found


def _note(response: httpx.Response) -> None:
    try:
        asked, said = _read(response.request.content), _read(response.content)
    except httpx.RequestNotRead:  # it was sent piece by piece: no client does
        return
    text, outcome = oneline(str(asked.get("query"))), outcome_of(said)
    for name in documents().get(text, ()):
        merge({name: outcome})
        if outcome is not Outcome.REFUSED:
            ROUNDS.note(text, asked.get("variables") or {}, said["data"])


def _read(body: bytes) -> dict[str, Any]:
    """Return what it says, if it says anything: some tests send rubbish."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def outcome_of(said: Mapping[str, Any]) -> Outcome:
    if "errors" in said or not said.get("data"):
        return Outcome.REFUSED
    return Outcome.ANSWERED if _says_something(said["data"]) else Outcome.EMPTY


def _says_something(said: Any) -> bool:
    match said:
        case dict():
            return any(map(_says_something, said.values()))
        case list():
            return any(map(_says_something, said))
        case _:
            return said is not None


def merge(seen: Mapping[str, int]) -> None:
    """Add what was seen elsewhere."""
    for name, outcome in seen.items():
        SEEN[name] = max(Outcome(outcome), SEEN.get(name, Outcome.UNSENT))


def unlike(
    seen: Mapping[str, Outcome], known: Mapping[str, tuple[Outcome, str]] = KNOWN
) -> list[str]:
    """Return a line for each document that came by another outcome than it should."""
    lines = []
    for name in sorted(name for names in documents().values() for name in names):
        wanted, why = known.get(name, (Outcome.ANSWERED, ""))
        came_by = seen.get(name, Outcome.UNSENT)
        if came_by is not wanted:
            because = f": {why}" if why else ""
            lines.append(f"{name} is {came_by.name}, not {wanted.name}{because}")
    return lines


def is_whole(files: set[str]) -> bool:
    """Say whether these are all whose tests send documents."""
    needed = (path for folder in SENDING for path in folder.glob("test_*.py"))
    return files >= {in_folder(path) for path in needed}


def in_folder(path: Path) -> str:
    """Return its name, and its folder's: some are called alike."""
    return f"{path.parent.name}/{path.name}"


class Reckoning:
    """The end of a run of the tests: all of those that send documents, or it is mute.

    Of several processes each hands what it heard to the one that started them.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.files, self.lines = config, set[str](), list[str]()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {})
        merge(output.get("documents", {}))
        ROUNDS.back.update(output.get("inputs", ()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.files.add(in_folder(Path(report.nodeid.partition("::")[0])))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["documents"] = {name: int(one) for name, one in SEEN.items()}
            output["inputs"] = sorted(ROUNDS.back)
        elif session.exitstatus == pytest.ExitCode.OK and self._is_whole():
            self.lines = unlike(SEEN) + inputs.unlike(documents(), ROUNDS.back)
            if self.lines:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        if self.lines:
            terminalreporter.section("documents of clients", red=True)
            terminalreporter.write_line("\n".join(self.lines))

    def _is_whole(self) -> bool:
        chosen = self.config.option
        return not (chosen.keyword or chosen.markexpr) and is_whole(self.files)
