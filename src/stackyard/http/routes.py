"""Routes say what they need of whoever asks; without that there is no application.

A route's declaration is for readers and for tests; what it says is asked by the use
cases that the route calls, and by `Identification`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from stackyard.kernel.needs import Need, UndeclaredError

Endpoint = Callable[[Request], Awaitable[Response]]


class DeclaredRoute(Route):
    needs: frozenset[Need]


class DeclaredMount(Mount):
    needs: frozenset[Need]


def route(
    path: str,
    endpoint: Endpoint,
    *,
    needs: Need | Sequence[Need],
    methods: Sequence[str] = ("GET",),
) -> DeclaredRoute:
    """Return a route that needs one of *needs*."""
    made = DeclaredRoute(path, endpoint, methods=list(methods))
    made.needs = _set_of(needs)
    return made


def mount(path: str, app: ASGIApp, *, needs: Need | Sequence[Need]) -> DeclaredMount:
    made = DeclaredMount(path, app)
    made.needs = _set_of(needs)
    return made


def ensure_declared(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Return the routes, or raise `UndeclaredError` for those that say nothing."""
    given = list(routes)
    silent = [
        getattr(one, "path", repr(one))
        for one in given
        if not isinstance(one, DeclaredRoute | DeclaredMount)
    ]
    if silent:
        raise UndeclaredError(silent)
    return given


def _set_of(needs: Any) -> frozenset[Need]:
    return frozenset([needs] if isinstance(needs, str) else needs)
