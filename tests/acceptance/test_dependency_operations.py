"""What the provider and spacectl send about stacks that depend on one another."""

import asyncio
import re
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.adapters.postgres.database import OvertakenError
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import ReferenceId, StackId
from stackyard.stacks import DependencyCycleError, ReferenceSpec, StackNotFoundError

SPACECTL: Final = Path(__file__).parents[1] / "operations" / "spacectl"
ULID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
REFERENCE: Final = {
    "outputName": "vpc_id",
    "inputName": "TF_VAR_vpc",
    "type": "ENVIRONMENT_VARIABLE",
    "triggerAlways": True,
}


@pytest.fixture
async def provider(database: Database) -> Provider:
    edge = Edge(database)
    await edge.prepare()
    async with edge.unit() as unit:
        for name in ("App", "Net", "Base"):
            await unit.stacks.create(a_spec(name=name), by=SYSTEM)
    return await Provider(edge).sign_in()


async def depend(provider: Provider, stack: str, on: str) -> Any:
    wanted = {"stackId": stack, "dependsOnStackId": on}
    return await provider.data("StackDependencyCreate", input=wanted)


async def refused(provider: Provider, stack: str, on: str) -> str:
    wanted = {"stackId": stack, "dependsOnStackId": on}
    return await provider.error("StackDependencyCreate", input=wanted)


async def read(provider: Provider, **named: str) -> Any:
    found = await provider.data(
        "StackDependencyRead",
        **{"stackId": "app", "id": "", "dependsOnStackId": ""} | named,
    )
    return found["dependency"]


async def spacectl(provider: Provider, operation: str, **variables: Any) -> Any:
    body = {
        "query": (SPACECTL / f"{operation}.graphql").read_text(),
        "variables": variables,
    }
    async with provider.edge.client() as client:
        answer = await client.post("/graphql", json=body, headers=provider.headers)
    return answer.json()


async def test_the_life_of_a_dependency(provider: Provider) -> None:
    made = await depend(provider, "app", "net")
    assert ULID.fullmatch(made["id"])
    assert made | {"id": ""} == {
        "id": "",
        "stack": {"id": "app"},
        "dependsOnStack": {"id": "net"},
    }
    assert "already" in await refused(provider, "app", "net")
    assert await provider.data("StackDependencyDelete", id=made["id"]) == made
    assert await read(provider, id=made["id"]) is None
    assert await provider.data("StackDependencyDelete", id=made["id"]) is None


async def test_either_id_finds_a_dependency_and_an_empty_one_is_not_given(
    provider: Provider,
) -> None:
    made = await depend(provider, "app", "net")
    other = await depend(provider, "app", "base")
    assert await read(provider, id=made["id"]) == made
    assert await read(provider, dependsOnStackId="net") == made
    assert await read(provider, id=made["id"], dependsOnStackId="net") == made
    assert await read(provider, id=other["id"], dependsOnStackId="net") is None
    assert await read(provider) is None
    assert await read(provider, stackId="net", id=made["id"]) is None
    assert await read(provider, dependsOnStackId="nobody") is None


async def test_the_life_of_a_reference(provider: Provider) -> None:
    made = await depend(provider, "app", "net")
    reference = await provider.data(
        "StackDependenciesAddReference",
        stackDependencyID=made["id"],
        reference=REFERENCE,
    )
    assert ULID.fullmatch(reference["id"])
    assert reference == REFERENCE | {"id": reference["id"]}
    named = {"stack_id": "app", "dependency_id": made["id"]}
    found = await provider.data(
        "StackDependenciesReferenceRead", **named, reference_id=reference["id"]
    )
    assert found == {"dependency": {"reference": reference}}

    for gone in ("outputName", "inputName", "triggerAlways"):
        value = False if gone == "triggerAlways" else "OTHER"
        reference |= {gone: value}
        updated = await provider.data(
            "StackDependenciesUpdateReference", reference=reference
        )
        assert updated == reference

    for _ in range(2):  # again, and it is gone already
        said = await provider.data(
            "StackDependenciesDeleteReference", id=reference["id"]
        )
        assert said in (reference, None)
    found = await provider.data(
        "StackDependenciesReferenceRead", **named, reference_id=reference["id"]
    )
    assert found == {"dependency": {"reference": None}}


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_reference_is_imported_by_id_or_by_input(
    provider: Provider, *, by_name: bool
) -> None:
    made = await depend(provider, "app", "net")
    add = {"stackDependencyID": made["id"]}
    other = REFERENCE | {"inputName": "OTHER"}
    for wanted in (other, REFERENCE):
        reference = await provider.data(
            "StackDependenciesAddReference", **add, reference=wanted
        )
    found = await provider.data(
        "StackDependencyReferenceRead",
        stack_id="app",
        dependency_id="" if by_name else made["id"],
        depends_on_stack_id="net" if by_name else "",
        reference_id="" if by_name else reference["id"],
        input_name=REFERENCE["inputName"] if by_name else "",
    )
    assert found["dependency"] == made | {"reference": reference}


async def test_an_input_is_given_once_by_a_dependency(provider: Provider) -> None:
    made = await depend(provider, "app", "net")
    add = {"stackDependencyID": made["id"]}
    for wanted in (REFERENCE, REFERENCE | {"inputName": "OTHER"}):
        other = await provider.data(
            "StackDependenciesAddReference", **add, reference=wanted
        )
    again = await provider.error(
        "StackDependenciesAddReference", **add, reference=REFERENCE
    )
    assert '"TF_VAR_vpc" already' in again
    clash = other | {"inputName": "TF_VAR_vpc"}
    said = await provider.error("StackDependenciesUpdateReference", reference=clash)
    assert '"TF_VAR_vpc" already' in said


async def test_a_self_or_cyclic_dependency_is_an_error_that_names_the_circle(
    provider: Provider,
) -> None:
    await depend(provider, "app", "net")
    await depend(provider, "net", "base")
    assert '"app" depends on "app"' in await refused(provider, "app", "app")
    circle = '"base" depends on "app" depends on "net" depends on "base"'
    assert circle in await refused(provider, "base", "app")


async def test_of_two_that_would_be_a_circle_together_one_is_made(
    provider: Provider,
) -> None:
    async def create(stack: str, on: str) -> bool:
        try:
            async with provider.edge.unit() as unit:
                await unit.stack_dependencies.create(
                    StackId(stack), StackId(on), by=SYSTEM
                )
        except DependencyCycleError:
            return False
        return True

    pairs = [("app", "net"), ("net", "base"), ("base", "app")]
    made = await asyncio.gather(*(create(*pair) for pair in pairs))
    assert sorted(made) == [False, True, True]


async def test_what_is_deleted_while_it_is_changed_is_said_to_be(
    provider: Provider,
) -> None:
    edge, made = provider.edge, await depend(provider, "app", "net")
    reference = await provider.data(
        "StackDependenciesAddReference",
        stackDependencyID=made["id"],
        reference=REFERENCE,
    )
    wanted, here = ReferenceSpec("other", "OTHER"), ReferenceId(reference["id"])

    async def change() -> None:
        async with edge.unit() as one:
            read = await one.stack_dependencies.store.find_reference(here)
            assert read is not None  # and kept: it is not read again
            await provider.data("StackDependenciesDeleteReference", id=here)
            await one.stack_dependencies.update_reference(here, wanted, by=SYSTEM)

    with pytest.raises(OvertakenError, match="deleted it at the same moment"):
        await change()


async def test_a_stack_that_goes_while_it_is_made_to_depend_is_missing(
    provider: Provider,
) -> None:
    app, edge = StackId("app"), provider.edge
    async with edge.unit() as one:
        read = await one.stacks.find(app, by=SYSTEM)
        assert read is not None  # and kept: it is not read again
        async with edge.unit() as other:
            await other.stacks.purge(app, by=SYSTEM)
        with pytest.raises(StackNotFoundError):
            await one.stack_dependencies.create(app, StackId("net"), by=SYSTEM)


async def test_a_stack_that_others_depend_on_stays_and_says_which(
    provider: Provider,
) -> None:
    made = await depend(provider, "app", "net")
    delete = {"query": 'mutation { stackDelete(id: "net") { deleting } }'}
    async with provider.edge.client() as client:
        answer = await client.post("/graphql", json=delete, headers=provider.headers)
        assert '("app")' in answer.json()["errors"][0]["message"]
        await provider.data("StackDependencyDelete", id=made["id"])
        answer = await client.post("/graphql", json=delete, headers=provider.headers)
    assert answer.json()["data"]["stackDelete"]["deleting"] is True
    assert "being deleted" in await refused(provider, "app", "net")


async def test_spacectl_lists_both_directions(provider: Provider) -> None:
    await depend(provider, "app", "net")
    await depend(provider, "net", "base")
    operation = "StackDependenciesDependenciesListOneStack"
    shown = (await spacectl(provider, operation, id="net"))["data"]["stack"]
    app, net, base = (
        {"id": one.lower(), "name": one} for one in ("App", "Net", "Base")
    )
    assert shown["dependsOn"] == [{"stack": net, "dependsOnStack": base}]
    assert shown["isDependedOnBy"] == [{"stack": app, "dependsOnStack": net}]


async def test_nothing_waits_for_an_external_dependency_that_no_policy_declared(
    provider: Provider,
) -> None:
    operation = "RunExternalDependencyMarkCompletedMarkRunExternalDependencyAsCompleted"
    said = await spacectl(provider, operation, dependency="x", status="FINISHED")
    assert "No run waits" in said["errors"][0]["message"]


async def test_what_is_missing_is_said_to_be(provider: Provider) -> None:
    nowhere = {"stackDependencyID": "x", "reference": REFERENCE}
    said = await provider.error("StackDependenciesAddReference", **nowhere)
    assert "no such dependency" in said
    wanted = REFERENCE | {"id": "x"}
    said = await provider.error("StackDependenciesUpdateReference", reference=wanted)
    assert "no such reference" in said
    assert "no such stack" in await refused(provider, "app", "nobody")
