"""What existing clients send about policies: a whole life of one.

`tests/operations` holds the clients' texts. They are never edited.
"""

from typing import Any, Final

import pytest
from tests.support.clouds import a_module
from tests.support.edge import ADMIN, Edge
from tests.support.provider import OPERATIONS, Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM

BODY: Final = 'package spacelift\r\n\ndeny contains "boom" if { true }\n'
MODERN: Final = {
    "STACK_ACCESS": "ACCESS",
    "TASK_RUN": "TASK",
    "TERRAFORM_PLAN": "PLAN",
}
TYPES: Final = (
    *("ACCESS", "APPROVAL", "GIT_PUSH", "INITIALIZATION", "INTENT", "LOGIN"),
    *("NOTIFICATION", "PLAN", "TASK", "TRIGGER"),
)


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    async with edge.unit() as unit:
        await unit.stacks.create(a_spec(name="Net", labels=("net",)), by=SYSTEM)
        await a_module(unit, "net")
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


def a_policy(**given: Any) -> dict[str, Any]:
    """Return what the provider sends of a policy; it sends the type only at first."""
    usual: dict[str, Any] = {
        "name": "No Booms",
        "body": BODY,
        "labels": None,
        "space": None,
        "description": "",
        "engineType": "REGO_V1",
    }
    return usual | given


async def made(provider: Provider, kind: str = "PLAN", **given: Any) -> dict[str, Any]:
    said = a_policy(**given, type=kind)
    answer: dict[str, Any] = await provider.data("PolicyCreateV2", input=said)
    return answer


async def answer(
    provider: Provider, operation: str, client: str = "spacectl", **variables: Any
) -> dict[str, Any]:
    text = (OPERATIONS.parent / client / f"{operation}.graphql").read_text()
    async with provider.edge.client() as sender:
        said = await sender.post(
            "/graphql",
            json={"query": text, "variables": variables},
            headers=provider.headers,
        )
    return dict(said.json())


async def asked(
    provider: Provider, operation: str, client: str = "spacectl", **variables: Any
) -> Any:
    said = await answer(provider, operation, client, **variables)
    assert "errors" not in said, said
    (value,) = said["data"].values()
    return value


async def test_the_life_of_a_policy(provider: Provider) -> None:
    said = a_policy(labels=["b", "a"], description="d", type="PLAN")
    first = await provider.data("PolicyCreateV2", input=said)
    assert first == said | {"id": "no-booms", "space": "legacy"}
    assert await provider.data("PolicyRead", id="no-booms") == first

    for changed in (
        a_policy(name="Other", labels=["b", "a"], description="d"),
        a_policy(name="Other", labels=["c"], description="d"),
        a_policy(name="Other", labels=["c"], description="e", body="package spacelift"),
        a_policy(name="Other", labels=["c"], description="e", engineType="REGO_V0"),
        a_policy(name="Other", labels=["c"], description="e", space="root"),
    ):
        updated = await provider.data("PolicyUpdateV2", id="no-booms", input=changed)
        space = changed["space"] or "legacy"
        assert updated == changed | {"id": "no-booms", "type": "PLAN", "space": space}
        assert await provider.data("PolicyRead", id="no-booms") == updated

    unset = {"name": "Other", "body": BODY}
    bare = await provider.data("PolicyUpdateV2", id="no-booms", input=unset)
    assert (bare["labels"], bare["description"], bare["space"], bare["engineType"]) == (
        [],
        None,
        "root",
        "REGO_V0",
    )
    assert await provider.data("PolicyDelete", id="no-booms") == bare
    assert await provider.data("PolicyRead", id="no-booms") is None
    assert await provider.data("PolicyDelete", id="no-booms") is None


@pytest.mark.parametrize("project", ["net", "terraform-default-net"])
async def test_the_life_of_an_attachment(provider: Provider, project: str) -> None:
    await made(provider)
    attach = {"id": "no-booms", "stack": project}
    use = await provider.data("PolicyAttachmentCreate", **attach)
    assert (use["stackId"], use["isModule"]) == (project, project != "net")
    named = {"policy": "no-booms", "id": project}
    read = await provider.data("PolicyAttachmentFetch", **named)
    assert read == {"attachedStack": use}

    twice = await provider.error("PolicyAttachmentCreate", **attach)
    assert "attached to this stack already" in twice
    assert await provider.data("PolicyAttachmentDelete", id=use["id"]) == use
    read = await provider.data("PolicyAttachmentFetch", **named)
    assert read == {"attachedStack": None}
    assert await provider.data("PolicyAttachmentDelete", id=use["id"]) is None


async def test_what_attached_itself_is_nothing_that_the_provider_made(
    provider: Provider,
) -> None:
    await made(provider, labels=["autoattach:net"])
    named = {"policy": "no-booms", "id": "net"}
    read = await provider.data("PolicyAttachmentFetch", **named)
    assert read == {"attachedStack": None}
    shown = await asked(provider, "StackShowShowStackFull", stackId="net")
    assert [one["policyId"] for one in shown["attachedPolicies"]] == ["no-booms"]


async def test_every_type_is_accepted_and_former_names_become_today_s(
    provider: Provider,
) -> None:
    for kind in (*TYPES, *MODERN):
        policy = await made(provider, kind, name=f"one of {kind}")
        assert policy["type"] == MODERN.get(kind, kind)
    listed = await provider.data("PoliciesRead")
    assert {one["type"] for one in listed} == set(TYPES)
    assert len(listed) == len(TYPES) + len(MODERN)


async def test_a_policy_is_of_one_type_for_good(provider: Provider) -> None:
    await made(provider)
    other = await provider.error(
        "PolicyUpdateV2", id="no-booms", input=a_policy(type="TASK")
    )
    assert "type" in other
    assert (await provider.data("PolicyRead", id="no-booms"))["type"] == "PLAN"


async def test_the_engine_is_v0_unless_v1_is_asked_for(provider: Provider) -> None:
    for name, engine, body in (
        ("None", None, "package spacelift"),
        ("Old", "REGO_V0", "package spacelift\nread { true }"),
        ("New", "REGO_V1", 'package spacelift\ndeny contains "boom" if { true }'),
    ):
        policy = await made(provider, name=name, body=body, engineType=engine)
        assert policy["engineType"] == (engine or "REGO_V0")
        assert policy["body"] == body


async def test_a_login_policy_is_in_root_and_attached_to_nothing(
    provider: Provider,
) -> None:
    policy = await made(provider, "LOGIN", labels=["autoattach:*"])
    assert policy["space"] == "root"
    refused = await provider.error("PolicyAttachmentCreate", id="no-booms", stack="net")
    assert "attached to nothing" in refused
    shown = await asked(provider, "StackShowShowStackFull", stackId="net")
    assert shown["attachedPolicies"] == []
    elsewhere = a_policy(name="x", type="LOGIN", space="legacy")
    assert "is in root" in await provider.error("PolicyCreateV2", input=elsewhere)
    moved = a_policy(space="legacy")
    refused = await provider.error("PolicyUpdateV2", id="no-booms", input=moved)
    assert "is in root" in refused


async def test_a_login_policy_ends_the_sessions_of_others(
    provider: Provider, edge: Edge
) -> None:
    ada = {"username": ADMIN.username, "password": ADMIN.password}
    async with edge.client() as browser:
        own_page = {"x-stackyard-csrf": "1"}
        await browser.post("/session", json=ada, headers=own_page)
        await made(provider)
        assert (await browser.get("/session")).status_code == 200
        await made(provider, "LOGIN", name="In")
        assert (await browser.get("/session")).status_code == 401


async def test_what_cannot_be_a_policy_is_said(provider: Provider) -> None:
    await made(provider)
    for wrong, words in (
        ({"name": "no booms"}, "slug exists already"),
        ({"name": "***"}, "name: must have a letter"),
        ({"name": "x", "body": " \n"}, "body: must not be empty"),
        ({"name": "x", "body": "x" * (2**18 + 1)}, "body: at most 262144 characters"),
        ({"name": "x", "labels": ["a", "a"]}, "labels: must not name the same"),
        ({"name": "x", "space": "nowhere"}, "no such space"),
    ):
        said = a_policy(**wrong, type="PLAN")
        assert words in await provider.error("PolicyCreateV2", input=said)
    missing = await provider.error("PolicyAttachmentCreate", id="nothing", stack="net")
    assert "no such policy" in missing
    gone = await provider.error("PolicyUpdateV2", id="nothing", input=a_policy())
    assert "no such policy" in gone


async def test_spacectl_lists_and_shows_policies(provider: Provider) -> None:
    await made(provider, labels=["red"])
    await made(provider, "TRIGGER", name="Also")
    by_name = {"field": "name", "direction": "ASC"}
    first = await asked(
        provider,
        "PolicyListSearchPolicies",
        input={"first": 1, "orderBy": by_name, "predicates": None},
    )
    assert [one["node"]["name"] for one in first["edges"]] == ["Also"]
    after = first["pageInfo"]["endCursor"]
    rest = await asked(
        provider,
        "PolicyListSearchPolicies",
        input={"first": 50, "after": after, "orderBy": by_name},
    )
    [edge] = rest["edges"]
    assert (edge["node"]["body"], edge["node"]["labels"]) == (BODY, ["red"])
    assert edge["node"]["spaceDetails"]["id"] == "legacy"
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (
        False,
        True,
    )
    shown = await asked(provider, "PolicyShowGetPolicyByID", policyId="no-booms")
    assert shown == edge["node"]
    missing = await asked(provider, "PolicyShowGetPolicyByID", policyId="nothing")
    assert missing is None


async def test_nothing_was_evaluated_so_there_are_no_samples(
    provider: Provider,
) -> None:
    await made(provider)
    listed = await asked(
        provider, "PolicyMcpRegisterListPolicySamplesTool", policyId="no-booms"
    )
    assert listed == {"id": "no-booms", "evaluationRecords": []}
    one = await asked(
        provider, "PolicyMcpRegisterGetPolicySampleTool", policyId="no-booms", key="x"
    )
    assert one == {"evaluationSample": None}
    found = await asked(
        provider,
        "PolicySamplesIndexedSearchEvaluationRecords",
        id="no-booms",
        input={"first": 50, "orderBy": {"field": "createdAt", "direction": "DESC"}},
    )
    empty = {"endCursor": None, "hasNextPage": False, "hasPreviousPage": False}
    assert found["searchEvaluationRecords"] == {"edges": [], "pageInfo": empty}


async def test_without_an_engine_nothing_is_simulated_and_that_is_said(
    provider: Provider, edge: Edge
) -> None:
    tried = {"body": BODY, "input": "{}", "type": "TERRAFORM_PLAN"}
    said = await answer(provider, "PolicySimulateSimulate", **tried)
    assert said["data"] is None
    [error] = said["errors"]
    assert "no policy engine yet" in error["message"]
    assert "opa eval" in error["message"]
    version = await asked(provider, "OpaVersion", client="docs")
    assert version == {"openPolicyAgentVersion": ""}

    other = Provider(edge)
    other.headers = await edge.bearer(admin=False)
    said = await answer(other, "PolicySimulateSimulate", **tried)
    assert "unauthorized" in said["errors"][0]["message"]


async def test_policies_of_one_type_are_listed_with_how_many_have_them(
    provider: Provider,
) -> None:
    await made(provider, "STACK_ACCESS")
    await made(provider, "ACCESS", name="Auto", labels=["autoattach:*"])
    await made(provider, "PLAN", name="Plan")
    await provider.data("PolicyAttachmentCreate", id="no-booms", stack="net")
    listed = await asked(provider, "ListAccessPolicies", client="docs")
    counts = {
        one["id"]: (one["attachedStacksCount"], one["attachedModulesCount"])
        for one in listed
    }
    assert counts == {"no-booms": (1, 0), "auto": (1, 1)}


async def test_a_stack_shows_its_policies_by_name(provider: Provider) -> None:
    await made(provider, "GIT_PUSH", name="Push", labels=["autoattach:net"])
    await made(provider)
    await provider.data("PolicyAttachmentCreate", id="no-booms", stack="net")
    for operation in ("StackShowShowStackFull", "StackShowShowStackBasic"):
        shown = await asked(provider, operation, stackId="net")
        named = {"policyId": "no-booms", "policyName": "No Booms"}
        push = {"policyId": "push", "policyName": "Push"}
        assert [dict(one) for one in shown["attachedPolicies"]] == [
            named | {"policyType": "PLAN"},
            push | {"policyType": "GIT_PUSH"},
        ]
