"""Whoever changes what people may do, or tries to come in, leaves a line."""

import pytest
from sqlalchemy import text
from tests.support.edge import ADMIN, Edge

from stackyard.adapters.postgres import Database
from stackyard.identity import Strategy
from stackyard.kernel.access import SYSTEM, Level
from stackyard.kernel.actions import Action
from stackyard.kernel.ids import ROOT
from stackyard.spaces import Holder, HolderKind, SpaceSpec

CANARY = "hunter2-is-what-they-typed"


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


async def actions(edge: Edge) -> list[str]:
    async with edge.database.transaction() as session:
        query = text("SELECT action FROM audit_entries ORDER BY id")
        return list((await session.scalars(query)).all())


async def everything(edge: Edge) -> str:
    async with edge.database.transaction() as session:
        query = text("SELECT string_agg(e::text, ' ') FROM audit_entries e")
        return str(await session.scalar(query))


async def test_each_change_of_rights_is_written_down(edge: Edge) -> None:
    async with edge.unit() as unit:
        space = await unit.spaces.create(SpaceSpec("Team"), by=SYSTEM)
        await unit.spaces.update(space.id, SpaceSpec("Other"), by=SYSTEM)
        role = await unit.roles.create(
            name="R", description=None, actions=[Action.SPACE_READ], by=SYSTEM
        )
        await unit.roles.update(role.id, name="S", by=SYSTEM)
        new = await unit.api_keys.create(name="ci", admin=False, by=SYSTEM)
        holder = Holder(HolderKind.API_KEY, new.key.id)
        bound = await unit.bindings.create(
            holder, role=role.slug, space=space.id, by=SYSTEM
        )
        await unit.bindings.delete(bound.id, HolderKind.API_KEY, by=SYSTEM)
        await unit.bindings.set_rules(holder, {ROOT: Level.READ}, by=SYSTEM)
        await unit.api_keys.update(new.key.id, name="cd", by=SYSTEM)
        rotated = await unit.api_keys.rotate(new.key.id, by=SYSTEM)
        await unit.api_keys.delete(new.key.id, by=SYSTEM)
        await unit.roles.delete(role.id, by=SYSTEM)
        await unit.spaces.delete(space.id, by=SYSTEM)
        invited = await unit.people.invite(username="u", email=None, by=SYSTEM)
        again = await unit.people.invite_again(invited.user.id, by=SYSTEM)
        await unit.people.delete(invited.user.id, by=SYSTEM)
        group = await unit.groups.create(name="g", description=None, by=SYSTEM)
        await unit.groups.update(group.id, description="d", by=SYSTEM)
        await unit.groups.delete(group.id, by=SYSTEM)
        await unit.account.set_security_email("", by=SYSTEM)
        await unit.account.set_space_admins_make_spaces(allowed=True, by=SYSTEM)
        await unit.account.set_strategy(Strategy.LOGIN_POLICY, by=SYSTEM)
        await unit.account.enforce_second_factor(enforced=True, by=SYSTEM)
        await unit.sign_ons.remove(by=SYSTEM)

    assert sorted(await actions(edge)) == sorted(
        [
            "space.create",
            "space.update",
            "space.delete",
            "role.create",
            "role.update",
            "role.delete",
            "api_key.create",
            "api_key.update",
            "api_key.rotate",
            "api_key.delete",
            "role_binding.create",
            "role_binding.delete",
            "access_rules.set",
            "user.invite",
            "user.invite_again",
            "user.delete",
            "user_group.create",
            "user_group.update",
            "user_group.delete",
            "account.set_security_email",
            "account.set_space_creation",
            "account.set_strategy",
            "account.enforce_second_factor",
            "session.delete_others",
            "session.delete_others",
            "sign_on.remove",
        ]
    )
    kept = await everything(edge)
    for secret in (new.secret, rotated.secret, invited.secret, again.secret):
        assert secret
        assert secret not in kept


async def test_sign_ins_that_went_well_and_those_that_did_not(edge: Edge) -> None:
    key, secret = await edge.key()
    async with edge.client() as client:
        for username, password in [
            (ADMIN.username, CANARY),
            (CANARY, "x"),
            (ADMIN.username, ADMIN.password),
        ]:
            said = {"username": username, "password": password}
            await client.post("/session", json=said)
        for said in (
            {"id": key.id, "secret": CANARY},
            {"id": key.id, "secret": secret},
        ):
            await client.post("/session/key", json=said)

    assert (await actions(edge))[2:] == [
        "login.fail",
        "login.fail",
        "login.create",
        "login.fail",
        "login.create",
    ]
    kept = await everything(edge)
    assert CANARY not in kept
    assert secret not in kept


async def test_an_entry_says_which_roles_the_actor_held(edge: Edge) -> None:
    key, _ = await edge.key(admin=False)
    async with edge.unit() as unit:
        space = await unit.spaces.create(SpaceSpec("Team"), by=SYSTEM)
        holder = Holder(HolderKind.API_KEY, key.id)
        for role in ("space-admin", "space-reader"):
            await unit.bindings.create(holder, role=role, space=space.id, by=SYSTEM)
    async with edge.unit() as unit:
        spec = SpaceSpec("Renamed", parent=ROOT)
        await unit.spaces.update(space.id, spec, by=key.subject)
    async with edge.database.transaction() as session:
        query = text(
            "SELECT actor_roles FROM audit_entries WHERE action = 'space.update'"
        )
        assert await session.scalar(query) == ["space-admin", "space-reader"]
