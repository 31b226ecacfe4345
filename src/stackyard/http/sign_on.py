"""Single sign-on: to the identity provider, and back by one of two doors."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from stackyard.http.authentication import COOKIE, Identification, place_of
from stackyard.http.routes import route
from stackyard.http.session import flags, set_cookie
from stackyard.identity import Browser, NoSignOnError, Returned, SignOnFlow
from stackyard.kernel.errors import ForbiddenError, StackyardError
from stackyard.kernel.federation import NameIdFormat, UnsolicitedResponseError
from stackyard.kernel.needs import Rule

log = structlog.get_logger(__name__)

ATTEMPT_COOKIE: Final = "stackyard_sign_on"
ATTEMPT_SECONDS: Final = 600
_XML: Final = "application/samlmetadata+xml"
_LONGEST_FORM: Final = 2_000_000


class TrialError(ForbiddenError):
    """You are unauthorized: only administrators of the account try a provider out."""


@dataclass(frozen=True, slots=True)
class SignOnRoutes:
    identification: Identification
    flow: SignOnFlow

    def routes(self) -> list[Route]:
        return [
            route("/sso", self._begin, needs=Rule.ANYBODY),
            route("/sso/method", self._method, needs=Rule.ANYBODY),
            route("/invitation", self._invited, needs=Rule.ANYBODY),
            route("/oidc/exchange", self._from_oidc, needs=Rule.ANYBODY),
            route("/saml/metadata", self._metadata, needs=Rule.ANYBODY),
            route("/saml/acs", self._from_saml, methods=["POST"], needs=Rule.ANYBODY),
            route("/saml/done", self._after_saml, needs=Rule.ANYBODY),
        ]

    async def _begin(self, request: Request) -> Response:
        """Send the browser to the provider; with `trial`, to the one being set up."""
        try:
            trial_of = None
            if "trial" in request.query_params:
                trial_of = await self.identification.look(request)
                if not (trial_of.complete and trial_of.subject.admin):
                    raise TrialError
            sent = await self.flow.begin(
                return_to=request.query_params.get("return_to", "/"), trial_of=trial_of
            )
        except NoSignOnError:
            return _redirect("/")
        except StackyardError as error:
            return problem_page(error)
        response = _redirect(sent.url)
        site_flags = flags(self.identification.site)
        response.set_cookie(
            ATTEMPT_COOKIE, sent.cookie, max_age=ATTEMPT_SECONDS, path="/", **site_flags
        )
        return response

    async def _method(self, _request: Request) -> Response:
        """Tell the sign-in page whether there is a provider to sign in by."""
        return JSONResponse({"method": await self.flow.method()})

    async def _invited(self, request: Request) -> Response:
        """Follow an invitation's link: it leads to the provider, or says it is over."""
        if not await self.flow.is_invited(request.query_params.get("token", "")):
            return page(
                "This invitation is over",
                "It was used, or sent again, or is older than a day. Ask for another.",
                HTTPStatus.NOT_FOUND,
            )
        return _redirect("/sso")

    async def _from_oidc(self, request: Request) -> Response:
        try:
            return self._come_in(
                await self.flow.finish_oidc(
                    dict(request.query_params), _browser(request)
                )
            )
        except StackyardError as error:
            return problem_page(error)

    async def _metadata(self, request: Request) -> Response:
        wanted = request.query_params.get("name_id_format", "EMAIL_ADDRESS")
        known = wanted in NameIdFormat.__members__
        name_id = NameIdFormat[wanted] if known else NameIdFormat.EMAIL_ADDRESS
        return Response(self.flow.metadata(name_id), media_type=_XML)

    async def _from_saml(self, request: Request) -> Response:
        """Take what another site's form brought; its sender has no cookies here.

        So the answer is kept, and the browser, which has, comes for it itself. What
        nobody had asked for is not looked at: it is asked for now.
        """
        async with request.form(max_files=0, max_part_size=_LONGEST_FORM) as form:
            said = {name: value for name, value in form.items() if _is_text(value)}
        try:
            state = await self.flow.answer_saml(_texts(said))
        except UnsolicitedResponseError:
            return _redirect("/sso")
        except StackyardError as error:
            return problem_page(error)
        return _redirect(f"/saml/done?state={state}")

    async def _after_saml(self, request: Request) -> Response:
        try:
            return self._come_in(
                await self.flow.finish_saml(
                    request.query_params.get("state", ""), _browser(request)
                )
            )
        except StackyardError as error:
            return problem_page(error)

    def _come_in(self, returned: Returned) -> Response:
        log.info("session.opened", name=returned.opened.subject.name)
        response = _redirect(returned.return_to)
        site = self.identification.site
        set_cookie(response, returned.opened.token, site)
        response.delete_cookie(ATTEMPT_COOKIE, path="/", **flags(site))
        return response


def _browser(request: Request) -> Browser:
    return Browser(
        place_of(request),
        request.cookies.get(ATTEMPT_COOKIE, ""),
        request.cookies.get(COOKIE),
    )


def problem_page(error: StackyardError) -> Response:
    """Say to a person what went wrong; there is no page of ours to say it on yet."""
    log.warning("sign_on.refused", reason=type(error).__name__, facts=error.facts)
    return page("You are not signed in", str(error), HTTPStatus.FORBIDDEN)


def page(
    title: str, text: str, status: HTTPStatus = HTTPStatus.OK, more: str = ""
) -> HTMLResponse:
    """Return a plain page. *more* is HTML of our own; the rest is escaped."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><main><h1>{escape(title)}</h1>"
        f'<p>{escape(text)}</p>{more}<p><a href="/">Stackyard</a></p></main></html>',
        status,
    )


def _redirect(url: str) -> RedirectResponse:
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _texts(said: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in said.items()}
