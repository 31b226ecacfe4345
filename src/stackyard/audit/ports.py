"""What the slice needs of the outside: a way to an endpoint that a person named."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from stackyard.kernel.access import Subject

# The slugs of the roles that *by* has, for entries; None where there are none to have.
RolesOf: TypeAlias = Callable[[Subject], Awaitable[tuple[str, ...] | None]]


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
