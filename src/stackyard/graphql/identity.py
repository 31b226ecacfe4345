from dataclasses import dataclass, field
from typing import Any

from ariadne import MutationType, QueryType

from stackyard.graphql.context import Info
from stackyard.identity import ApiKey, IssuedToken
from stackyard.kernel.access import NOBODY, Subject
from stackyard.kernel.errors import InvalidError
from stackyard.kernel.ids import ApiKeyId

query = QueryType()
mutation = MutationType()

bindables = [query, mutation]


class TeamsError(InvalidError):
    """An API key cannot be in a team: there are none in this installation yet."""


class OidcError(InvalidError):
    """An API key cannot be bound to an identity provider in this installation yet."""


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as clients see it; the secret only for its creator, once."""

    id: str
    name: str
    admin: bool
    creator: str
    created_at: int
    last_used_at: int | None
    deleted: bool
    secret: str | None = field(default=None, repr=False)
    type: str = "SECRET"


def show(key: ApiKey, *, secret: str | None = None) -> ShownKey:
    used = key.last_used_at
    return ShownKey(
        id=key.id,
        name=key.name,
        admin=key.admin,
        creator=key.creator,
        created_at=int(key.created_at.timestamp()),
        last_used_at=None if used is None else int(used.timestamp()),
        deleted=key.deleted,
        secret=secret,
    )


@query.field("viewer")
async def resolve_viewer(_root: None, info: Info) -> Subject | None:
    subject = info.context.subject
    return None if subject is NOBODY else subject


@query.field("apiKeys")
async def resolve_api_keys(_root: None, info: Info) -> list[ShownKey]:
    async with info.context.open_unit() as unit:
        keys = await unit.api_keys.list(by=info.context.subject)
    return [show(key) for key in keys]


@query.field("apiKey")
async def resolve_api_key(_root: None, info: Info, *, id: str) -> ShownKey | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        key = await unit.api_keys.find(ApiKeyId(id), by=info.context.subject)
    return None if key is None else show(key)


@mutation.field("apiKeyUser")
async def resolve_api_key_user(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    secret: str,
) -> IssuedToken | None:
    async with info.context.open_unit() as unit:
        return await unit.api_keys.exchange(
            ApiKeyId(id), secret=secret, by=info.context.subject
        )


@mutation.field("apiKeyCreate")
async def resolve_api_key_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> ShownKey:
    if input.get("teams"):
        raise TeamsError
    if input.get("oidc") is not None:
        raise OidcError
    async with info.context.open_unit() as unit:
        key, secret = await unit.api_keys.create(
            name=input["name"], admin=input["admin"], by=info.context.subject
        )
    return show(key, secret=secret)


@mutation.field("apiKeyDelete")
async def resolve_api_key_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> ShownKey | None:
    async with info.context.open_unit() as unit:
        key = await unit.api_keys.delete(ApiKeyId(id), by=info.context.subject)
    return None if key is None else show(key)
