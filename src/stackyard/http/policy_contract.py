"""What policies are told and what is read of them, for tools. Public by design."""

import hashlib
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stackyard.http.routes import route
from stackyard.kernel.needs import Rule
from stackyard.policies import policy_contract


def policy_contract_route() -> Route:
    async def answer(request: Request) -> Response:
        body = policy_contract()
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"cache-control": "public, max-age=300", "etag": tag}
        if _knows(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    return route("/.well-known/policy-contract.json", answer, needs=Rule.ANYBODY)


def _knows(tags: str, tag: str) -> bool:
    """Say whether a client has it; a proxy that compressed it says `W/` before."""
    known = {one.strip().removeprefix("W/") for one in tags.split(",")}
    return bool(known & {tag, "*"})
