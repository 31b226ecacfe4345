"""Who asks, and API keys, in the graph."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.identity import ApiKey, ApiKeyType, IssuedBy, IssuedToken, NewKey
from stackyard.kernel.access import NOBODY, Level, Subject, SubjectKind
from stackyard.kernel.errors import UnauthorizedError
from stackyard.kernel.ids import ROOT, ApiKeyId
from stackyard.spaces import RoleBinding

query = QueryType()
mutation = MutationType()
api_key = ObjectType("ApiKey")
viewer = ObjectType("Viewer")
bindables = [query, mutation, api_key, viewer]


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as clients see it; the secrets only for its creator, once."""

    key: ApiKey
    secret: str | None = field(default=None, repr=False)
    credentials_file: str | None = field(default=None, repr=False)

    is_machine_user: bool = True
    expires_at: int | None = None

    @property
    def id(self) -> ApiKeyId:
        return self.key.id

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def description(self) -> str | None:
        return self.key.description

    @property
    def type(self) -> ApiKeyType:
        return self.key.type

    @property
    def creator(self) -> str:
        return self.key.creator

    @property
    def created_at(self) -> int:
        return int(self.key.created_at.timestamp())

    @property
    def last_used_at(self) -> int | None:
        used = self.key.last_used_at
        return None if used is None else int(used.timestamp())

    @property
    def deleted(self) -> bool:
        return self.key.deleted

    @property
    def teams(self) -> list[str]:
        return self.key.teams

    @property
    def team_count(self) -> int:
        return len(self.key.teams)

    @property
    def oidc_settings(self) -> dict[str, Any] | None:
        if self.key.type is not ApiKeyType.OIDC:
            return None
        asked = self.key.issued_by()
        return {
            "issuer": asked.issuer,
            "client_id": asked.client_id,
            "subject_expression": asked.subject_expression,
            "claim_mapping": {"entries": self.key.claim_mapping},
        }


_CREDENTIALS_FILE: Final = """\
# Secret of the API key {name}
{secret}

# For the file .terraformrc: modules and providers of {host}
credentials "{host}" {{
  token = "{token}"
}}
"""


def show_new(new: NewKey, info: Info) -> ShownKey:
    if new.secret is None:
        return ShownKey(new.key)
    said = {
        "{name}": new.key.name,
        "{secret}": new.secret,
        "{host}": info.context.means.site.host,
        "{token}": new.registry_token or "",
        "{{": "{",
        "}}": "}",
    }
    text = _CREDENTIALS_FILE
    for mark, value in said.items():
        text = text.replace(mark, value)
    return ShownKey(new.key, new.secret, text)


@query.field("viewer")
async def resolve_viewer(_root: None, info: Info) -> Subject | None:
    subject = info.context.subject
    return None if subject is NOBODY else subject


@viewer.field("id")
def resolve_viewer_id(parent: Subject, _info: Info) -> str:
    """A person is known to clients by the name they sign in with."""
    return parent.name if parent.kind is SubjectKind.USER else parent.id


@query.field("apiKeys")
async def resolve_api_keys(_root: None, info: Info) -> list[ShownKey]:
    async with info.context.open_unit() as unit:
        keys = await unit.api_keys.all(by=info.context.subject)
    return [ShownKey(key) for key in keys]


@query.field("apiKey")
async def resolve_api_key(_root: None, info: Info, *, id: str) -> ShownKey | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        key = await unit.api_keys.find(ApiKeyId(id), by=info.context.subject)
    return None if key is None else ShownKey(key)


@api_key.field("admin")
async def resolve_admin(parent: ShownKey, info: Info) -> bool:
    rules = await info.context.loaders.key_rules.load(parent.id)
    return (ROOT, Level.ADMIN) in rules


@api_key.field("accessRules")
async def resolve_access_rules(parent: ShownKey, info: Info) -> list[dict[str, str]]:
    return show_rules(await info.context.loaders.key_rules.load(parent.id))


@api_key.field("apiKeyRoleBindings")
async def resolve_bindings(parent: ShownKey, info: Info) -> Sequence[RoleBinding]:
    return await info.context.loaders.key_bindings.load(parent.id)


@api_key.field("spaceCount")
async def resolve_space_count(parent: ShownKey, info: Info) -> int:
    bindings = await info.context.loaders.key_bindings.load(parent.id)
    return len({binding.space_id for binding in bindings})


def show_rules(rules: Sequence[tuple[str, Level]]) -> list[dict[str, str]]:
    return [
        {"space": space, "space_access_level": level.name} for space, level in rules
    ]


@mutation.field("apiKeyUser")
async def resolve_api_key_user(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    secret: str,
) -> IssuedToken | None:
    return await info.context.means.key_exchange.exchange(
        ApiKeyId(id), secret=secret, place=info.context.place
    )


class OAuthSignInOffError(UnauthorizedError):
    """You are unauthorized: no external OAuth provider is set up; use an API key."""


@mutation.field("oauthUser")
async def resolve_oauth_user(_root: None, _info: Info, *, token: str) -> None:
    """Refuse in words that the client shows: it asks for this where it is told to."""
    del token
    raise OAuthSignInOffError


@mutation.field("apiKeyCreate")
async def resolve_api_key_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> ShownKey:
    oidc = input.get("oidc")
    issued_by = oidc and IssuedBy(
        oidc["issuer"], oidc["client_id"], oidc["subject_expression"]
    )
    async with info.context.open_unit() as unit:
        new = await unit.api_keys.create(
            name=input["name"],
            admin=input["admin"],
            teams=input.get("teams"),
            oidc=issued_by,
            claim_mapping=_entries(oidc.get("claim_mappings")) if oidc else None,
            by=info.context.subject,
        )
        return show_new(new, info)


@mutation.field("apiKeyUpdate")
async def resolve_api_key_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> ShownKey:
    async with info.context.open_unit() as unit:
        key = await unit.api_keys.update(
            ApiKeyId(id),
            name=input.get("name"),
            teams=input.get("teams"),
            description=input.get("description"),
            claim_mapping=_entries(input.get("oidc_claim_mappings")),
            by=info.context.subject,
        )
    return ShownKey(key)


@mutation.field("apiKeyRotate")
async def resolve_api_key_rotate(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> ShownKey:
    async with info.context.open_unit() as unit:
        new = await unit.api_keys.rotate(ApiKeyId(id), by=info.context.subject)
        return show_new(new, info)


@mutation.field("apiKeyDelete")
async def resolve_api_key_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> ShownKey | None:
    async with info.context.open_unit() as unit:
        key = await unit.api_keys.delete(ApiKeyId(id), by=info.context.subject)
    return None if key is None else ShownKey(key)


def _entries(mapping: dict[str, Any] | None) -> list[dict[str, str]] | None:
    return None if mapping is None else list(mapping.get("entries") or ())
