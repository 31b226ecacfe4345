"""What the provider and spacectl send about templates, versions and deployments.

`tests/operations` holds the clients' texts. They are never edited.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import update
from tests.support.blobs import MemoryBlobs
from tests.support.bodies import a_template
from tests.support.bureau import Bureau
from tests.support.clouds import an_aws_spec
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.blueprints import (
    Deployed,
    DeploymentSpec,
    Evaluation,
    UnansweredError,
)
from stackyard.clouds import AwsIntegration
from stackyard.contexts import ContextSpec
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import ROOT, RepoId, StackId, TemplateVersionId
from stackyard.policies import PolicySpec, PolicyType
from stackyard.reactions import CHOREOGRAPHY
from stackyard.reactions.blueprints import undeploy
from stackyard.reactions.stacks import begin_deletion
from stackyard.runs import Run, RunState, RunType
from stackyard.spaces import HolderKind, SpaceSpec
from stackyard.stacks import StackDeleted, StackDeletionRequested
from stackyard.state import Given
from stackyard.unit import Unit
from stackyard.vcs import Commit, Push, RefChange, RepositorySettings
from stackyard_protocol.report import Resource

SPACECTL: Final = Path(__file__).parents[1] / "operations" / "spacectl"
CANARY: Final = "canary-5ecre7"
SECRET: Final = {"token": "foobar"}
OTHER: Final = {"token": "barfoo"}
DEPLOYMENT: Final = {"id": "dev-one", "templateID": "our-site"}


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


async def spacectl(provider: Provider, operation: str, **variables: Any) -> Any:
    async with provider.edge.client() as client:
        answer = await client.post(
            "/graphql",
            json={
                "query": (SPACECTL / f"{operation}.graphql").read_text(),
                "variables": variables,
            },
            headers=provider.headers,
        )
    said = answer.json()
    assert "errors" not in said, said
    (value,) = said["data"].values()
    return value


def a_version(number: str = "1.0.0", **given: Any) -> dict[str, Any]:
    usual = {"versionNumber": number, "state": "PUBLISHED", "template": a_template()}
    return usual | {"instructions": None, "labels": None} | given


def inputs(**values: str) -> list[dict[str, str]]:
    return [{"id": name, "value": value} for name, value in values.items()]


async def make_template(provider: Provider) -> dict[str, Any]:
    said = {"space": "root", "name": "Our Site", "description": None, "labels": None}
    made: dict[str, Any] = await provider.data("TemplateCreate", input=said)
    return made


async def make_version(provider: Provider, number: str = "1.0.0", **given: Any) -> str:
    said = {"templateID": "our-site"} | a_version(number, **given)
    made = await provider.data("TemplateVersionCreate", input=said)
    return str(made["id"])


async def deploy(provider: Provider, version: str, **values: str) -> dict[str, Any]:
    said = {"space": "root", "name": "Dev one", "description": "d"}
    given = inputs(**values) or None
    made: dict[str, Any] = await provider.data(
        "TemplateDeploymentCreate", id=version, input=said | {"inputs": given}
    )
    return made


async def change(provider: Provider, **given: Any) -> dict[str, Any]:
    said = {"versionId": None, "name": None, "description": None, "inputs": None}
    changed: dict[str, Any] = await provider.data(
        "TemplateDeploymentUpdate", **DEPLOYMENT, input=said | given
    )
    return changed


async def refused(provider: Provider, **given: Any) -> str:
    said = {"versionId": None, "name": None, "description": None, "inputs": None}
    return await provider.error(
        "TemplateDeploymentUpdate", **DEPLOYMENT, input=said | given
    )


async def state(provider: Provider) -> str | None:
    found = await provider.data("TemplateDeployment__2", **DEPLOYMENT)
    return found and str(found["state"])


async def leave_runs(
    edge: Edge, left: RunState, kind: RunType = RunType.TRACKED
) -> None:
    """Leave every run as a worker, or a person, would have left it."""
    async with edge.unit() as unit:
        await unit.session.execute(
            update(Run).where(Run.type == kind).values(state=left)
        )


async def go_on(edge: Edge, stack: str) -> None:
    """Be the drain when a stack is to go, and when it is gone."""
    bureau = Bureau(edge.database, clock=edge.clock, blobs=MemoryBlobs())
    tools, at = bureau.tools, edge.clock()
    asked = StackDeletionRequested(
        stack_id=StackId(stack), destroy_resources=True, at=at
    )
    await begin_deletion(tools, asked)
    await undeploy(tools, StackDeleted(stack_id=StackId(stack), at=at))


async def test_the_life_of_a_template(provider: Provider) -> None:
    made = await make_template(provider)
    assert (made["id"], made["description"], made["labels"]) == ("our-site", None, [])
    assert (made["space"]["id"], len(made["ulid"])) == ("root", 26)
    assert await provider.data("TemplateRead", id="our-site") == made
    said = {"space": "legacy", "name": "Other", "description": "", "labels": ["b", "a"]}
    changed = await provider.data("TemplateUpdate", id="our-site", input=said)
    assert (changed["id"], changed["name"], changed["labels"]) == (
        "our-site",
        "Other",
        ["b", "a"],
    )
    assert (changed["space"]["id"], changed["description"]) == ("legacy", "")
    assert (await provider.data("TemplateDelete", id="our-site"))["id"] == "our-site"
    assert await provider.data("TemplateRead", id="our-site") is None
    assert await provider.data("TemplateDelete", id="our-site") is None


async def test_the_life_of_a_version(provider: Provider) -> None:
    await make_template(provider)
    said = a_version(
        state="DRAFT", template="no: [yaml", instructions="# Do", labels=["b", "a"]
    )
    made = await provider.data(
        "TemplateVersionCreate", input={"templateID": "our-site"} | said
    )
    assert made["id"] == f"our-site-{made['ulid']}"
    assert (made["version"], made["state"], made["publishedAt"]) == (
        "1.0.0",
        "DRAFT",
        None,
    )
    assert (made["instructions"], made["labels"]) == ("# Do", ["b", "a"])
    assert (made["name"], made["space"]["id"]) == ("Our Site", "root")
    for one in (made["id"], made["ulid"]):
        read = await provider.data(
            "TemplateVersionRead", templateId="our-site", versionId=one
        )
        assert read == {"templateVersion": made}
    by_number = await provider.data(
        "TemplateVersionReadByNumber", templateId="our-site", versionNumber="1.0.0"
    )
    assert by_number == {"templateVersionByNumber": made}

    changed = await provider.data(
        "TemplateVersionUpdate", id=made["id"], input=a_version("1.0.1")
    )
    assert (changed["version"], changed["state"]) == ("1.0.1", "PUBLISHED")
    assert (changed["instructions"], changed["labels"]) == (None, [])
    assert changed["publishedAt"] >= changed["createdAt"]
    text = await provider.error(
        "TemplateVersionUpdate",
        id=made["id"],
        input=a_version("1.0.1", template=a_template(name="other")),
    )
    assert "the version is published" in text
    text = await provider.error(
        "TemplateVersionCreate", input={"templateID": "our-site"} | a_version("1.0.1")
    )
    assert text == 'a version called "1.0.1" already exists'

    text = await provider.error("TemplateDelete", id="our-site")
    assert text == "the template has versions: 1.0.1; delete them first"
    gone = await provider.data("TemplateVersionDelete", id=made["id"])
    assert gone["id"] == made["id"]
    read = await provider.data(
        "TemplateVersionRead", templateId="our-site", versionId=made["id"]
    )
    assert read == {"templateVersion": None}
    assert await provider.data("TemplateVersionDelete", id=made["id"]) is None
    await provider.data("TemplateDelete", id="our-site")


async def test_a_body_is_looked_through_before_it_is_published(
    provider: Provider,
) -> None:
    good = await provider.data("ValidateTemplateVersionTemplate", template=a_template())
    assert good == {"errors": []}
    body = a_template(key="${{ inputs.env }}").replace("inputs.token", "inputs.nope")
    bad = await provider.data("ValidateTemplateVersionTemplate", template=body)
    assert bad == {"errors": ["stacks.0.key: cannot have expressions in a template"]}
    body = a_template().replace("inputs.token", "inputs.nope +")
    bad = await provider.data("ValidateTemplateVersionTemplate", template=body)
    assert [one.split(": ")[1] for one in bad["errors"]] == [
        "there is no input nope",
        "Syntax error",
    ]
    await make_template(provider)
    text = await provider.error(
        "TemplateVersionCreate",
        input={"templateID": "our-site"} | a_version(template=body),
    )
    assert "there is no input nope" in text


async def test_a_published_version_stays_at_the_commit_that_it_was_published_of(
    provider: Provider, edge: Edge
) -> None:
    repo = RepoId("infra")
    async with edge.unit() as unit:
        settings = RepositorySettings(name="infra")
        await unit.repositories.create(ROOT, settings, by=SYSTEM)
    body = a_template().replace("provider: GITHUB", "provider: SPACELIFT")
    body = body.replace("terraform-bacon-tasty", "infra")
    await make_template(provider)
    said = {"templateID": "our-site"} | a_version(template=body)
    text = await provider.error("TemplateVersionCreate", input=said)
    assert text == "stacks.0.vcs: there is no branch master"
    await push(edge, repo, None, "a" * 40)
    version = await make_version(provider, template=body)
    await push(edge, repo, "a" * 40, "b" * 40)
    made = await deploy(provider, version)
    async with edge.unit() as unit:
        stack = await unit.stacks.get(StackId(made["stacks"][0]["id"]), by=SYSTEM)
        runs = await unit.runs.of_stacks([stack.id], [RunType.TRACKED], by=SYSTEM)
    commit = runs[stack.id][0].commit
    assert commit is not None
    assert stack.tracked_commit == commit
    assert (stack.branch, commit["hash"]) == ("a" * 40, "a" * 40)
    unknown = body.replace("repository: infra", "repository: nowhere")
    said = {"templateID": "our-site"} | a_version("2", template=unknown)
    text = await provider.error("TemplateVersionCreate", input=said)
    assert text == "stacks.0.vcs: there is no such repository here"


async def push(edge: Edge, repo: RepoId, before: str | None, after: str) -> None:
    change = RefChange("refs/heads/master", before, after)
    commit = Commit(after, "Change", "Ada", 1)
    async with edge.unit() as unit:
        await unit.repositories.record(repo, Push((change,), [commit], []), by=SYSTEM)


async def test_the_life_of_a_deployment(provider: Provider, edge: Edge) -> None:
    await make_template(provider)
    first = await make_version(provider)
    second = await make_version(provider, "1.0.1", template=a_template(name="newname"))
    made = await deploy(provider, first, env="production", **SECRET)
    assert (made["id"], made["name"], made["description"]) == (
        "dev-one",
        "Dev one",
        "d",
    )
    assert (made["space"], made["template"]) == ({"id": "root"}, {"id": "our-site"})
    assert made["templateVersion"] == {"id": first, "version": "1.0.0"}
    assert made["stacks"] == [{"id": "site-production"}]
    assert made["inputs"] == [
        {
            "id": "env",
            "value": "production",
            "secret": False,
            "checksum": hashlib.sha256(b"production").hexdigest(),
        },
        {
            "id": "token",
            "value": "",
            "secret": True,
            "checksum": hashlib.sha256(b"foobar").hexdigest(),
        },
    ]
    assert made["state"] == "IN_PROGRESS"
    await leave_runs(edge, RunState.FINISHED)
    read = await provider.data("TemplateDeployment", **DEPLOYMENT)
    assert read == made | {"state": "FINISHED"}

    changed = await change(
        provider,
        versionId=second,
        name="Dev one",
        description="other",
        inputs=inputs(env="staging", **OTHER),
    )
    assert (changed["description"], changed["state"]) == ("other", "IN_PROGRESS")
    assert changed["templateVersion"] == {"id": second, "version": "1.0.1"}
    assert changed["stacks"] == made["stacks"]
    assert [one["value"] for one in changed["inputs"]] == ["staging", ""]
    assert changed["inputs"][1]["checksum"] == hashlib.sha256(b"barfoo").hexdigest()
    async with edge.unit() as unit:
        stack = await unit.stacks.get(StackId("site-production"), by=SYSTEM)
        values = await unit.stack_config.values_for_run(stack.id, by=SYSTEM)
    assert (stack.name, stack.autodeploy) == ("newname-staging", True)
    assert [(one.id, one.value, one.secret) for one in values] == [
        ("TOKEN", "barfoo", True)
    ]
    gone = await provider.data("TemplateDeploymentDelete", **DEPLOYMENT)
    assert gone["state"] == "DESTROYING"
    await go_on(edge, "site-production")
    assert await provider.data("TemplateDeployment", **DEPLOYMENT) is None
    assert await provider.data("TemplateDeploymentDelete", **DEPLOYMENT) is None


async def test_a_stack_has_what_the_new_version_says_and_nothing_more(
    provider: Provider, edge: Edge
) -> None:
    async with edge.unit() as unit:
        for name in ("old", "new"):
            spec = ContextSpec(name=name, space_id=ROOT)
            await unit.contexts.create(spec, by=SYSTEM)
        policy = PolicySpec(name="plans", body="package spacelift", space_id=ROOT)
        await unit.policies.create(policy, PolicyType.PLAN, by=SYSTEM)
        aws = an_aws_spec("aws", space_id=ROOT)
        cloud = await unit.clouds.create(AwsIntegration, aws, by=SYSTEM)
    await make_template(provider)
    more = """
    attachments:
      contexts: [{id: old, priority: 1}]
      roles: [{role_id: space-reader, space_id: root}]
      policies: [plans]
      clouds: {aws: {id: CLOUD, read: true, write: true}}
    schedules:
      drift: {cron: ["0 1 * * *"], reconcile: false}
      tasks: [{command: ls, cron: ["*/5 * * * *"]}]
    """.replace("CLOUD", cloud.id)
    await deploy(provider, await make_version(provider, template=a_template(more=more)))
    await leave_runs(edge, RunState.FINISHED)
    plain, _, _ = a_template().partition("    environment:")
    plain += "    attachments: {contexts: [{id: new, priority: 2}]}\n"
    second = await make_version(provider, "2", template=plain)
    await change(provider, versionId=second)
    stack = StackId("site-dev")
    async with edge.unit() as unit:
        contexts = (await unit.stack_contexts.of([stack], by=SYSTEM))[stack]
        bindings = await unit.bindings.of(HolderKind.STACK, [stack], by=SYSTEM)
        config = await unit.stack_config.of([stack], by=SYSTEM)
        policies = await unit.stack_policies.of([stack], by=SYSTEM)
        clouds = await unit.cloud_attachments.having([cloud.id], by=SYSTEM)
        schedules = await unit.schedules.of(stack, by=SYSTEM)
    assert [(one.context_id, one.priority) for one in contexts] == [("new", 2)]
    assert (bindings, config, policies, clouds, schedules) == ({}, {}, {}, {}, [])


async def test_the_state_of_a_deployment_is_that_of_its_runs(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    await deploy(provider, await make_version(provider))
    for left, shown in (
        (RunState.QUEUED, "IN_PROGRESS"),
        (RunState.APPLYING, "IN_PROGRESS"),
        (RunState.UNCONFIRMED, "UNCONFIRMED"),
        (RunState.FAILED, "FAILED"),
        (RunState.DISCARDED, "FAILED"),
        (RunState.FINISHED, "FINISHED"),
    ):
        await leave_runs(edge, left)
        assert await state(provider) == shown


def test_whoever_deletes_a_stack_goes_on_with_its_deployment() -> None:
    assert "undeploy" in {one.reaction for one in CHOREOGRAPHY.routes[StackDeleted]}


async def test_what_the_stacks_made_is_destroyed_before_the_deployment_is_gone(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    await deploy(provider, await make_version(provider))
    await leave_runs(edge, RunState.FINISHED)
    made = [Resource("x.one", "x", "one", "p")]
    async with edge.unit() as unit:
        await unit.states.replace(
            StackId("site-dev"), outputs=[], resources=made, by=SYSTEM
        )
    await provider.data("TemplateDeploymentDelete", **DEPLOYMENT)
    await go_on(edge, "site-dev")
    assert await state(provider) == "DESTROYING"
    await leave_runs(edge, RunState.FAILED, RunType.DESTROY)
    await go_on(edge, "site-dev")
    assert await state(provider) == "FAILED"  # and so it can be tried again
    assert "being deleted, or could not be" in await refused(provider, description="x")
    await provider.data("TemplateDeploymentDelete", **DEPLOYMENT)
    assert await state(provider) == "DESTROYING"
    await leave_runs(edge, RunState.FINISHED, RunType.DESTROY)
    edge.clock.advance(1)
    await go_on(edge, "site-dev")
    await leave_runs(edge, RunState.FINISHED, RunType.DESTROY)
    await go_on(edge, "site-dev")
    assert await state(provider) is None


async def test_what_a_lost_worker_never_told_of_is_destroyed_as_well(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    await deploy(provider, await make_version(provider))
    await leave_runs(edge, RunState.FINISHED)
    given = Given(serial=1, lineage="l", sha256="0" * 64, size=9)
    async with edge.unit() as unit:
        states, stack_id = unit.states, StackId("site-dev")
        version = await states.prepare_import(stack_id, given, by=SYSTEM)
        assert version is not None
        await states.record_import(version, by=SYSTEM)
    await provider.data("TemplateDeploymentDelete", **DEPLOYMENT)
    await go_on(edge, "site-dev")
    assert await state(provider) == "DESTROYING"


async def test_the_stacks_of_a_deployment_go_in_the_order_of_their_chain(
    provider: Provider, edge: Edge
) -> None:
    _, _, below = a_template().partition("stacks:\n")
    below = below.replace("name: site", "name: app").replace("key: app", "key: top")
    chain = a_template() + below + "    depends_on: [app]\n"
    await make_template(provider)
    made = await deploy(provider, await make_version(provider, template=chain))
    assert made["stacks"] == [{"id": "site-dev"}, {"id": "app-dev"}]
    await leave_runs(edge, RunState.FINISHED)
    changed = await change(provider, inputs=inputs(env="dev"))
    assert (changed["state"], changed["stacks"]) == ("IN_PROGRESS", made["stacks"])
    await leave_runs(edge, RunState.FINISHED)

    await provider.data("TemplateDeploymentDelete", **DEPLOYMENT)
    async with edge.unit() as unit:
        stacks = await unit.stacks.all(by=SYSTEM)
    assert {one.id: one.deleting for one in stacks} == {
        "site-dev": False,
        "app-dev": True,
    }
    await go_on(edge, "app-dev")
    assert await state(provider) == "DESTROYING"
    await go_on(edge, "site-dev")
    assert await state(provider) is None


async def test_a_deployment_that_cannot_go_on_keeps_no_other(
    provider: Provider, edge: Edge
) -> None:
    _, _, below = a_template().partition("stacks:\n")
    below = below.replace("name: site", "name: app").replace("key: app", "key: top")
    chain = a_template() + below + "    depends_on: [app]\n"
    await make_template(provider)
    version = await make_version(provider, template=chain)
    await deploy(provider, version)
    later = {"space": "root", "name": "Later", "description": None}
    given = inputs(env="production", **SECRET)
    await provider.data(
        "TemplateDeploymentCreate", id=version, input=later | {"inputs": given}
    )
    await leave_runs(edge, RunState.FINISHED)
    await provider.data("TemplateDeploymentDelete", **DEPLOYMENT)
    await provider.data("TemplateDeploymentDelete", **DEPLOYMENT | {"id": "later"})
    async with edge.unit() as unit:
        other = await unit.stacks.create(a_spec(name="Other"), by=SYSTEM)
        await unit.stack_dependencies.create(other.id, StackId("site-dev"), by=SYSTEM)

    await go_on(edge, "app-dev")
    assert await state(provider) == "FAILED"
    await go_on(edge, "app-production")
    async with edge.unit() as unit:
        assert (await unit.stacks.get(StackId("site-production"), by=SYSTEM)).deleting
    await go_on(edge, "site-production")
    left = await provider.data("TemplateDeployment", **DEPLOYMENT | {"id": "later"})
    assert left is None


async def test_a_deployment_that_others_depend_on_stays(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    await deploy(provider, await make_version(provider))
    async with edge.unit() as unit:
        other = await unit.stacks.create(a_spec(name="Other"), by=SYSTEM)
        above = StackId("site-dev")
        await unit.stack_dependencies.create(other.id, above, by=SYSTEM)
    text = await provider.error("TemplateDeploymentDelete", **DEPLOYMENT)
    assert text.endswith("delete those dependencies first (other)")


async def test_a_deployment_alone_changes_its_stacks(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    roles = "attachments: {roles: [{role_id: space-reader, space_id: root}]}"
    await deploy(
        provider, await make_version(provider, template=a_template(more=roles))
    )
    async with edge.unit() as unit:
        held = await unit.bindings.of(HolderKind.STACK, ["site-dev"], by=SYSTEM)
    [bound] = held["site-dev"]
    config = 'id: "X", type: ENVIRONMENT_VARIABLE, value: "x", writeOnly: false'
    stack = 'stack: "site-dev"'
    for mutation in (
        'stackDelete(id: "site-dev") { id }',
        f"stackConfigAdd({stack}, config: {{ {config} }}) {{ id }}",
        f'stackConfigDelete({stack}, id: "TOKEN") {{ id }}',
        'stackSetCurrentCommit(id: "site-dev", sha: "c0ffee1") { id }',
        (
            'stackMigrateVendor(id: "site-dev", targetVendor: Terragrunt,'
            ' config: { labels: ["terragrunt"] }) { id }'
        ),
        'stackIntegrationGcpCreate(id: "site-dev", tokenScopes: []) { activated }',
        (
            'stackRoleBindingCreate(input: { stackID: "site-dev", spaceID: "root",'
            ' roleID: "space-admin" }) { id }'
        ),
        f'stackRoleBindingDelete(id: "{bound.id}") {{ id }}',
    ):
        async with edge.client() as http:
            said = await http.post(
                "/graphql",
                json={"query": f"mutation {{ {mutation} }}"},
                headers=provider.headers,
            )
        [error] = said.json()["errors"]
        assert "belongs to a template's deployment" in error["message"]


async def test_inputs_that_are_not_given_stay_as_they_are(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    made = await deploy(provider, await make_version(provider), token=CANARY, env="x")
    await leave_runs(edge, RunState.FINISHED)
    changed = await change(provider, name="Dev two")
    assert (changed["name"], changed["id"]) == ("Dev two", "dev-one")
    assert (changed["description"], changed["inputs"]) == (None, made["inputs"])
    assert [one["id"] for one in changed["inputs"]] == ["token", "env"]
    assert changed["state"] == "IN_PROGRESS"
    assert CANARY not in str(changed)


async def test_a_description_is_nothing_to_run_for(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    await deploy(provider, await make_version(provider))
    await leave_runs(edge, RunState.FINISHED)
    assert (await change(provider, description="new"))["state"] == "FINISHED"


async def test_a_deployment_with_a_run_to_come_is_left_alone(
    provider: Provider,
) -> None:
    await make_template(provider)
    await deploy(provider, await make_version(provider))
    text = await refused(provider, inputs=inputs(env="other"))
    assert "unfinished runs" in text


async def test_another_version_has_the_same_stacks_and_asks_for_no_more(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    await deploy(provider, await make_version(provider))
    await leave_runs(edge, RunState.FINISHED)
    other = await make_version(provider, "2", template=a_template(key="other"))
    assert await refused(provider, versionId=other) == (
        "the version describes the stacks other, and the deployment has app:"
        " make a new deployment instead"
    )
    more = "- {id: size, name: Size, type: number}"
    larger = await make_version(provider, "3", template=a_template(inputs=more))
    assert await refused(provider, versionId=larger) == "input size: is needed"
    draft = await make_version(provider, "4", state="DRAFT")
    assert "the version is a draft" in await refused(provider, versionId=draft)
    read = await provider.data("TemplateDeployment", **DEPLOYMENT)
    assert read["templateVersion"]["version"] == "1.0.0"


async def test_what_is_deployed_is_not_deleted(provider: Provider) -> None:
    await make_template(provider)
    version = await make_version(provider)
    await deploy(provider, version)
    text = await provider.error("TemplateVersionDelete", id=version)
    assert text == ("the version is deployed: dev-one; delete these deployments first")
    said = {"space": "root", "name": "Dev One!", "description": None, "inputs": None}
    text = await provider.error("TemplateDeploymentCreate", id=version, input=said)
    assert 'a deployment with the slug "dev-one" already exists' in text
    said = {"space": "root", "name": "Two", "description": None, "inputs": None}
    text = await provider.error("TemplateDeploymentCreate", id=version, input=said)
    assert 'a stack with the slug "site-dev" already exists' in text


async def test_spacectl_lists_and_shows_a_template(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    asked = {"first": 50, "orderBy": {"field": "name", "direction": "ASC"}}
    found = await spacectl(provider, "TemplateListSearchTemplates", input=asked)
    [one] = [edge["node"] for edge in found["edges"]]
    assert (one["id"], one["deploymentsCount"]) == ("our-site", 0)
    show = {"templateId": "our-site"}
    shown = await spacectl(provider, "TemplateShowGetTemplateByID", **show)
    assert (shown["canDelete"], shown["latestVersion"]) == (True, None)
    first = await make_version(provider)
    edge.clock.advance(1)
    second = await make_version(provider, "1.0.1")
    await make_version(provider, "2.0.0", state="DRAFT")
    await deploy(provider, first)
    shown = await spacectl(provider, "TemplateShowGetTemplateByID", **show)
    assert (shown["canDelete"], shown["deploymentsCount"]) == (False, 1)
    assert shown["latestVersion"] == {"id": second, "version": "1.0.1"}
    assert shown["space"]["accessLevel"] == "ADMIN"


async def test_who_sees_a_deployment_alone_is_not_shown_its_template(
    provider: Provider, edge: Edge
) -> None:
    async with edge.unit() as unit:
        apart = await unit.spaces.create(SpaceSpec("Apart"), by=SYSTEM)
    said = {"space": "root", "name": "Our Site", "description": CANARY, "labels": None}
    await provider.data("TemplateCreate", input=said)
    version = await make_version(provider, instructions=CANARY)
    await provider.data(
        "TemplateDeploymentCreate",
        id=version,
        input={
            "space": apart.id,
            "name": "Dev one",
            "description": None,
            "inputs": inputs(**SECRET),
        },
    )
    query = """{ templateDeployment(id: "dev-one", templateID: "our-site") {
      template { id name description }
      templateVersion { id version name instructions rawTemplate }
    } }"""

    async def shown(asking: Provider) -> Any:
        async with edge.client() as client:
            answer = await client.post(
                "/graphql", json={"query": query}, headers=asking.headers
            )
        return answer.json()["data"]["templateDeployment"]

    reader = await Provider(edge).sign_in_with("space-reader", apart.id)
    found = await shown(reader)
    same = {"id": version, "version": "1.0.0", "name": "Our Site"}
    assert found == {
        "template": {"id": "our-site", "name": "Our Site", "description": None},
        "templateVersion": same | {"instructions": None, "rawTemplate": None},
    }
    known = await shown(provider)
    assert known["template"]["description"] == CANARY
    assert known["templateVersion"]["instructions"] == CANARY
    assert "stacks:" in known["templateVersion"]["rawTemplate"]


async def test_who_deletes_a_version_is_told_of_no_deployment_they_may_not_see(
    provider: Provider, edge: Edge
) -> None:
    async with edge.unit() as unit:
        shelf = await unit.spaces.create(SpaceSpec("Shelf"), by=SYSTEM)
    said = {"name": "Our Site", "description": None, "labels": None}
    await provider.data("TemplateCreate", input=said | {"space": shelf.id})
    version = await make_version(provider)
    await deploy(provider, version)
    keeper = await Provider(edge).sign_in_with("space-admin", shelf.id)
    hidden = await keeper.error("TemplateVersionDelete", id=version)
    assert hidden.startswith("the version is deployed: others; delete these")
    known = await provider.error("TemplateVersionDelete", id=version)
    assert known.startswith("the version is deployed: dev-one; delete these")


async def test_two_deploy_the_same_version_at_once(
    provider: Provider, edge: Edge
) -> None:
    await make_template(provider)
    version = TemplateVersionId(await make_version(provider))

    async def create(unit: Unit, env: str, evaluation: Evaluation) -> Deployed:
        spec = DeploymentSpec(name=env, inputs={"env": env} | SECRET)
        return await unit.template_deployments.create(
            version, ROOT, spec, evaluation, by=SYSTEM
        )

    async def prepared(env: str) -> Evaluation:
        evaluation = Evaluation(edge.clock(), seed=env)
        with pytest.raises(UnansweredError) as asked:
            async with edge.unit() as unit:
                await create(unit, env, evaluation)
        question = asked.value.question
        answers = await edge.expressions.evaluate(question)
        return replace(evaluation, question=question, answers=answers)

    dev, production = await prepared("dev"), await prepared("production")
    async with edge.unit() as one, edge.unit() as another:
        await create(one, "dev", dev)
        made = await create(another, "production", production)
    assert [stack.id for stack in made.stacks] == ["site-production"]
