"""The browser application: files that were built, and one page for all its addresses.

Only addresses of pages fall back to the page: a mistyped API call stays a 404.
"""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from stackyard.http.routes import Endpoint, mount, route
from stackyard.kernel.needs import Rule

PAGES: Final = (
    "/",
    "/admin-login",
    "/apikeytoken",
    "/stacks",
    "/stacks/{rest:path}",
    "/stack/{rest:path}",
    "/runs",
    "/runs/{rest:path}",
    "/run/{rest:path}",
    "/modules",
    "/modules/{rest:path}",
    "/module/{rest:path}",
    "/policies",
    "/policies/{rest:path}",
    "/spaces",
    "/spaces/{rest:path}",
    "/settings",
    "/settings/{rest:path}",
    "/you",
)
_NOT_BUILT: Final = (
    "The browser application was not built for this installation."
    " The API works without it.\n"
)


class HashedFiles(StaticFiles):
    """Files whose names change with their content: never asked for twice."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def spa_routes(folder: Path) -> list[BaseRoute]:
    """Serve what the build left in *folder*: `index.html`, `assets/`, single files."""
    index = folder / "index.html"
    if not index.is_file():
        return [_open(path, _not_built) for path in PAGES]

    async def page(_request: Request) -> Response:
        return FileResponse(index, headers={"cache-control": "no-cache"})

    routes: list[BaseRoute] = [_open(path, page) for path in PAGES]
    if (folder / "assets").is_dir():
        files = HashedFiles(directory=folder / "assets")
        routes.append(mount("/assets", files, needs=Rule.ANYBODY))
    single = [path for path in sorted(folder.iterdir()) if path.is_file()]
    return [*routes, *(_single(file) for file in single if file != index)]


def _single(file: Path) -> Route:
    async def serve(_request: Request) -> Response:
        return FileResponse(file, headers={"cache-control": "public, max-age=3600"})

    return _open(f"/{file.name}", serve)


def _open(path: str, endpoint: Endpoint) -> Route:
    return route(path, endpoint, needs=Rule.ANYBODY)


async def _not_built(_request: Request) -> Response:
    return PlainTextResponse(_NOT_BUILT, 503)
