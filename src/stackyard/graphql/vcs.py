"""Links to git servers in the graph: five types that differ in what each has not."""

from collections.abc import Mapping
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import ROOT, SpaceId
from stackyard.spaces import Space
from stackyard.vcs import (
    Connection,
    Integration,
    IntegrationKind,
    IntegrationSettings,
    NewIntegration,
    VcsChecks,
)

# The type of each kind; its fields and mutations begin with the same word.
TYPES: Final[Mapping[IntegrationKind, str]] = {
    IntegrationKind.AZURE_DEVOPS: "AzureDevOpsRepoIntegration",
    IntegrationKind.BITBUCKET_CLOUD: "BitbucketCloudIntegration",
    IntegrationKind.BITBUCKET_DATACENTER: "BitbucketDatacenterIntegration",
    IntegrationKind.GITHUB_ENTERPRISE: "GithubEnterpriseIntegration",
    IntegrationKind.GITLAB: "GitlabIntegration",
}
# What the account's default is called if it is made without a name.
_DEFAULT_NAMES: Final[Mapping[IntegrationKind, str]] = {
    IntegrationKind.AZURE_DEVOPS: "Default Azure DevOps integration",
    IntegrationKind.BITBUCKET_CLOUD: "Default Bitbucket Cloud integration",
    IntegrationKind.BITBUCKET_DATACENTER: "Default Bitbucket Data Center integration",
    IntegrationKind.GITHUB_ENTERPRISE: "Default GitHub integration",
    IntegrationKind.GITLAB: "Default GitLab integration",
}
# Where code on Bitbucket Cloud is: there is only one.
_BITBUCKET_API: Final = "https://api.bitbucket.org"
_BITBUCKET: Final = "https://bitbucket.org"
_TOKENS: Final = (
    "access_token",
    "api_token",
    "personal_access_token",
    "private_key",
    "private_token",
)

query = QueryType()
mutation = MutationType()
types = {kind: ObjectType(name) for kind, name in TYPES.items()}
bindables = [query, mutation, *types.values()]


async def resolve_space(parent: Integration, info: Info) -> Space:
    return await info.context.loaders.spaces.load(parent.space_id)


async def resolve_webhook_secret(parent: Integration, info: Info) -> str:
    async with info.context.open_unit() as unit:
        hook = await unit.vcs_integrations.webhook(parent, by=info.context.subject)
    return hook.secret if hook else ""


async def resolve_webhook_url(parent: Integration, info: Info) -> str:
    async with info.context.open_unit() as unit:
        hook = await unit.vcs_integrations.webhook(parent, by=info.context.subject)
    means = info.context.means
    return means.reach.webhook_url(hook.path, means.site) if hook else ""


def _bind(kind: IntegrationKind, shown: ObjectType) -> None:
    """Give one kind its query, its three mutations and the fields that all have."""
    word = TYPES[kind][0].lower() + TYPES[kind][1:]

    async def resolve(_root: None, info: Info, *, id: str) -> Integration | None:  # noqa: A002 - the contract's name
        async with info.context.open_unit() as unit:
            return await unit.vcs_integrations.find(kind, id, by=info.context.subject)

    async def resolve_create(
        _root: None,
        info: Info,
        *,
        custom_input: dict[str, Any] | None = None,
        **given: Any,
    ) -> Integration:
        async with info.context.open_unit() as unit:
            return await unit.vcs_integrations.create(
                _new(kind, custom_input),
                _connection(kind, given),
                by=info.context.subject,
            )

    async def resolve_update(
        _root: None,
        info: Info,
        *,
        custom_input: dict[str, Any] | None = None,
        **given: Any,
    ) -> Integration:
        said = custom_input or {}
        space = said.get("space")
        async with info.context.open_unit() as unit:
            return await unit.vcs_integrations.update(
                kind,
                said.get("id"),
                _settings(said) if said else None,
                _connection(kind, given),
                space_id=SpaceId(space) if space else None,
                by=info.context.subject,
            )

    async def resolve_delete(_root: None, info: Info, *, id: str) -> Integration | None:  # noqa: A002 - the contract's name
        async with info.context.open_unit() as unit:
            return await unit.vcs_integrations.delete(kind, id, by=info.context.subject)

    query.set_field(word, resolve)
    mutation.set_field(f"{word}Create", resolve_create)
    mutation.set_field(f"{word}Update", resolve_update)
    mutation.set_field(f"{word}Delete", resolve_delete)
    shown.set_field("space", resolve_space)


for _kind, _shown in types.items():
    _bind(_kind, _shown)
    _of_azure = _kind is IntegrationKind.AZURE_DEVOPS
    _of_datacenter = _kind is IntegrationKind.BITBUCKET_DATACENTER
    _shown.set_field(
        "webhookPassword" if _of_azure else "webhookSecret", resolve_webhook_secret
    )
    _shown.set_field(
        "webhookURL" if _of_datacenter else "webhookUrl", resolve_webhook_url
    )
types[IntegrationKind.AZURE_DEVOPS].set_alias("organizationURL", "api_host")


def _new(kind: IntegrationKind, said: dict[str, Any] | None) -> NewIntegration:
    if said is None:
        name = _DEFAULT_NAMES[kind]
        return NewIntegration(kind=kind, name=name, space_id=ROOT, is_default=True)
    return NewIntegration(
        kind=kind,
        name=said["name"],
        space_id=SpaceId(said["space_id"]),
        is_default=bool(said.get("is_default")),
        settings=_settings(said),
    )


def _settings(said: dict[str, Any]) -> IntegrationSettings:
    return IntegrationSettings(
        description=said.get("description"),
        labels=tuple(said.get("labels") or ()),
        vcs_checks=said.get("vcs_checks") or VcsChecks.INDIVIDUAL,
        use_git_checkout=said.get("use_git_checkout"),
    )


def _connection(kind: IntegrationKind, given: dict[str, Any]) -> Connection:
    host = given.get("organization_url") or given.get("api_host")
    shown_host = given.get("user_facing_host")
    if kind is IntegrationKind.BITBUCKET_CLOUD:
        host, shown_host = _BITBUCKET_API, _BITBUCKET
    [token] = [given[name] or "" for name in _TOKENS if name in given] or [""]
    return Connection(
        kind=kind,
        api_host=host or "",
        user_facing_host=shown_host or host or "",
        username=given.get("username") or "",
        email=given.get("email") or "",
        app_id=given.get("app_id") or "",
        accessible_projects=tuple(given.get("accessible_projects") or ()),
        token=token,
        webhook_secret=given.get("webhook_secret") or "",
    )
