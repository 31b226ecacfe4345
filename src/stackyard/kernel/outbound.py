"""HTTP to places that somebody named, as those who call them see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stackyard.kernel.errors import InvalidError, UnavailableError


class RemoteRefusedError(InvalidError):
    """The address leads to a network that the platform must not call."""


class RemoteUnavailableError(UnavailableError):
    """The server at that address does not answer at the moment. Try again."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. Its headers and body may hold credentials, so neither is shown."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


class Http(Protocol):
    async def send(self, request: Request, *, limit: int) -> Answer:
        """Send *request* to an https URL and read at most *limit* bytes.

        Few redirects are followed, and none of a request that carries a body or
        credentials. Raises `RemoteRefusedError` if the address must not be called, and
        `RemoteUnavailableError` if nothing useful answers in time.
        """


@dataclass(frozen=True, slots=True)
class Posted:
    """The status of the answer, or why there was none."""

    status: int | None = None
    problem: str = ""

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - success

    @property
    def said(self) -> str:
        return self.problem or f"it answered {self.status}"


class Poster(Protocol):
    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float
    ) -> Posted:
        """Send *body* to *url* once, follow no redirect, and wait for the status.

        Nothing is raised for an endpoint that is away, slow, or not to be called.
        """
