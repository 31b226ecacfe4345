"""What cloud providers read to believe our tokens. Public by design."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.routes import route
from stackyard.kernel.needs import Rule
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens

_CACHED = {"cache-control": "public, max-age=300"}


def wellknown_routes(tokens: Tokens, site: Site) -> list[Route]:
    configuration = {
        "issuer": site.issuer,
        "jwks_uri": site.jwks_uri,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
        "claims_supported": [
            *("aud", "exp", "iat", "iss", "jti", "nbf", "sub"),
            *("spaceId", "callerType", "callerId", "runType", "runId", "scope"),
        ],
    }

    async def jwks(_request: Request) -> Response:
        return JSONResponse(tokens.jwks(), headers=_CACHED)

    async def openid(_request: Request) -> Response:
        return JSONResponse(configuration, headers=_CACHED)

    return [
        route("/.well-known/jwks", jwks, needs=Rule.ANYBODY),
        route("/.well-known/openid-configuration", openid, needs=Rule.ANYBODY),
    ]
