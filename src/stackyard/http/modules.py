"""Terraform's module registry protocol: which versions there are, and their code.

Terraform finds the protocol's address by `/.well-known/terraform.json`. The code goes
past us, by a link of the object store that is good for some minutes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stackyard.http.routes import route
from stackyard.kernel.access import SYSTEM, Action, Subject
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.needs import Need, Rule
from stackyard.modules import CodeElsewhereError, ModuleVersion
from stackyard.unit import OpenUnit
from stackyard.vcs import Contents

MODULES: Final = "/registry/modules/v1/"
LINK_SECONDS: Final = 900
_MODULE: Final = f"{MODULES}{{account}}/{{name}}/{{provider}}"
# Of one that is not public: of others there is nothing to tell.
_NEEDS: Final[tuple[Need, ...]] = (Action.SPACE_READ, Rule.OWN_RUN)
_NAMED: Final = ("account", "name", "provider")

Who: TypeAlias = Callable[[Request], Awaitable[Subject]]


@dataclass(frozen=True, slots=True)
class ModuleRoutes:
    open_unit: OpenUnit
    contents: Contents
    blobs: Blobs
    who: Who

    def routes(self) -> list[Route]:
        one = f"{_MODULE}/{{version}}"
        return [
            route(f"{_MODULE}/versions", self.versions, needs=_NEEDS),
            route(f"{one}/download", self.download, needs=_NEEDS),
            route(f"{one}/archive", self.archive, needs=_NEEDS),
        ]

    async def versions(self, request: Request) -> Response:
        by = await self.who(request)
        module = [request.path_params[name] for name in _NAMED]
        async with self.open_unit() as unit:
            found = await unit.module_registry.offered(*module, by=by)
        return JSONResponse(
            {"modules": [{"versions": [{"version": one.number} for one in found]}]}
        )

    async def download(self, request: Request) -> Response:
        """Tell Terraform where to get the code from, and which folder of it."""
        version = await self._take(request)
        url = urlsplit(await self._link(version))
        root = f"//{version.project_root}" if version.project_root else ""
        source = url._replace(path=url.path + root).geturl()
        answer = Response(status_code=204)
        # as bytes: Terraform takes a folder's name as it is, and it may be no Latin
        answer.raw_headers.append((b"x-terraform-get", source.encode()))
        return answer

    async def archive(self, request: Request) -> Response:
        """Send a person's browser to the code."""
        return RedirectResponse(await self._link(await self._take(request)), 302)

    async def _take(self, request: Request) -> ModuleVersion:
        by = await self.who(request)
        version = [request.path_params[name] for name in (*_NAMED, "version")]
        async with self.open_unit() as unit:
            return await unit.module_registry.take(*version, by=by)

    async def _link(self, version: ModuleVersion) -> str:
        if version.repo_id is None:
            raise CodeElsewhereError(version=version.number)
        archive = await self.contents.archive(
            version.repo_id, version.commit["hash"], by=SYSTEM
        )
        return await self.blobs.presign_get(
            archive.bucket, archive.key, seconds=LINK_SECONDS
        )
