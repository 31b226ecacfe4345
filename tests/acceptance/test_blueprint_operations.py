"""What the provider, spacectl and the Python client send about blueprints.

`tests/operations` holds the clients' texts. They are never edited.
"""

import base64
import json
from pathlib import Path
from typing import Any, Final, cast

import pytest
from jsonschema import Draft7Validator
from sqlalchemy import QueuePool
from tests.support.bodies import a_blueprint
from tests.support.clouds import an_aws_spec
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.expressions import CelExpressions
from stackyard.adapters.postgres import Database
from stackyard.blueprints import Answer, Question
from stackyard.clouds import AwsIntegration
from stackyard.contexts import ContextSpec
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import RunId, SpaceId, StackId
from stackyard.policies import PolicySpec, PolicyType
from stackyard.runs import RunType
from stackyard.spaces import Holder, HolderKind, SpaceSpec
from stackyard.stacks import ScheduleKind

OPERATIONS: Final = Path(__file__).parents[1] / "operations"
CANARY: Final = "canary-5ecre7"
HOME: Final = SpaceId("root")
CHAIN: Final = """
options: {trigger_run: true}
stacks:
  - key: app
    name: App
    space: root
    vcs: {branch: main, provider: GITHUB, repository: x}
    vendor: {ansible: {playbook: x}}
    environment:
      stack_dependency_references:
        - {name: TF_VAR_vpc, from_stack: net, output: vpc}
  - key: net
    name: Net
    space: root
    vcs: {branch: main, provider: GITHUB, repository: x}
    vendor: {terraform: {manage_state: true}}
    schedules: {tasks: [{command: ls, cron: ["0 1 * * *"]}]}
"""


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


async def answer(
    provider: Provider, client: str, operation: str, **variables: Any
) -> Any:
    query = (OPERATIONS / client / f"{operation}.graphql").read_text()
    async with provider.edge.client() as http:
        said = await http.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers=provider.headers,
        )
    return said.json()


async def data(provider: Provider, client: str, operation: str, **given: Any) -> Any:
    said = await answer(provider, client, operation, **given)
    assert "errors" not in said, said
    (value,) = said["data"].values()
    return value


async def error(provider: Provider, client: str, operation: str, **given: Any) -> str:
    said = await answer(provider, client, operation, **given)
    return str(said["errors"][0]["message"])


def an_input(**given: Any) -> dict[str, Any]:
    usual = {"space": HOME, "name": "Our App", "state": "DRAFT"}
    return usual | {"description": None, "labels": None, "template": None} | given


def filled(**values: str) -> dict[str, Any]:
    pairs = [{"id": name, "value": value} for name, value in values.items()]
    return {"templateInputs": pairs}


async def publish(provider: Provider, body: str, **given: Any) -> dict[str, Any]:
    said = an_input(state="PUBLISHED", template=body, **given)
    made: dict[str, Any] = await provider.data("BlueprintCreate", input=said)
    return made


async def deploy(provider: Provider, **values: str) -> StackId:
    made = await data(
        provider,
        "spacectl",
        "BlueprintDeployDeploy",
        id="our-app",
        input=filled(**values),
    )
    return StackId(made["stackID"])


async def refusal(provider: Provider, **values: str) -> str:
    return await error(
        provider,
        "spacectl",
        "BlueprintDeployDeploy",
        id="our-app",
        input=filled(**values),
    )


async def test_the_life_of_a_blueprint(provider: Provider) -> None:
    body = r'no: [yaml, "\u0000 in six characters"'
    said = an_input(description="d", labels=["b", "a"], template=body)
    made = await provider.data("BlueprintCreate", input=said)
    assert (made["id"], made["space"]["id"], made["state"]) == (
        "our-app",
        "root",
        "DRAFT",
    )
    assert (made["description"], made["labels"]) == ("d", ["b", "a"])
    assert (made["rawTemplate"], made["publishedAt"]) == (body, None)
    assert (made["instructions"], made["version"]) == (None, None)
    assert len(made["ulid"]) == 26
    assert await provider.data("BlueprintRead", id="our-app") == made

    wanted = an_input(name="Other", state="PUBLISHED", template=a_blueprint())
    changed = await provider.data("BlueprintUpdate", id="our-app", input=wanted)
    assert (changed["id"], changed["name"], changed["state"]) == (
        "our-app",
        "Other",
        "PUBLISHED",
    )
    assert (changed["description"], changed["labels"]) == (None, [])
    assert changed["rawTemplate"] == a_blueprint()
    assert changed["publishedAt"] >= changed["createdAt"]

    again = await provider.error("BlueprintCreate", input=an_input())
    assert again == (
        'a blueprint with the slug "our-app" already exists: give it another name'
    )
    assert await provider.data("BlueprintDelete", id="our-app") == {"id": "our-app"}
    assert await provider.data("BlueprintRead", id="our-app") is None
    assert await provider.data("BlueprintDelete", id="our-app") is None


async def test_spacectl_lists_and_shows_what_a_blueprint_asks_for(
    provider: Provider,
) -> None:
    await publish(provider, a_blueprint(), labels=["x"])
    await provider.data("BlueprintCreate", input=an_input(name="A draft"))
    asked = {
        "fullTextSearch": "",
        "predicates": None,
        "first": 50,
        "after": None,
        "orderBy": {"field": "name", "direction": "ASC"},
    }
    found = await data(
        provider, "spacectl", "BlueprintListSearchBlueprints", input=asked
    )
    draft, ours = [edge["node"] for edge in found["edges"]]
    assert (draft["id"], draft["inputs"]) == ("a-draft", [])
    assert (ours["id"], ours["labels"], ours["space"]["accessLevel"]) == (
        "our-app",
        ["x"],
        "ADMIN",
    )
    shown = await data(
        provider, "spacectl", "BlueprintShowGetBlueprintByID", blueprintId="our-app"
    )
    assert shown["deleted"] is False
    assert shown["inputs"] == [
        {
            "id": "env",
            "name": "Environment",
            "default": "dev",
            "description": None,
            "options": ["dev", "prod"],
            "type": "SELECT",
        },
        {
            "id": "token",
            "name": "Token",
            "default": None,
            "description": "For the cloud",
            "options": None,
            "type": "SECRET",
        },
    ]


async def test_the_python_client_finds_a_blueprint_and_its_run(
    provider: Provider, edge: Edge
) -> None:
    await publish(provider, a_blueprint(options="trigger_run: true"))
    named = {"id": "our-app", "name": "Our App"}
    assert await data(provider, "pyclient", "Blueprint", id="our-app") == named
    asked = await data(provider, "pyclient", "BlueprintInputs", id="our-app")
    assert [one["type"] for one in asked["inputs"]] == ["SELECT", "SECRET"]
    for state, edges in (("DRAFT", []), ("PUBLISHED", [{"node": named}])):
        states = {"field": "state", "constraint": {"enumEquals": [state]}}
        said = {"predicates": [states]}
        found = await data(provider, "pyclient", "SearchBlueprints", input=said)
        assert found == {"edges": edges}
    made = await data(
        provider, "pyclient", "BlueprintCreateStack", id="our-app", input=filled()
    )
    async with edge.unit() as unit:
        run = await unit.runs.get(RunId(made["runID"]), by=SYSTEM)
    assert (run.stack_id, run.type) == (made["stackID"], RunType.TRACKED)


async def test_a_blueprint_makes_the_very_stack_that_it_describes(
    provider: Provider, edge: Edge
) -> None:
    more = """
      description: "${{ inputs.env.upperAscii() }} of ${{ context.user.account }}"
      labels: [b, a]
      auto_deploy: ${{ inputs.env == 'prod' }}
      hooks: {plan: {before: [one, two]}, run: {after: [three]}}
      attachments:
        contexts: [{id: net, priority: 3}]
        policies: [plans]
        clouds: {aws: {id: CLOUD, read: true, write: false}}
        roles: [{role_id: space-reader, space_id: root}]
    """
    body = a_blueprint(more=more).replace(
        "secret: true}",
        "secret: true}\n    mounted_files: [{path: a/b, content: hello}]",
    )
    async with edge.unit() as unit:
        await unit.contexts.create(ContextSpec(name="net", space_id=HOME), by=SYSTEM)
        wanted = PolicySpec(name="plans", body="package spacelift", space_id=HOME)
        await unit.policies.create(wanted, PolicyType.PLAN, by=SYSTEM)
        wanted_cloud = an_aws_spec("aws", space_id=HOME)
        cloud = await unit.clouds.create(AwsIntegration, wanted_cloud, by=SYSTEM)
    await publish(provider, body.replace("CLOUD", cloud.id))

    stack_id = await deploy(provider, env="prod", token=CANARY)

    assert stack_id == "app-prod"
    async with edge.unit() as unit:
        stack = await unit.stacks.get(stack_id, by=SYSTEM)
        config = (await unit.stack_config.of([stack_id], by=SYSTEM))[stack_id]
        [context] = (await unit.stack_contexts.of([stack_id], by=SYSTEM))[stack_id]
        [policy] = (await unit.stack_policies.of([stack_id], by=SYSTEM))[stack_id]
        bindings = await unit.bindings.of(HolderKind.STACK, [stack_id], by=SYSTEM)
        runs = await unit.runs.newest([stack_id], by=SYSTEM)
        clouds = await unit.cloud_attachments.having([cloud.id], by=SYSTEM)
    assert [(one.read, one.write) for one in clouds[cloud.id]] == [(True, False)]
    assert (stack.description, stack.labels) == ("PROD of acme", ["b", "a"])
    assert (stack.autodeploy, stack.space_id, stack.branch) == (True, "root", "main")
    assert stack.hooks()["before_plan"] == ["one", "two"]
    assert stack.hooks()["after_run"] == ["three"]
    assert {one.id: (one.value, one.write_only) for one in config} == {
        "TOKEN": (None, True),
        "a/b": (base64.b64encode(b"hello").decode(), False),
    }
    assert (context.context_id, context.priority) == ("net", 3)
    assert policy.policy_id == "plans"
    assert [one.space_id for one in bindings[stack_id]] == ["root"]
    assert runs == {}


async def test_a_published_body_must_be_in_order_and_a_draft_need_not(
    provider: Provider,
) -> None:
    broken = a_blueprint().replace("space: root", "spice: root")
    broken = broken.replace("inputs.env }}", "inputs.nope + }}")
    said = an_input(state="PUBLISHED", template=broken)
    text = await provider.error("BlueprintCreate", input=said)
    assert "stack: needs space" in text
    assert "stack: has no spice" in text
    broken = broken.replace("spice", "space")
    said = an_input(state="PUBLISHED", template=broken)
    text = await provider.error("BlueprintCreate", input=said)
    assert "line 6, column 13: there is no input nope" in text
    assert "line 6, column 13: Syntax error" in text
    await provider.data("BlueprintCreate", input=an_input(template=broken))
    text = await provider.error("BlueprintUpdate", id="our-app", input=said)
    assert "Syntax error" in text
    assert (await provider.data("BlueprintRead", id="our-app"))["state"] == "DRAFT"
    empty = an_input(state="PUBLISHED")
    text = await provider.error("BlueprintUpdate", id="our-app", input=empty)
    assert text == "template: what is published needs a body"


async def test_what_is_published_keeps_its_body_and_nothing_else(
    provider: Provider,
) -> None:
    await publish(provider, a_blueprint())
    for change in (
        {"template": a_blueprint(options="trigger_run: true")},
        {"state": "DRAFT"},
    ):
        said = an_input(state="PUBLISHED", template=a_blueprint()) | change
        text = await provider.error("BlueprintUpdate", id="our-app", input=said)
        assert "the blueprint is published" in text
    said = an_input(state="PUBLISHED", template=a_blueprint(), labels=["new"])
    changed = await provider.data("BlueprintUpdate", id="our-app", input=said)
    assert changed["labels"] == ["new"]


async def test_no_stack_is_made_of_a_draft(provider: Provider) -> None:
    said = an_input(template=a_blueprint())
    await provider.data("BlueprintCreate", input=said)
    assert await refusal(provider) == "the blueprint is a draft: publish it first"


async def test_what_was_filled_in_is_checked_before_anything_is_made(
    provider: Provider, edge: Edge
) -> None:
    await publish(provider, a_blueprint())
    text = await refusal(provider, env="test", nope="x")
    assert text == "there is no input nope; input env: must be one of dev, prod"
    twice = {"templateInputs": [{"id": "env", "value": "dev"}] * 2}
    text = await error(
        provider, "pyclient", "BlueprintCreateStack", id="our-app", input=twice
    )
    assert text == "input env is given twice"
    async with edge.unit() as unit:
        assert await unit.stacks.all(by=SYSTEM) == []


async def test_of_several_stacks_all_are_made_or_none(
    provider: Provider, edge: Edge
) -> None:
    one = "name: {}, space: root, vendor: {{ansible: {{playbook: x}}}},"
    vcs = "vcs: {branch: main, provider: GITHUB, repository: x}"
    body = (
        f"stacks:\n  - {{{one.format('A')} {vcs}}}\n  - {{{one.format('B')} {vcs}}}\n"
    )
    await publish(provider, body)
    async with edge.unit() as unit:
        taken = await unit.stacks.create(a_spec(name="B"), by=SYSTEM)
    assert "already exists" in await refusal(provider)
    async with edge.unit() as unit:
        assert [one.id for one in await unit.stacks.all(by=SYSTEM)] == [taken.id]
        await unit.stacks.purge(taken.id, by=SYSTEM)
    assert await deploy(provider) == "a"
    async with edge.unit() as unit:
        made = await unit.stacks.all(by=SYSTEM)
    assert [one.id for one in made] == ["a", "b"]


async def test_what_is_not_to_be_made_is_not_made(provider: Provider) -> None:
    await publish(provider, a_blueprint(options="do_not_create: true"))
    text = "With these inputs the blueprint creates no stack at all."
    assert await refusal(provider) == text


async def test_what_the_stack_itself_refuses_is_told_with_its_place(
    provider: Provider,
) -> None:
    await publish(provider, a_blueprint(more="runner_image: x\nauto_retry: true"))
    assert await refusal(provider) == ("stack: autoretry: needs a private worker pool")


async def test_stacks_of_a_blueprint_run_one_after_the_other(
    provider: Provider, edge: Edge
) -> None:
    await publish(provider, CHAIN)
    made = await data(
        provider, "pyclient", "BlueprintCreateStack", id="our-app", input=filled()
    )
    async with edge.unit() as unit:
        ids = [StackId("app"), StackId("net")]
        [dependency] = (await unit.stack_dependencies.of(ids, by=SYSTEM))[ids[0]]
        [handed] = await unit.stack_dependencies.references([dependency], by=SYSTEM)
        runs = await unit.runs.of_stacks(ids, [RunType.TRACKED], by=SYSTEM)
        schedules = await unit.schedules.of(ids[1], by=SYSTEM)
    assert dependency.depends_on_id == "net"
    assert (handed.output_name, handed.input_name) == ("vpc", "TF_VAR_vpc")
    assert [len(runs[one]) for one in ids] == [1, 1]
    assert (made["stackID"], made["runID"]) == ("app", runs[ids[0]][0].id)
    assert [one.kind for one in schedules] == [ScheduleKind.TASK]


async def test_stacks_that_wait_for_one_another_for_ever_are_not_published(
    provider: Provider,
) -> None:
    body = CHAIN.replace("from_stack: net", "from_stack: app")
    said = an_input(state="PUBLISHED", template=body)
    text = await provider.error("BlueprintCreate", input=said)
    assert text == "stacks: depend on one another: app on app"


async def test_only_who_may_make_the_stack_makes_it(
    provider: Provider, edge: Edge
) -> None:
    await publish(provider, a_blueprint())
    key, secret = await edge.key(admin=False)
    issued = await edge.exchange(key.id, secret)
    assert issued is not None
    stranger = Provider(edge)
    stranger.headers = {"authorization": f"Bearer {issued.jwt}"}
    assert await stranger.data("BlueprintRead", id="our-app") is None
    async with edge.unit() as unit:
        await unit.bindings.create(
            Holder(HolderKind.API_KEY, key.id),
            role="space-reader",
            space=HOME,
            by=SYSTEM,
        )
    assert await stranger.data("BlueprintRead", id="our-app") is not None
    assert "unauthorized" in await refusal(stranger)
    assert "unauthorized" in await stranger.error("BlueprintDelete", id="our-app")


async def test_a_secret_is_in_no_error_and_in_no_trail(
    provider: Provider, edge: Edge
) -> None:
    body = a_blueprint(more='description: "${{ maps.m[inputs.token] }}"')
    await publish(provider, body + "\nmaps: {m: {a: b}}\n")
    text = await refusal(provider, token=CANARY)
    assert text == 'line 13, column 17: Key not found in map : "***"'
    await provider.data("BlueprintDelete", id="our-app")
    await publish(
        provider,
        a_blueprint().replace(
            'value: "${{ inputs.token }}"', "value: ${{ inputs.token }}"
        ),
    )
    text = await refusal(provider, token=f"{CANARY}: '")
    assert "not YAML: found unexpected end" in text
    assert CANARY not in text
    await provider.data("BlueprintDelete", id="our-app")
    await publish(provider, a_blueprint())
    await deploy(provider, token=CANARY)
    said = await answer_text(
        provider,
        "{ searchAuditTrailEntries(input: {}) { edges { node { action body } } } }",
    )
    assert CANARY not in said
    assert "blueprint.deploy" in said


async def test_a_body_that_asks_for_too_much_is_refused_and_nothing_else_happens(
    provider: Provider,
) -> None:
    long = "${{ '" + "a" * 1000 + "'.replace('a', '" + "b" * 1000 + "')"
    long += ".replace('b', '" + "c" * 1000 + "') }}"
    await publish(provider, a_blueprint(more=f'description: "{long}"'))
    text = await refusal(provider)
    assert "more memory or time than they may have" in text
    assert await data(provider, "pyclient", "Blueprint", id="our-app") is not None


async def test_a_blueprint_keeps_its_space(provider: Provider, edge: Edge) -> None:
    async with edge.unit() as unit:
        nook = await unit.spaces.create(SpaceSpec("nook", parent=HOME), by=SYSTEM)
        assert await unit.spaces.find(nook.id, by=SYSTEM)
    await provider.data("BlueprintCreate", input=an_input(space=nook.id))
    said = await answer_text(
        provider, f'mutation {{ spaceDelete(space: "{nook.id}") {{ id }} }}'
    )
    assert "1 blueprint" in said
    gone = an_input(space="no-such-space")
    text = await provider.error("BlueprintUpdate", id="our-app", input=gone)
    assert text.startswith("There is no such space")


@pytest.mark.parametrize("operation", ["BlueprintSchema", "TemplateSchema"])
async def test_the_schema_that_is_shown_is_one(
    provider: Provider, operation: str
) -> None:
    shown = json.loads(await data(provider, "docs", operation))
    Draft7Validator.check_schema(shown)
    refused = list(Draft7Validator(shown).iter_errors({"stack": {}}))
    assert refused


async def answer_text(provider: Provider, query: str) -> str:
    async with provider.edge.client() as http:
        said = await http.post(
            "/graphql", json={"query": query}, headers=provider.headers
        )
    return said.text


class Watched(CelExpressions):
    """Notes how many connections are in use while something is evaluated."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.pool = cast("QueuePool", database.engine.pool)
        self.in_use: list[int] = []

    async def evaluate(self, question: Question) -> list[Answer]:
        self.in_use.append(self.pool.checkedout())
        return await super().evaluate(question)


async def test_no_transaction_waits_while_expressions_are_evaluated(
    database: Database,
) -> None:
    watched = Watched(database)
    edge = Edge(database, expressions=watched)
    await edge.prepare()
    provider = await Provider(edge).sign_in()
    await publish(provider, a_blueprint(), name="Our App")
    await deploy(provider, env="dev", token=CANARY)
    assert watched.in_use == [0, 0]
