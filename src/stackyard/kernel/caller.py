"""Who sent a request, and what came along with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stackyard.kernel.access import Subject
from stackyard.kernel.errors import UnauthorizedError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came from."""

    address: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """`refusal` says why *subject* is nobody, if credentials were given."""

    subject: Subject
    refusal: UnauthorizedError | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    place: Place = Place("")
