"""Where the request comes from that is being answered right now.

A context variable, since every use case would otherwise hand it on untouched: it says
nothing that a decision may depend on. Outside of a request it is empty: the platform
acts by itself.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Origin:
    """*client* is what the known clients call themselves; the rest is as it arrived.

    *arguments* are those of *mutation*, the graph's root field, with the secrets that
    were sent: whoever keeps any of it masks it first.
    """

    address: str = ""
    client: str = ""
    user_agent: str = ""
    request_id: str = ""
    mutation: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)


_NOWHERE: Final = Origin()
_ORIGIN: Final[ContextVar[Origin]] = ContextVar("stackyard_origin", default=_NOWHERE)


def origin() -> Origin:
    return _ORIGIN.get()


@contextmanager
def coming_from(where: Origin) -> Iterator[None]:
    """Let *where* be the origin of all that is done meanwhile, by this task."""
    token = _ORIGIN.set(where)
    try:
        yield
    finally:
        _ORIGIN.reset(token)


@contextmanager
def mutating(mutation: str, arguments: Mapping[str, Any]) -> Iterator[None]:
    """Say which root field of the graph is being carried out meanwhile."""
    with coming_from(replace(origin(), mutation=mutation, arguments=arguments)):
        yield
