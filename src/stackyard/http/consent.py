"""Ask a person whether a program on their computer may work in their name."""

from html import escape
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stackyard.http.sign_on import page
from stackyard.identity import Seen


def question(request: Request, seen: Seen, *, program: str, listens: str) -> Response:
    """Return a page whose button posts the request once more, as it came.

    *listens*: the origin that saying yes will lead the browser to.
    """
    form = (
        f'<form method="post" action="{escape(_here(request))}">'
        '<button type="submit" autofocus>Sign in</button></form>'
    )
    response = page(
        f"Sign in {program}?",
        f"A program on this computer asks to work as {seen.subject.name}."
        " Go on only if you have just started it yourself.",
        more=form,
    )
    # Browsers hold a form's redirect to this list as well.
    response.headers["content-security-policy"] = (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none';"
        f" form-action 'self' {listens}"
    )
    return response


def to_sign_in(request: Request) -> Response:
    """Send the browser to sign in, and then here again."""
    back = quote(_here(request), safe="")
    return RedirectResponse(f"/?return_to={back}", HTTPStatus.SEE_OTHER)


def _here(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}"
