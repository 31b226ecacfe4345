"""Where Terraform finds what it speaks with us, by the names of its protocols."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.routes import route
from stackyard.kernel.needs import Rule


def discovery_route(services: Mapping[str, Any]) -> Route:
    """Answer with *services*: their names, and the addresses they begin with."""

    async def discover(_request: Request) -> Response:
        return JSONResponse(dict(services))

    return route("/.well-known/terraform.json", discover, needs=Rule.ANYBODY)
