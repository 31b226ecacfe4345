"""What holds for the whole account, and who is signed in, in the graph."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.identity import Account, RunnerImages, Session, SessionMethod, Strategy
from stackyard.kernel.ids import SessionId

TIER: Final = "SELF_HOSTED"

query = QueryType()
mutation = MutationType()
settings = ObjectType("AccountSettings")
settings.set_alias("managementStrategy", "strategy")
settings.set_alias("allowNonRootAdminSpaceCreation", "space_admins_make_spaces")
signed_in = ObjectType("SignedIn")
runner_images = ObjectType("DefaultWorkerPoolRunnerImages")
runner_images.set_alias("privateWorkerPoolRunnerImage", "private")
runner_images.set_alias("publicWorkerPoolRunnerImage", "public")
bindables = [query, mutation, settings, signed_in, runner_images]


@query.field("name")
async def resolve_name(_root: None, info: Info) -> str:
    return info.context.means.site.account


@query.field("tier")
async def resolve_tier(_root: None, _info: Info) -> str:
    return TIER


@query.field("securityEmail")
async def resolve_security_email(_root: None, info: Info) -> str | None:
    async with info.context.open_unit() as unit:
        account = await unit.account.get(by=info.context.subject)
        return account.security_email


@query.field("defaultPrivateWorkerPoolRunnerImage")
async def resolve_private_image(_root: None, info: Info) -> str | None:
    async with info.context.open_unit() as unit:
        return (await unit.account.runner_images(by=info.context.subject)).private


@query.field("defaultPublicWorkerPoolRunnerImage")
async def resolve_public_image(_root: None, info: Info) -> str | None:
    async with info.context.open_unit() as unit:
        return (await unit.account.runner_images(by=info.context.subject)).public


@query.field("outgoingIPAddresses")
async def resolve_outgoing(_root: None, info: Info) -> Sequence[str]:
    return info.context.means.reach.outgoing


@query.field("spaceliftAwsAccountId")
async def resolve_aws_account(_root: None, info: Info) -> str:
    return info.context.means.reach.aws_account


@query.field("gitlabWebhooksEndpoint")
async def resolve_gitlab_webhooks(_root: None, info: Info) -> str:
    means = info.context.means
    return means.reach.webhook_url("gitlab", means.site)


@query.field("accountSettings")
async def resolve_settings(_root: None, info: Info) -> Account:
    async with info.context.open_unit() as unit:
        return await unit.account.get(by=info.context.subject)


@query.field("sessions")
async def resolve_sessions(
    _root: None, info: Info, *, before: str | None = None
) -> Sequence[Session]:
    async with info.context.open_unit() as unit:
        return await unit.account.open_sessions(by=info.context.subject, after=before)


@mutation.field("accountUpdateSecurityEmail")
async def resolve_set_email(_root: None, info: Info, *, security_email: str) -> str:
    async with info.context.open_unit() as unit:
        account = await unit.account.set_security_email(
            security_email, by=info.context.subject
        )
        return account.security_email


@mutation.field("accountUpdateDefaultWorkerPoolRunnerImages")
async def resolve_set_images(
    _root: None,
    info: Info,
    *,
    private_worker_pool_runner_image: str | None = None,
    public_worker_pool_runner_image: str | None = None,
) -> RunnerImages:
    async with info.context.open_unit() as unit:
        return await unit.account.set_runner_images(
            private=private_worker_pool_runner_image,
            public=public_worker_pool_runner_image,
            by=info.context.subject,
        )


@mutation.field("accountSetManagementStrategy")
async def resolve_set_strategy(_root: None, info: Info, *, strategy: str) -> Account:
    async with info.context.open_unit() as unit:
        return await unit.account.set_strategy(
            Strategy(strategy), by=info.context.subject
        )


@mutation.field("accountEnforceSecondFactor")
async def resolve_enforce(_root: None, info: Info, *, enforced: bool) -> Account:
    async with info.context.open_unit() as unit:
        return await unit.account.enforce_second_factor(
            enforced=enforced, by=info.context.subject
        )


@mutation.field("accountAllowNonRootAdminSpaceCreation")
async def resolve_allow(_root: None, info: Info, *, allowed: bool) -> Account:
    async with info.context.open_unit() as unit:
        return await unit.account.set_space_admins_make_spaces(
            allowed=allowed, by=info.context.subject
        )


@mutation.field("sessionDelete")
async def resolve_end(_root: None, info: Info, *, id: str) -> Session:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.account.end_session(SessionId(id), by=info.context.subject)


@mutation.field("sessionsDeleteOthers")
async def resolve_end_others(_root: None, info: Info) -> int:
    async with info.context.open_unit() as unit:
        return await unit.account.end_other_sessions(by=info.context.subject)


@signed_in.field("machine")
def resolve_machine(parent: Session, _info: Info) -> bool:
    return parent.method is SessionMethod.API_KEY


@signed_in.field("current")
def resolve_current(parent: Session, info: Info) -> bool:
    return parent.id == info.context.subject.session_id


def _seconds(attribute: str) -> Callable[[Session, Info], int]:
    def resolve(parent: Session, _info: Info) -> int:
        moment: datetime = getattr(parent, attribute)
        return int(moment.timestamp())

    return resolve


signed_in.set_field("createdAt", _seconds("created_at"))
signed_in.set_field("seenAt", _seconds("seen_at"))
signed_in.set_field("expiresAt", _seconds("expires_at"))
