"""The provider's own documents on spaces, roles, keys, people: a whole life of each.

`tests/operations/terraform-provider` holds the client's texts. They are never edited.
"""

from typing import Final

import pytest
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import ROOT, SpaceId

NOWHERE: Final = "01GBASTWAEPJ1HDMXDMWTRC8DN"


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


async def test_a_wrong_secret_gives_null_and_no_error(edge: Edge) -> None:
    key, _ = await edge.key()
    provider = Provider(edge)
    for key_id, secret in [(key.id, "wrong"), (NOWHERE, "x")]:
        assert (
            await provider.data(
                "SpaceliftProviderBuildClientFromAPIKeyParams",
                id=key_id,
                secret=secret,
            )
            is None
        )


async def test_the_life_of_a_space(provider: Provider) -> None:
    said = {
        "name": "Provider test",
        "description": "",
        "inheritEntities": False,
        "parentSpace": "root",
        "labels": ["one", "two"],
    }
    made = await provider.data("CreateSpace", input=said)
    assert made["id"].startswith("provider-test-")
    assert {**made, "id": ""} == {**said, "id": ""}
    assert await provider.data("SpaceRead", id=made["id"]) == made

    changed = said | {"description": "x", "inheritEntities": True, "labels": None}
    updated = await provider.data("SpaceUpdate", space=made["id"], input=changed)
    assert updated == {**changed, "labels": [], "id": made["id"]}
    for listing in ("SpaceRead__2", "SpacesRead"):
        listed = {one["id"]: one for one in await provider.data(listing)}
        assert listed[made["id"]] == updated
        assert listed["root"]["parentSpace"] is None
        assert listed["legacy"]["inheritEntities"] is True

    assert (await provider.data("DeleteSpace", id=made["id"]))["id"] == made["id"]
    assert await provider.data("SpaceRead", id=made["id"]) is None
    assert await provider.data("DeleteSpace", id=made["id"]) is None


async def test_a_space_that_says_no_parent_is_in_root_and_then_stays(
    provider: Provider,
) -> None:
    said = {"name": "x", "description": "", "inheritEntities": False, "parentSpace": ""}
    outer = await provider.data("CreateSpace", input=said)
    assert (outer["parentSpace"], outer["labels"]) == ("root", [])
    within = said | {"parentSpace": outer["id"]}
    inner = await provider.data("CreateSpace", input=within)
    assert inner["parentSpace"] == outer["id"]
    assert await provider.data("SpaceUpdate", space=inner["id"], input=said) == inner


async def test_the_life_of_a_role(provider: Provider) -> None:
    said = {"name": "Our Role", "description": None, "actions": ["SPACE_READ"]}
    made = await provider.data("RoleCreate", input=said)
    assert (made["slug"], made["isSystem"]) == ("our-role", False)
    assert {name: made[name] for name in said} == said
    nameless = await provider.error("RoleCreate", input=said | {"name": "役"})
    assert nameless == "name: must have a letter a-z or a digit"

    update = {"name": "New", "description": "d", "Actions": ["SPACE_READ", "RUN_STOP"]}
    changed = await provider.data("RoleUpdate", id=made["id"], input=update)
    assert (changed["slug"], changed["actions"]) == ("our-role", update["Actions"])
    kept = await provider.data("RoleUpdate", id=made["id"], input={"Actions": None})
    assert kept == changed
    for reference in (made["id"], "our-role"):
        assert await provider.data("RoleRead", id=reference) == changed

    roles = {one["slug"]: one for one in await provider.data("ReadAllRoles")}
    admin = roles["space-admin"]
    assert (admin["name"], admin["isSystem"]) == ("Space admin", True)
    assert admin["description"]
    assert admin["actions"] == ["SPACE_READ", "SPACE_WRITE", "SPACE_ADMIN"]
    assert await provider.data("RoleDelete", id=made["id"]) is not None
    assert await provider.data("RoleRead", id=made["id"]) is None
    assert await provider.data("RoleDelete", id=made["id"]) is None


async def test_the_life_of_an_api_key(provider: Provider) -> None:
    said = {"admin": False, "name": " ci 鍵", "teams": ["ops"], "oidc": None}
    made = await provider.data("APIKeyCreate", input=said)
    assert made["secret"]
    assert (made["name"], made["teams"]) == (" ci 鍵", ["ops"])  # as sent
    assert (made["type"], made["oidcSettings"]) == ("SECRET", None)
    read = await provider.data("APIKeyRead", id=made["id"])
    assert read == made | {"secret": None}
    renamed = await provider.data(
        "APIKeyUpdate", id=made["id"], input={"name": "other", "teams": None}
    )
    assert (renamed["name"], renamed["teams"]) == ("other", ["ops"])
    assert await provider.data("APIKeyRead", id=NOWHERE) is None
    assert (
        await provider.error("APIKeyUpdate", id=NOWHERE, input={"name": "x"})
        == "could not find api key"
    )
    assert await provider.data("APIKeyDelete", id=made["id"]) is not None
    assert await provider.data("APIKeyRead", id=made["id"]) is None
    assert await provider.data("APIKeyDelete", id=made["id"]) is None


async def test_a_key_of_an_identity_provider_has_no_secret(provider: Provider) -> None:
    entries = [{"name": "cognito:groups", "value": "groups"}]
    oidc = {
        "issuer": "https://issuer.example",
        "clientId": "c",
        "subjectExpression": "^repo:.*$",
        "claimMappings": {"entries": entries},
    }
    made = await provider.data(
        "APIKeyCreate", input={"admin": False, "name": "gh", "teams": [], "oidc": oidc}
    )
    assert (made["type"], made["secret"]) == ("OIDC", None)
    assert made["oidcSettings"] == {
        "issuer": "https://issuer.example",
        "clientId": "c",
        "subjectExpression": "^repo:.*$",
        "claimMapping": {"entries": entries},
    }
    for said in ([], entries, None):  # as which an empty list of Go's arrives
        changed = await provider.data(
            "APIKeyUpdate",
            id=made["id"],
            input={"oidcClaimMappings": {"entries": said}},
        )
        assert changed["oidcSettings"]["claimMapping"] == {"entries": said or []}


async def test_the_life_of_a_users_roles(provider: Provider) -> None:
    rules = [{"space": "legacy", "spaceAccessLevel": "WRITE"}]
    made = await provider.data(
        "ManagedUserInvite",
        input={
            "invitationEmail": "u@example.com",
            "username": "u",
            "accessRules": rules,
        },
    )
    assert made["accessRules"] == rules
    assert [made] == await provider.data("ManagedUsersRead")
    more = [*rules, {"space": "root", "spaceAccessLevel": "READ"}]
    changed = await provider.data(
        "ManagedUserUpdate", input={"id": made["id"], "accessRules": more}
    )
    by_space = {one["space"]: one for one in changed["accessRules"]}
    assert by_space == {one["space"]: one for one in more}
    none = await provider.data(
        "ManagedUserUpdate", input={"id": made["id"], "accessRules": None}
    )
    assert none["accessRules"] == []

    role = await provider.data("RoleRead", id="worker-pool-controller")
    said = {"roleID": role["id"], "userID": made["id"], "spaceID": "legacy"}
    (binding,) = await provider.data(
        "UserRoleBindingBatchCreate", input={"bindings": [said]}
    )
    assert {name: binding[name] for name in said} == said
    assert binding["user"]["username"] == "u"
    assert await provider.data("UserRoleBindingRead", id=binding["id"]) == binding
    await provider.data("UserRoleBindingDelete", id=binding["id"])
    assert await provider.data("UserRoleBindingRead", id=binding["id"]) is None
    gone = await provider.error("UserRoleBindingDelete", id=binding["id"])
    assert "not found" in gone

    assert await provider.data("ManagedUserDelete", id=made["id"]) is not None
    assert await provider.data("ManagedUser", id=made["id"]) is None
    assert await provider.data("ManagedUserDelete", id=made["id"]) is None


async def test_the_life_of_a_group(provider: Provider) -> None:
    rules = [{"space": "root", "spaceAccessLevel": "ADMIN"}]
    said = {"groupName": "DevOps ", "description": "d", "accessRules": rules}
    made = await provider.data("ManagedUserGroupCreate", input=said)
    assert {**made, "id": ""} == {**said, "id": ""}
    changed = await provider.data(
        "ManagedUserGroupUpdate",
        input={"id": made["id"], "description": "", "accessRules": []},
    )
    assert (changed["description"], changed["accessRules"]) == ("", [])
    assert await provider.data("ManagedUserGroupsRead") == [changed]
    assert await provider.data("ManagedUserGroupRead", id=made["id"]) == changed

    role = await provider.data("RoleRead", id="space-reader")
    wanted = {"roleID": role["id"], "spaceID": "root", "userGroupID": made["id"]}
    binding = await provider.data("UserGroupRoleBindingCreate", input=wanted)
    assert binding["userGroup"]["groupName"] == "DevOps "
    assert await provider.data("UserGroupRoleBindingRead", id=binding["id"]) == binding
    await provider.data("UserGroupRoleBindingDelete", id=binding["id"])
    assert await provider.data("UserGroupRoleBindingRead", id=binding["id"]) is None
    assert await provider.data("ManagedUserGroupDelete", id=made["id"]) is not None
    assert await provider.data("ManagedUserGroupsRead") == []
    assert await provider.data("ManagedUserGroupDelete", id=made["id"]) is None


async def test_the_life_of_bindings_of_keys_and_stacks(
    provider: Provider, edge: Edge
) -> None:
    key, _ = await edge.key(admin=False)
    role = await provider.data("RoleRead", id="space-writer")
    said = {"apiKeyID": key.id, "roleID": "space-writer", "spaceID": "legacy"}
    made = await provider.data("ApiKeyRoleBindingCreate", input=said)
    assert (made["apiKeyID"], made["spaceID"]) == (key.id, "legacy")
    assert made["role"] == role | {"roleBindingsCount": 1}
    assert await provider.data("ApiKeyRoleBindingRead", id=made["id"]) == made
    await provider.data("ApiKeyRoleBindingDelete", id=made["id"])
    assert await provider.data("ApiKeyRoleBindingRead", id=made["id"]) is None

    async with edge.unit() as unit:
        spec = a_spec(name="Net", space_id=SpaceId("legacy"))
        await unit.stacks.create(spec, by=SYSTEM)
    wanted = {"stackID": "net", "roleID": role["id"], "spaceID": "legacy"}
    bound = await provider.data("StackRoleBindingCreate", input=wanted)
    assert (bound["stackID"], bound["space"]["id"]) == ("net", "legacy")
    assert await provider.data("StackRoleBindingRead", id=bound["id"]) == bound
    assert await provider.error(
        "StackRoleBindingCreate", input=wanted | {"spaceID": ROOT}
    )
    assert await provider.error(
        "StackRoleBindingCreate", input=wanted | {"stackID": "nope"}
    )
    await provider.data("StackRoleBindingDelete", id=bound["id"])
    assert await provider.data("StackRoleBindingRead", id=bound["id"]) is None


async def test_the_key_that_asks_loses_nothing_by_another_role(
    provider: Provider, edge: Edge
) -> None:
    said = {"name": "Looks on", "description": None, "actions": ["SPACE_READ"]}
    role = await provider.data("RoleCreate", input=said)
    async with edge.unit() as unit:
        (key,) = await unit.api_keys.all(by=SYSTEM)
    for space in ("root", "legacy"):
        bound = {"apiKeyID": key.id, "roleID": role["id"], "spaceID": space}
        await provider.data("ApiKeyRoleBindingCreate", input=bound)
    assert (await provider.data("APIKeyRead", id=key.id))["admin"] is True
    assert await provider.data("RoleCreate", input=said | {"name": "Another"})


async def test_the_security_email_is_one_word_and_can_be_emptied(
    provider: Provider,
) -> None:
    said = "security@example.com"
    assert await provider.data("AccountUpdateSecurityEmail", securityEmail=said) == said
    assert await provider.data("SecurityEmail") == said
    assert await provider.data("AccountUpdateSecurityEmail", securityEmail="") == ""
    assert await provider.data("SecurityEmail") == ""


async def test_whoever_may_not_is_told_so_in_a_word_that_clients_know(
    edge: Edge,
) -> None:
    provider = Provider(edge)
    provider.headers = await edge.bearer(admin=False)
    space = {
        "name": "x",
        "description": "",
        "inheritEntities": False,
        "parentSpace": "root",
    }
    for operation, variables in (
        ("RoleCreate", {"input": {"name": "x", "actions": ["SPACE_READ"]}}),
        ("APIKeyCreate", {"input": {"admin": True, "name": "x"}}),
        ("ManagedUserInvite", {"input": {"username": "x"}}),
        ("AccountUpdateSecurityEmail", {"securityEmail": ""}),
        ("CreateSpace", {"input": space}),
    ):
        assert "unauthorized" in await provider.error(operation, **variables)


async def test_what_is_not_said_of_an_api_key_stays(provider: Provider) -> None:
    oidc = {
        "issuer": "https://issuer.example",
        "clientId": "c",
        "subjectExpression": "^x$",
        "claimMappings": {"entries": [{"name": "teams", "value": "groups"}]},
    }
    said = {"admin": False, "name": "gh", "teams": ["ops"], "oidc": oidc}
    made = await provider.data("APIKeyCreate", input=said)
    for nothing in ({}, dict.fromkeys(("name", "teams", "description")), {"name": "x"}):
        kept = await provider.data("APIKeyUpdate", id=made["id"], input=nothing)
        name = nothing.get("name") or "gh"
        assert kept == made | {"name": name}


async def test_a_user_without_rules_is_in_the_list_before_any_sign_in(
    provider: Provider,
) -> None:
    said = {"invitationEmail": None, "username": "eve", "accessRules": None}
    made = await provider.data("ManagedUserInvite", input=said)
    assert (made["username"], made["accessRules"]) == ("eve", [])
    assert await provider.data("ManagedUsersRead") == [made]
