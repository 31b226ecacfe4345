"""Terraform's provider registry protocol, and where providers are uploaded.

Terraform finds the protocol's address by `/.well-known/terraform.json`. A provider
that is public is loaded by anybody, any other by those who may read it and by runs
whose stack reaches its space.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.routes import route
from stackyard.kernel.access import Action, Subject
from stackyard.kernel.ids import ProviderId
from stackyard.kernel.needs import Need, Rule
from stackyard.provider_files import UPLOAD, ProviderFiles
from stackyard.registry.providers import (
    Download,
    ProviderPlatform,
    ProviderVersion,
)

PROVIDERS: Final = "/registry/providers/v1/"
_PROVIDER: Final = f"{PROVIDERS}{{account}}/{{type}}"
# Of one that is not public: of others there is nothing to tell.
_NEEDS: Final[tuple[Need, ...]] = (Action.SPACE_READ, Rule.OWN_RUN)

Who: TypeAlias = Callable[[Request], Awaitable[Subject]]  # NOBODY without credentials


@dataclass(frozen=True, slots=True)
class ProviderRoutes:
    files: ProviderFiles
    who: Who
    account: str

    def routes(self) -> list[Route]:
        return [
            route(f"{_PROVIDER}/versions", self.versions, needs=_NEEDS),
            route(
                f"{_PROVIDER}/{{version}}/download/{{os}}/{{arch}}",
                self.download,
                needs=_NEEDS,
            ),
            route(
                f"/{UPLOAD}/{{token}}", self.upload, methods=["PUT"], needs=Rule.LINK
            ),
        ]

    async def versions(self, request: Request) -> Response:
        by, provider_id = await self.who(request), self._asked(request)
        async with self.files.open_unit() as unit:
            found = await unit.provider_downloads.available(provider_id, by=by)
        return JSONResponse({"versions": [_version(*one) for one in found]})

    async def download(self, request: Request) -> Response:
        by, provider_id = await self.who(request), self._asked(request)
        asked = request.path_params
        async with self.files.open_unit() as unit:
            found = await unit.provider_downloads.get(
                provider_id, asked["version"], (asked["os"], asked["arch"]), by=by
            )
        return JSONResponse(await self._package(found))

    async def upload(self, request: Request) -> Response:
        await self.files.receive(request.path_params["token"], request.stream())
        return Response(status_code=201)

    def _asked(self, request: Request) -> ProviderId:
        """Return the provider's id; another account's is nobody's."""
        account, kind = request.path_params["account"], request.path_params["type"]
        return ProviderId(kind if account == self.account else "")

    async def _package(self, found: Download) -> Mapping[str, Any]:
        version, platform, key = found.version, found.platform, found.key
        files = self.files
        checksum = platform.archive_checksum
        return {
            "protocols": version.protocols,
            "os": platform.os,
            "arch": platform.architecture,
            "filename": platform.file_name(version),
            "download_url": await files.download_link(version.id, checksum),
            "shasums_url": await files.download_link(version.id, version.sums_checksum),
            "shasums_signature_url": await files.download_link(
                version.id, version.signature_checksum
            ),
            "shasum": checksum,
            "signing_keys": {
                "gpg_public_keys": [
                    {"key_id": key.key_id, "ascii_armor": key.ascii_armor}
                ]
            },
        }


def _version(
    version: ProviderVersion, platforms: Sequence[ProviderPlatform]
) -> Mapping[str, Any]:
    return {
        "version": version.number,
        "protocols": version.protocols,
        "platforms": [{"os": one.os, "arch": one.architecture} for one in platforms],
    }
