"""Sign-in with SAML: a request by redirect, and a response that answers it."""

import asyncio
import base64
import binascii
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from stackyard.adapters.federation.cache import AGE, RENEWAL, Cache
from stackyard.adapters.federation.calls import read
from stackyard.adapters.federation.saml.ours import Asked, Ourselves
from stackyard.adapters.federation.saml.responses import (
    ForgedError,
    answered_request,
    verified_assertion,
)
from stackyard.adapters.federation.saml.statement import Statement
from stackyard.adapters.federation.saml.theirs import SamlIdp
from stackyard.kernel.clock import Clock
from stackyard.kernel.federation import (
    NameIdFormat,
    Person,
    SamlBegun,
    SamlResponseError,
    SamlSettings,
    SignInMismatchError,
    UnsolicitedResponseError,
)
from stackyard.kernel.outbound import Http
from stackyard.kernel.site import Site

_ID_BYTES: Final = 20
_LONGEST_RELAY: Final = 80  # the standard's
_LONGEST: Final = 1024 * 1024


class SamlSignIn:
    """Implements `kernel.federation.SamlProvider`.

    XML is read, and signatures are checked, by C code that may take a while: off the
    event loop.
    """

    def __init__(self, site: Site, http: Http, clock: Clock) -> None:
        self.us, self.http, self.clock = Ourselves.at(site), http, clock
        self._found = Cache(self._read, clock)

    def metadata(self, name_id_format: NameIdFormat) -> str:
        return self.us.metadata(name_id_format)

    async def begin(self, settings: SamlSettings, relay: str) -> SamlBegun:
        if len(relay.encode()) > _LONGEST_RELAY:
            raise ValueError("the relay state is too long for the standard")
        idp = await self._idp(settings)
        # an ID must not begin with a digit
        request_id = f"_{secrets.token_hex(_ID_BYTES)}"
        asked = Asked(request_id, relay, self.clock(), settings.name_id_format)
        return SamlBegun(self.us.request_url(idp.sign_on_url, asked), request_id, relay)

    async def finish(
        self, settings: SamlSettings, begun: SamlBegun | None, form: Mapping[str, str]
    ) -> Person:
        xml = _decoded(form.get("SAMLResponse", ""))
        answered = await asyncio.to_thread(answered_request, xml)
        if begun is None or answered != begun.request_id:
            raise UnsolicitedResponseError
        if form.get("RelayState", "") != begun.relay:
            raise SignInMismatchError
        for anew in (False, True):
            # a signature that fits no key that we know may be of a newer one
            idp = await self._idp(settings, anew=anew)
            with suppress(ForgedError):
                return await asyncio.to_thread(self._person, idp, xml, begun, settings)
        raise SamlResponseError(reason="its signature is wrong")

    def _person(
        self, idp: SamlIdp, xml: bytes, begun: SamlBegun, settings: SamlSettings
    ) -> Person:
        statement = Statement.of(verified_assertion(xml, idp, self.us))
        statement.judge(self.us, begun.request_id, idp.entity_id, self.clock())
        return statement.person(settings.attributes)

    async def _idp(self, settings: SamlSettings, *, anew: bool = False) -> SamlIdp:
        metadata = settings.metadata.strip()
        if metadata.startswith("<"):
            return await asyncio.to_thread(SamlIdp.parse, metadata.encode())
        return await self._found.get(metadata, age=RENEWAL if anew else AGE)

    async def _read(self, url: str) -> SamlIdp:
        xml = await read(self.http, url)
        return await asyncio.to_thread(SamlIdp.parse, xml)


def _decoded(response: str) -> bytes:
    if not 0 < len(response) <= _LONGEST:
        raise SamlResponseError(reason="there is none, or it is too long")
    try:
        return base64.b64decode("".join(response.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SamlResponseError(reason="it is not in base64") from error
