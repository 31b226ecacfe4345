"""Second factors of whoever is signed in, or half signed in."""

from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.authentication import Identification, place_of
from stackyard.http.routes import route
from stackyard.http.session import read, set_cookie
from stackyard.identity import Factors, SecurityKey
from stackyard.kernel.ids import SecurityKeyId
from stackyard.kernel.needs import Rule


class Code(msgspec.Struct, frozen=True):
    code: str


class Answer(msgspec.Struct, frozen=True):
    """What the browser's security key said, as the browser puts it into JSON."""

    credential: msgspec.Raw


class NewKey(msgspec.Struct, frozen=True):
    name: str
    credential: msgspec.Raw


@dataclass(frozen=True, slots=True)
class SecondFactorRoutes:
    identification: Identification
    factors: Factors

    def routes(self) -> list[Route]:
        base = "/session/second-factor"
        return [
            route(base, self._held, needs=Rule.SIGNED_IN),
            route(
                f"{base}/challenge",
                self._begin_proof,
                methods=["POST"],
                needs=Rule.SIGNED_IN,
            ),
            route(
                f"{base}/key",
                self._prove_by_key,
                methods=["POST"],
                needs=Rule.SIGNED_IN,
            ),
            route(
                f"{base}/code",
                self._prove_by_code,
                methods=["POST"],
                needs=Rule.SIGNED_IN,
            ),
            route(
                f"{base}/keys/challenge",
                self._begin_key,
                methods=["POST"],
                needs=Rule.SIGNED_IN,
            ),
            route(
                f"{base}/keys", self._add_key, methods=["POST"], needs=Rule.SIGNED_IN
            ),
            route(
                f"{base}/keys/{{id}}",
                self._remove_key,
                methods=["DELETE"],
                needs=Rule.SIGNED_IN,
            ),
            route(
                f"{base}/app", self._begin_app, methods=["POST"], needs=Rule.SIGNED_IN
            ),
            route(
                f"{base}/app/confirm",
                self._confirm_app,
                methods=["POST"],
                needs=Rule.SIGNED_IN,
            ),
            route(
                f"{base}/app",
                self._remove_app,
                methods=["DELETE"],
                needs=Rule.SIGNED_IN,
            ),
            route(
                f"{base}/backup-codes",
                self._new_codes,
                methods=["POST"],
                needs=Rule.SIGNED_IN,
            ),
        ]

    async def _held(self, request: Request) -> Response:
        held = await self.factors.held(await self.identification.look(request))
        return JSONResponse(
            {
                "keys": [_shown(key) for key in held.keys],
                "app": held.one_time,
                "backup_codes_left": held.backup_codes_left,
            }
        )

    async def _begin_proof(self, request: Request) -> Response:
        seen = await self.identification.look(request)
        return _json((await self.factors.begin_proof(seen)).options)

    async def _prove_by_key(self, request: Request) -> Response:
        seen = await self.identification.look(request)
        said = await read(request, Answer)
        answer = bytes(said.credential).decode()
        token = await self.factors.prove_by_key(seen, answer, place_of(request))
        return self._go_on(token)

    async def _prove_by_code(self, request: Request) -> Response:
        seen = await self.identification.look(request)
        said = await read(request, Code)
        token = await self.factors.prove_by_code(seen, said.code, place_of(request))
        return self._go_on(token)

    async def _begin_key(self, request: Request) -> Response:
        seen = await self.identification.look(request)
        return _json((await self.factors.begin_key(seen)).options)

    async def _add_key(self, request: Request) -> Response:
        seen = await self.identification.look(request)
        said = await read(request, NewKey)
        answer = bytes(said.credential).decode()
        key = await self.factors.add_key(seen, said.name, answer)
        return JSONResponse(_shown(key), HTTPStatus.CREATED)

    async def _remove_key(self, request: Request) -> Response:
        seen = await self.identification.look(request)
        await self.factors.remove_key(seen, SecurityKeyId(request.path_params["id"]))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _begin_app(self, request: Request) -> Response:
        made = await self.factors.begin_one_time(
            await self.identification.look(request)
        )
        return JSONResponse({"secret": made.secret, "uri": made.uri})

    async def _confirm_app(self, request: Request) -> Response:
        seen = await self.identification.look(request)
        said = await read(request, Code)
        codes = await self.factors.confirm_one_time(seen, said.code)
        return JSONResponse({"backup_codes": codes})

    async def _remove_app(self, request: Request) -> Response:
        await self.factors.remove_one_time(await self.identification.look(request))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _new_codes(self, request: Request) -> Response:
        codes = await self.factors.new_backup_codes(
            await self.identification.look(request)
        )
        return JSONResponse({"backup_codes": codes})

    def _go_on(self, token: str) -> Response:
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        set_cookie(response, token, self.identification.site)
        return response


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def _shown(key: SecurityKey) -> dict[str, object]:
    used = key.last_used_at
    return {
        "id": key.id,
        "name": key.name,
        "created_at": int(key.created_at.timestamp()),
        "last_used_at": None if used is None else int(used.timestamp()),
    }
