"""What a stack or a module has of its own with clouds and webhooks, in the graph."""

from typing import Any

from ariadne import MutationType, ObjectType

from stackyard.clouds import (
    AwsRole,
    AwsRoleSpec,
    GcpAccount,
    own_external_id,
    trust_statement,
)
from stackyard.graphql.context import Info
from stackyard.kernel.ids import StackId
from stackyard.stacks import Project

mutation = MutationType()
integrations = ObjectType("Integrations")
bindables = [mutation, integrations]


@integrations.field("aws")
async def resolve_aws(root: Project, info: Info) -> dict[str, Any]:
    role = await info.context.loaders.aws_roles.load(root.id)
    return _aws(root.id, role, info)


@integrations.field("gcp")
async def resolve_gcp(root: Project, info: Info) -> dict[str, Any]:
    return _gcp(await info.context.loaders.gcp_accounts.load(root.id))


@mutation.field("stackIntegrationAwsCreate")
async def resolve_aws_create(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    **given: Any,
) -> dict[str, Any]:
    """The arguments have the names of a spec's fields."""
    async with info.context.open_unit() as unit:
        role = await unit.own_clouds.set_role(
            StackId(id), AwsRoleSpec(**given), by=info.context.subject
        )
    return _aws(role.stack_id, role, info)


@mutation.field("stackIntegrationAwsDelete")
async def resolve_aws_delete(_root: None, info: Info, *, id: str) -> dict[str, Any]:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        await unit.own_clouds.drop_role(StackId(id), by=info.context.subject)
    return _aws(StackId(id), None, info)


@mutation.field("stackIntegrationGcpCreate")
async def resolve_gcp_create(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    token_scopes: list[str],
) -> dict[str, Any]:
    async with info.context.open_unit() as unit:
        account = await unit.own_clouds.set_account(
            StackId(id), tuple(token_scopes), by=info.context.subject
        )
    return _gcp(account)


@mutation.field("stackIntegrationGcpDelete")
async def resolve_gcp_delete(_root: None, info: Info, *, id: str) -> dict[str, Any]:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        await unit.own_clouds.drop_account(StackId(id), by=info.context.subject)
    return _gcp(None)


def _aws(project: StackId, role: AwsRole | None, info: Info) -> dict[str, Any]:
    means = info.context.means
    external_id = own_external_id(project, role, account=means.site.account)
    statement = trust_statement(external_id, aws_account=means.reach.aws_account)
    return {
        "activated": role is not None,
        "assume_role_policy_statement": statement,
        "assumed_role_arn": role and role.role_arn,
        "external_id": role and role.external_id,
        "generate_credentials_in_worker": bool(
            role and role.generate_credentials_in_worker
        ),
        "duration_seconds": role and role.duration_seconds,
        "region": role and role.region,
    }


def _gcp(account: GcpAccount | None) -> dict[str, Any]:
    return {
        "activated": account is not None,
        "service_account_email": account and account.email,
        "token_scopes": account.token_scopes if account else [],
    }
