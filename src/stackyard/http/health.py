"""Is it up? For load balancers on the main port, for Kubernetes on its own.

Readiness does not ask the database: after the start a process waits for it and heals,
and taking every replica out at once would only hide what is wrong.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.condition import Condition
from stackyard.http.routes import ensure_declared, route
from stackyard.kernel.needs import Rule


def health_routes() -> list[Route]:
    return [route("/health", _healthy, needs=Rule.ANYBODY)]


def instrumentation_app(condition: Condition) -> Starlette:
    """Return what answers on the instrumentation port: `/readiness`, `/startup`."""

    async def readiness(_request: Request) -> Response:
        return _say("ready", condition.ready)

    async def startup(_request: Request) -> Response:
        return _say("started", condition.started)

    return Starlette(
        routes=ensure_declared(
            [
                route("/readiness", readiness, needs=Rule.ANYBODY),
                route("/startup", startup, needs=Rule.ANYBODY),
            ]
        )
    )


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _say(claim: str, holds: bool) -> Response:  # noqa: FBT001 - the claim names it
    return JSONResponse({claim: holds}, 200 if holds else 503)
