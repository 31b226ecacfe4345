"""The one HTTP application: routes of everybody, the same care for each request."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from stackyard.http.address import Network
from stackyard.http.middleware import (
    BodyLimits,
    Crashes,
    Origins,
    Paths,
    RequestLog,
    ResponseHeaders,
)
from stackyard.http.problems import handle_foreseen, handle_http
from stackyard.http.routes import ensure_declared
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.site import Site

MEBIBYTE: Final = 1024 * 1024
BODY_LIMIT: Final = 10 * MEBIBYTE


def build_app(
    routes: Sequence[BaseRoute],
    *,
    site: Site,
    uploads_url: str | None = None,
    body_limits: Mapping[str, int | None] | None = None,
    lifespan: Lifespan[Starlette] | None = None,
    trusted_proxies: Sequence[Network] = (),
) -> Starlette:
    """Return the server's application, or raise `UndeclaredError`.

    *body_limits*: path prefix → most bytes, None for no limit; elsewhere 10 MiB.
    *trusted_proxies*: who is believed about whom they were called by.
    *uploads_url*: where browsers send uploads, if that is not this site.
    """
    return Starlette(
        routes=ensure_declared(routes),
        middleware=[
            Middleware(RequestLog),
            Middleware(Origins, trusted_proxies=trusted_proxies),
            Middleware(ResponseHeaders, headers=security_headers(site, uploads_url)),
            Middleware(Crashes),
            Middleware(Paths),
            Middleware(BodyLimits, limit=BODY_LIMIT, by_prefix=body_limits or {}),
        ],
        exception_handlers={
            StackyardError: handle_foreseen,
            HTTPException: handle_http,
        },
        lifespan=lifespan,
    )


def security_headers(site: Site, uploads_url: str | None) -> dict[str, str]:
    """Return what browsers are told with every response."""
    uploads = urlsplit(uploads_url or "")
    connect = f"'self' {uploads.scheme}://{uploads.netloc}" if uploads_url else "'self'"
    policy = {
        "default-src": "'self'",
        "base-uri": "'none'",
        "connect-src": connect,
        "font-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "img-src": "'self' data:",
        "object-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
    }
    headers = {
        "cache-control": "no-store",
        "content-security-policy": "; ".join(
            f"{name} {value}" for name, value in policy.items()
        ),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    if site.secure:
        headers["strict-transport-security"] = "max-age=31536000"
    return headers
