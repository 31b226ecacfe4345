"""What cloud providers read to believe our tokens. Public by design."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens

_CACHED = {"cache-control": "public, max-age=300"}


def wellknown_routes(tokens: Tokens, site: Site) -> list[Route]:
    jwks_path = "/.well-known/jwks"
    configuration = {
        "issuer": site.base_url,
        "jwks_uri": f"{site.base_url}{jwks_path}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
        "claims_supported": ["aud", "exp", "iat", "iss", "nbf", "sub"],
    }

    async def jwks(_request: Request) -> Response:
        return JSONResponse(tokens.jwks(), headers=_CACHED)

    async def openid(_request: Request) -> Response:
        return JSONResponse(configuration, headers=_CACHED)

    return [
        Route(jwks_path, jwks),
        Route("/.well-known/openid-configuration", openid),
    ]
