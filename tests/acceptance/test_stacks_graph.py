"""Stacks as clients see them: the contract's own documents, on a real database."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pytest
from graphql import FieldNode, Visitor, graphql, parse, print_ast, visit
from graphql.language import REMOVE
from sqlalchemy import Engine, event
from tests.support.edge import Edge, the_schema
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.postgres import Database
from stackyard.graphql.context import Means
from stackyard.graphql.errors import present
from stackyard.graphql.loaders import Loaders
from stackyard.kernel.access import Subject
from stackyard.kernel.ids import ROOT
from stackyard.unit import OpenUnit
from stackyard.vcs import CommitRow, RepositorySettings

OPERATIONS = Path(__file__).parents[1] / "operations" / "spacectl"
CANARY = "canary-0ddba11"
# Fields of `Stack` that other nouns' files add.
ELSEWHERE: Final = {"blocker", "workerPool", "spaceDetails"}
INPUT: Final[dict[str, Any]] = {
    "administrative": False,
    "afterApply": None,
    "autodeploy": False,
    "autoretry": False,
    "beforeInit": ["echo hi"],
    "branch": "main",
    "githubActionDeploy": True,
    "labels": ["b", "a"],
    "localPreviewEnabled": False,
    "enableWellKnownSecretMasking": False,
    "enableSensitiveOutputUpload": True,
    "name": "Net",
    "protectFromDeletion": False,
    "provider": "GITHUB",
    "repository": "infra",
    "space": "root",
    "vendorConfig": {"terraform": {"version": "", "workspace": None}},
}
CREATE = (
    "mutation ($input: StackInput!, $slug: String, $object: String)"
    " { stackCreate(input: $input, slug: $slug, stackObjectID: $object)"
    " { id labels beforeInit afterApply vendorConfig { __typename } } }"
)
UPDATE = (
    "mutation ($id: ID!, $input: StackInput!) { stackUpdate(id: $id, input: $input)"
    " { name labels beforeInit space vendorConfig { __typename } } }"
)


class Lacking(Visitor):
    """Take out what the schema of this noun alone does not have."""

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        return REMOVE if node.name.value in ELSEWHERE else None


@dataclass(frozen=True)
class Asked:
    """As much of a request's context as the resolvers of stacks use."""

    open_unit: OpenUnit
    subject: Subject
    means: Means

    @cached_property
    def loaders(self) -> Loaders:
        return Loaders(self.open_unit, self.subject)

    @property
    def open_list(self) -> OpenUnit:
        return self.open_unit


class Asking:
    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.schema = the_schema()

    async def answer(
        self, query: str, subject: Subject = ADA, **variables: Any
    ) -> dict[str, Any]:
        result = await graphql(
            self.schema,
            query,
            context_value=Asked(self.edge.unit, subject, self.edge.graph.means),
            variable_values=variables,
        )
        said = [present(error) for error in result.errors or ()]
        return {"data": result.data} | ({"errors": said} if said else {})

    async def ask(self, query: str, **variables: Any) -> Any:
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def run(self, name: str, **variables: Any) -> Any:
        document = parse((OPERATIONS / f"{name}.graphql").read_text())
        return await self.ask(print_ast(visit(document, Lacking())), **variables)

    async def refusal(self, query: str, **variables: Any) -> str:
        answer = await self.answer(query, **variables)
        [error] = answer["errors"]
        return str(error["message"])


@pytest.fixture
async def api(database: Database) -> Asking:
    edge = Edge(database)
    await edge.prepare()
    return Asking(edge)


@pytest.fixture
async def net(api: Asking) -> Asking:
    await api.ask(CREATE, input=INPUT)
    return api


async def test_a_stack_is_created_as_the_clients_send_it(api: Asking) -> None:
    created = (await api.ask(CREATE, input=INPUT))["stackCreate"]

    assert created == {
        "id": "net",
        "labels": ["b", "a"],
        "beforeInit": ["echo hi"],
        "afterApply": [],
        "vendorConfig": {"__typename": "StackConfigVendorTerraform"},
    }


async def test_an_update_with_nulls_clears_but_keeps_the_space(net: Asking) -> None:
    given = INPUT | {"space": None, "labels": None, "beforeInit": None, "name": "N2"}
    updated = (await net.ask(UPDATE, id="net", input=given))["stackUpdate"]

    assert updated["name"] == "N2"
    assert (updated["labels"], updated["beforeInit"]) == ([], [])
    assert updated["space"] == "root"


@pytest.mark.parametrize("name", ["StackShowShowStackBasic", "StackShowShowStackFull"])
async def test_the_show_documents_run(net: Asking, name: str) -> None:
    stack = (await net.run(name, stackId="net"))["stack"]

    assert stack["state"] == "NONE"
    assert stack["canWrite"] is True
    assert stack["attachedContexts"] == []
    assert stack["moduleVersionsUsed"] == []


@pytest.mark.parametrize(
    "name",
    [
        "StackStackSelectorStackGetByID",
        "StackStackSelectorStackGetByID__2",
        "StackDependenciesDependenciesListOneStack",
    ],
)
async def test_documents_that_read_one_stack_run(net: Asking, name: str) -> None:
    assert (await net.run(name, id="net"))["stack"]["id"] == "net"
    assert (await net.run(name, id="gone"))["stack"] is None


@pytest.mark.parametrize(
    "name", ["StackOpenCommandSearchStacks", "StackOpenCommandSearchStacks__2"]
)
async def test_the_search_documents_run(net: Asking, name: str) -> None:
    given = {
        "first": 50,
        "after": None,
        "fullTextSearch": "NE",
        "predicates": [
            {
                "field": "locked",
                "exclude": None,
                "constraint": {"booleanEquals": [False], "stringMatches": None},
            }
        ],
        "orderBy": {"field": "starred", "direction": "DESC"},
    }
    found = (await net.run(name, input=given))["searchStacks"]

    assert [edge["node"]["id"] for edge in found["edges"]] == ["net"]
    assert found["pageInfo"]["hasNextPage"] is False


async def test_the_verbs_of_the_command_line_run(net: Asking) -> None:
    await net.run("StackLockLock", stack="net", note="mine")
    locked = await net.ask('{ stack(id: "net") { lockedBy } }')
    await net.run("StackLockUnlock", stack="net")
    disabled = await net.run("StackEnableEnableDisable", stack="net")
    enabled = await net.run("StackEnableEnableDisable__2", stack="net")
    commit = await net.run(
        "StackSetCurrentCommitSetCurrentCommit", stack="net", sha="a" * 40
    )
    await net.run("StackDeleteDeleteStack", id="net", destroyResources=False)
    deleting = await net.ask('{ stack(id: "net") { deleting deleted } }')

    assert locked["stack"] == {"lockedBy": "Ada"}
    assert disabled["stackDisable"]["isDisabled"] is True
    assert enabled["stackEnable"]["isDisabled"] is False
    assert commit["stackSetCurrentCommit"]["trackedCommit"]["hash"] == "a" * 40
    assert deleting["stack"] == {"deleting": True, "deleted": False}


async def test_the_environment_documents_run_and_never_show_a_secret(
    net: Asking,
) -> None:
    secret = {
        "id": "TOKEN",
        "type": "ENVIRONMENT_VARIABLE",
        "value": CANARY,
        "writeOnly": True,
    }
    content = base64.b64encode(b"file").decode()
    file = {"id": "a/f", "type": "FILE_MOUNT", "value": content, "writeOnly": False}

    said = [
        await net.run("StackEnvironmentSetVar", stack="net", config=secret),
        await net.run("StackEnvironmentMountFile", stack="net", config=file),
        await net.run("StackEnvironmentListEnv", stack="net"),
        await net.run("StackShowShowStackFull", stackId="net"),
        await net.ask('{ stack(id: "net") { configElement(id: "TOKEN") { value } } }'),
    ]
    listed = {
        one["element"]["id"]: one["element"]
        for one in said[2]["stack"]["runtimeConfig"]
    }
    removed = await net.run("StackEnvironmentDeleteEnvironment", stack="net", id="a/f")

    assert CANARY not in repr(said)
    assert listed["TOKEN"]["checksum"] == hashlib.sha256(CANARY.encode()).hexdigest()
    assert listed["TOKEN"]["value"] is None
    assert listed["a/f"]["value"] == content
    assert listed["TF_VAR_spacelift_stack_id"]["value"] == "net"
    assert listed["TF_VAR_spacelift_run_id"]["value"] == "<computed>"
    assert listed["TF_VAR_spacelift_run_id"]["runtime"] is True
    assert listed["TF_TOKEN_stackyard_test"]["value"] == "<computed>"
    assert removed["stackConfigDelete"] == {"id": "a/f"}


async def test_an_own_variable_takes_the_place_of_a_computed_one(net: Asking) -> None:
    own = {
        "id": "TF_VAR_spacelift_stack_id",
        "type": "ENVIRONMENT_VARIABLE",
        "value": "mine",
        "writeOnly": False,
    }
    await net.run("StackEnvironmentSetVar", stack="net", config=own)

    data = await net.run("StackEnvironmentListEnv", stack="net")

    elements = [one["element"] for one in data["stack"]["runtimeConfig"]]
    values = [one["value"] for one in elements if one["id"] == own["id"]]
    assert values == ["mine"]


async def test_errors_hold_no_secret(net: Asking) -> None:
    bad = {
        "id": "A",
        "type": "ENVIRONMENT_VARIABLE",
        "value": f"{CANARY}\n",
        "writeOnly": True,
    }
    add = (
        'mutation ($c: ConfigInput!) { stackConfigAdd(stack: "net", config: $c)'
        " { id } }"
    )
    answer = await net.answer(add, c=bad)

    assert "line breaks" in answer["errors"][0]["message"]
    assert CANARY not in repr(answer)


async def test_a_wrong_version_is_said_in_the_words_that_clients_compare(
    api: Asking,
) -> None:
    version = "1.0.1" + ".1" * 14
    given = INPUT | {"vendorConfig": {"terraform": {"version": version}}}

    assert await api.refusal(CREATE, input=given) == (
        "stack has 1 error: terraform: invalid Terraform version constraints:"
        f' improper constraint: "{version}"'
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vendorConfig": {"ansible": {"playbook": ""}}}, "playbook must not be empty"),
        (
            {"vendorConfig": {"ansible": {"playbook": "p"}, "terraform": {}}},
            "exactly one vendor",
        ),
        ({"space": "gone"}, "no such space"),
        ({"workerPool": "gone"}, "no such worker pool"),
        ({"provider": "SPACELIFT"}, "no such built-in repository"),
        ({"projectRoot": "../up"}, "projectRoot: "),
    ],
)
async def test_bad_input_is_refused_with_its_reason(
    api: Asking, given: dict[str, Any], said: str
) -> None:
    assert said in await api.refusal(CREATE, input=INPUT | given)
    assert (await api.ask("{ stacks { id } }"))["stacks"] == []


async def test_a_built_in_repository_must_know_the_commit_that_is_tracked(
    api: Asking, database: Database
) -> None:
    async with api.edge.unit() as unit:
        repo = await unit.repositories.create(
            ROOT, RepositorySettings(name="infra"), by=ADA
        )
    async with database.transaction() as session:
        session.add(
            CommitRow(
                repo_id=repo.id,
                sha="a" * 40,
                message="Add a net",
                author_name="Grace",
                timestamp=1,
            )
        )
    given = {
        "provider": "SPACELIFT",
        "repository": "infra",
        "vcsIntegrationId": repo.id,
    }
    await api.ask(CREATE, input=INPUT | given)
    document = "StackSetCurrentCommitSetCurrentCommit"
    refused = await api.refusal(
        (OPERATIONS / f"{document}.graphql").read_text(), stack="net", sha="b" * 40
    )

    found = await api.run(document, stack="net", sha="A" * 40)

    assert "no such commit" in refused
    assert found["stackSetCurrentCommit"]["trackedCommit"]["message"] == "Add a net"


async def test_every_vendor_is_shown_as_its_own_type(api: Asking) -> None:
    vendors: dict[str, dict[str, Any]] = {
        "ansible": {"playbook": "p"},
        "cloudFormation": {
            "region": "r",
            "stackName": "s",
            "entryTemplateFile": "f",
            "templateBucket": "b",
        },
        "kubernetes": {"namespace": "", "kubectlVersion": "1.2.3"},
        "opentofu": {},
        "pulumi": {"loginURL": "u", "stackName": "s"},
        "terragrunt": {"useRunAll": True, "useSmartSanitization": False},
    }
    for name, settings in vendors.items():
        given = INPUT | {"name": name, "vendorConfig": {name: settings}}
        await api.ask(CREATE, input=given)
        data = await api.run("StackShowShowStackFull", stackId=name.lower())
        shown = data["stack"]["vendorConfig"]
        kind = shown["__typename"].removeprefix("StackConfigVendor")
        assert kind.lower() == name.lower()
        assert settings.items() <= shown.items()


async def test_of_creations_at_the_same_time_one_gets_the_slug(api: Asking) -> None:
    answers = await asyncio.gather(*(api.answer(CREATE, input=INPUT) for _ in range(5)))

    refused = [one["errors"][0]["message"] for one in answers if "errors" in one]
    assert refused == ['a stack with the slug "net" already exists'] * 4
    assert (await api.ask("{ stacks { id } }"))["stacks"] == [{"id": "net"}]


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(re.sub(r"\s+", " ", statement)[:80])

    event.listen(engine, "before_cursor_execute", count)
    yield statements
    event.remove(engine, "before_cursor_execute", count)


async def test_a_search_asks_the_database_as_often_for_100_stacks_as_for_one(
    api: Asking, database: Database
) -> None:
    async def made(numbers: range) -> None:
        async with api.edge.unit() as unit:
            for number in numbers:
                await unit.stacks.create(a_spec(name=f"stack {number}"), by=ADA)

    async def asked() -> tuple[int, int]:
        with counting(database.engine.sync_engine) as statements:
            data = await api.run(
                "StackOpenCommandSearchStacks__2", input={"first": 100}
            )
        return len(data["searchStacks"]["edges"]), len(statements)

    await made(range(1))
    one, for_one = await asked()
    await made(range(1, 100))
    hundred, for_hundred = await asked()

    assert (one, hundred) == (1, 100)
    assert for_one == for_hundred
