"""Pools of VCS agents in the graph."""

from collections.abc import Sequence

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import VcsAgentPoolId
from stackyard.vcs import AgentPool, agent_token

query = QueryType()
mutation = MutationType()
pool = ObjectType("VcsAgentPool")
bindables = [query, mutation, pool]


@query.field("vcsAgentPool")
async def resolve_pool(_root: None, info: Info, *, id: str) -> AgentPool | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.vcs_agent_pools.find(
            VcsAgentPoolId(id), by=info.context.subject
        )


@query.field("vcsAgentPools")
async def resolve_pools(_root: None, info: Info) -> Sequence[AgentPool]:
    async with info.context.open_unit() as unit:
        return await unit.vcs_agent_pools.all(by=info.context.subject)


@mutation.field("vcsAgentPoolCreate")
async def resolve_create(
    _root: None, info: Info, *, name: str, description: str | None = None
) -> AgentPool:
    async with info.context.open_unit() as unit:
        made, key = await unit.vcs_agent_pools.create(
            name, description, by=info.context.subject
        )
    means = info.context.means
    gateway = means.reach.agents_endpoint(means.site)
    info.context.shown_once[made.id] = agent_token(made.id, key, gateway=gateway)
    return made


@mutation.field("vcsAgentPoolUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    name: str,
    description: str | None = None,
) -> AgentPool:
    async with info.context.open_unit() as unit:
        return await unit.vcs_agent_pools.update(
            VcsAgentPoolId(id), name, description, by=info.context.subject
        )


@mutation.field("vcsAgentPoolDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> AgentPool | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.vcs_agent_pools.delete(
            VcsAgentPoolId(id), by=info.context.subject
        )


@pool.field("config")
def resolve_config(parent: AgentPool, info: Info) -> str | None:
    return info.context.shown_once.get(parent.id)
