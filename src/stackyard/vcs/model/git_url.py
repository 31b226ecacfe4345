"""The address of a git repository that is not ours, given by a user.

What passes here may be called over the guarded client and handed to a worker's git.
It holds no secret, no option in disguise and nothing a terminal would act on.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from stackyard.vcs.errors import GitUrlError

LONGEST: Final = 2048
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+", re.IGNORECASE)
_SCP_LIKE: Final = re.compile(r"[^/:@]+@[^/:]+:.*")
_ENCODED_CONTROL: Final = re.compile(r"%([01][0-9a-f]|7f)", re.IGNORECASE)
_SSH: Final = "ssh is not supported yet, use https"


@dataclass(frozen=True, slots=True)
class GitUrl:
    """An https URL; anything else raises `GitUrlError`."""

    text: str

    def __post_init__(self) -> None:
        problem = _problem_of_text(self.text) or _problem_of_url(self.text)
        if problem:  # the URL stays out of the error: it may hold a password
            raise GitUrlError(problem=problem)

    def __str__(self) -> str:
        return self.text


def _problem_of_text(text: str) -> str | None:
    checks = (
        (not text, "it is empty"),
        (len(text) > LONGEST, f"it is longer than {LONGEST} characters"),
        (text.startswith("-"), "it starts with a dash"),
        (not all("!" <= c <= "~" for c in text), "it holds spaces or odd characters"),
        ("\\" in text, "it holds a backslash"),
        (_ENCODED_CONTROL.search(text), "it holds encoded control characters"),
        (_SCP_LIKE.fullmatch(text), _SSH),
    )
    return next((problem for failed, problem in checks if failed), None)


def _problem_of_url(text: str) -> str | None:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return "it is not a URL"
    if url.scheme in {"ssh", "git+ssh"}:
        return _SSH
    checks = (
        (url.scheme != "https", "only https is supported"),
        ("@" in url.netloc, "it holds a user name or password"),
        (not _HOST.fullmatch(url.hostname or ""), "it has no proper host name"),
        (port == 0, "its port is not a port"),
        ("?" in text, "it holds a query"),
        ("#" in text, "it holds a fragment"),
        (not _has_repository(url), "it names no repository on the host"),
    )
    return next((problem for failed, problem in checks if failed), None)


def _has_repository(url: SplitResult) -> bool:
    parts = [part for part in url.path.split("/") if part]
    return bool(parts) and not {".", ".."} & set(parts)
