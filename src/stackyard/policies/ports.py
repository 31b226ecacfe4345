"""What the slice asks of those around it, and no more."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from sqlalchemy import Select

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import PolicyId, SpaceId
from stackyard.policies.errors import NoPolicyEngineError
from stackyard.policies.model import EngineType, PolicyType

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]

# The stacks that a policy is attached to and that do not reach it, described.
FindCutOff: TypeAlias = Callable[[PolicyId], Awaitable[Sequence[str]]]


class PolicyEngine(Protocol):
    """What understands the bodies of policies."""

    @property
    def version(self) -> str:
        """The version of Open Policy Agent that it is; "" if there is none."""

    async def check(
        self, body: str, kind: PolicyType, engine_type: EngineType
    ) -> Sequence[str]:
        """Return what is wrong with *body*; nothing if it can be kept."""

    async def simulate(self, body: str, given: str, kind: PolicyType) -> str:
        """Return what *body* says of the JSON document *given*, as JSON."""


class NoEngine(PolicyEngine):
    """What holds so far: bodies are kept unchecked, and nothing evaluates them."""

    version = ""

    async def check(
        self, body: str, kind: PolicyType, engine_type: EngineType
    ) -> Sequence[str]:
        del body, kind, engine_type
        return ()

    async def simulate(self, body: str, given: str, kind: PolicyType) -> str:
        del body, given, kind
        raise NoPolicyEngineError


@dataclass(frozen=True, slots=True)
class Neighbours:
    visible_spaces: VisibleSpaces
    find_cut_off: FindCutOff
    administers_any: Callable[[Subject], Awaitable[bool]]
    # whoever signed in by what the login policies said before
    end_other_sessions: Callable[[Subject], Awaitable[None]]
