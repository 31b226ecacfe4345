"""The identity provider that people come by, in the graph."""

from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.identity import ProviderSettings, SessionMethod, SignOn
from stackyard.kernel.federation import (
    NameIdFormat,
    OidcSettings,
    SamlAttribute,
    SamlSettings,
)

query = QueryType()
mutation = MutationType()
sign_on = ObjectType("SignOn")
provider = ObjectType("SignOnProvider")
bindables = [query, mutation, sign_on, provider]


@query.field("signOn")
async def resolve_sign_on(_root: None, info: Info) -> SignOn:
    async with info.context.open_unit() as unit:
        return await unit.sign_ons.get(by=info.context.subject)


@mutation.field("signOnSetOidc")
async def resolve_set_oidc(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> SignOn:
    settings = OidcSettings(
        input["issuer"].strip(),
        input["client_id"].strip(),
        input.get("client_secret") or "",
        input.get("groups_claim") or "groups",
    )
    async with info.context.open_unit() as unit:
        return await unit.sign_ons.try_out(settings, by=info.context.subject)


@mutation.field("signOnSetSaml")
async def resolve_set_saml(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> SignOn:
    settings = SamlSettings(
        input["metadata"].strip(),
        NameIdFormat(input["name_id_format"]),
        {
            one["name"]: SamlAttribute(one["attribute"])
            for one in input.get("attributes") or ()
        },
    )
    async with info.context.open_unit() as unit:
        return await unit.sign_ons.try_out(settings, by=info.context.subject)


@mutation.field("signOnRemove")
async def resolve_remove(_root: None, info: Info) -> SignOn:
    async with info.context.open_unit() as unit:
        return await unit.sign_ons.remove(by=info.context.subject)


@sign_on.field("trialUrl")
def resolve_trial_url(parent: SignOn, info: Info) -> str | None:
    base = info.context.means.site.base_url
    return None if parent.trial is None else f"{base}/sso?trial=1&return_to=/settings"


@sign_on.field("oidcRedirectUrl")
def resolve_redirect_url(_parent: SignOn, info: Info) -> str:
    return f"{info.context.means.site.base_url}/oidc/exchange"


@sign_on.field("samlMetadataUrl")
def resolve_metadata_url(_parent: SignOn, info: Info) -> str:
    return f"{info.context.means.site.base_url}/saml/metadata"


@sign_on.field("samlAcsUrl")
def resolve_acs_url(_parent: SignOn, info: Info) -> str:
    return f"{info.context.means.site.base_url}/saml/acs"


@provider.field("method")
def resolve_method(parent: ProviderSettings, _info: Info) -> SessionMethod:
    if isinstance(parent, OidcSettings):
        return SessionMethod.OIDC
    return SessionMethod.SAML


@provider.field("attributes")
def resolve_attributes(parent: ProviderSettings, _info: Info) -> list[dict[str, str]]:
    if isinstance(parent, OidcSettings):
        return []
    return [
        {"name": name, "attribute": ours} for name, ours in parent.attributes.items()
    ]
