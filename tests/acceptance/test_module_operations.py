"""What the provider and spacectl send about modules: a whole life of one.

`tests/operations` holds the clients' texts. They are never edited.
"""

from typing import Any

import pytest
from tests.support.module_desk import (
    ID,
    READ,
    REPOSITORY,
    Desk,
    creating,
    desk,
    make,
    server,
    updating,
    version,
)
from tests.support.stacks import a_spec

from stackyard.contexts import ContextSpec
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import RunId
from stackyard.stacks import Provider

__all__ = ["desk", "server"]  # fixtures


async def test_the_life_of_a_module(desk: Desk) -> None:
    made = await make(
        desk,
        description="d",
        labels=["b", "a"],
        projectRoot="part",
        gitSparseCheckoutPaths=["part"],
        runnerImage="image:1",
        localPreviewEnabled=True,
        sharedAccounts=["spacelift-io"],
        workflowTool="OPEN_TOFU",
        administrative=True,
        space="root",
    )
    assert made["id"] == ID
    assert made["labels"] == ["b", "a"]
    assert (made["projectRoot"], made["runnerImage"]) == ("part", "image:1")
    assert made["administrative"] is True
    assert (made["space"], made["spaceDetails"]["id"]) == ("root", "root")
    assert (made["workflowTool"], made["localPreviewEnabled"]) == ("OPEN_TOFU", True)
    assert made["vcsIntegration"] == {"id": REPOSITORY, "isDefault": False}
    assert await desk.data(READ, id=ID) == made

    updated = await desk.data("ModuleUpdate", id=ID, input=updating())
    assert updated == made | {
        "administrative": False,
        "description": None,
        "labels": [],
        "projectRoot": None,
        "gitSparseCheckoutPaths": [],
        "runnerImage": None,
        "localPreviewEnabled": False,
        "moduleShares": [],
        "workflowTool": "TERRAFORM_FOSS",
    }
    assert await desk.data(READ, id=ID) == updated

    assert await desk.data("ModuleDelete", id=ID) == updated
    assert await desk.data(READ, id=ID) is None
    assert await desk.data("ModuleDelete", id=ID) is None


async def test_what_is_not_said_of_a_module_has_its_default(desk: Desk) -> None:
    made = await make(desk)
    assert made["workflowTool"] == "TERRAFORM_FOSS"
    assert made["projectRoot"] is None
    assert made["public"] is False
    assert made["moduleShares"] == []
    assert made["branch"] == "main"
    assert made["space"] == "legacy"
    assert made["workerPool"] is None
    assert made["administrative"] is False


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"name": "test-x"}, "terraform-default-test-x"),
        ({"name": "x1", "terraformProvider": "papaya"}, "terraform-papaya-x1"),
        ({"name": None}, "terraform-bacon-tasty"),
        ({"name": None, "terraformProvider": "papaya"}, "terraform-papaya-tasty"),
    ],
)
async def test_a_module_is_called_by_its_provider_and_name_or_by_its_repository(
    desk: Desk, given: dict[str, Any], wanted: str
) -> None:
    assert (await make(desk, **given))["id"] == wanted


async def test_a_module_of_an_id_that_is_taken_is_refused_also_by_a_stack(
    desk: Desk,
) -> None:
    await make(desk)
    again = await desk.error("ModuleCreate", input=creating())
    assert f'a module or a stack with the id "{ID}" already exists' in again
    async with desk.whole.platform.unit() as unit:
        spec = a_spec(provider=Provider.SPACELIFT, repository=REPOSITORY)
        await unit.stacks.create(spec, slug="terraform-x-y2", by=SYSTEM)
    given = creating(name="y2", terraformProvider="x")
    assert "already exists" in await desk.error("ModuleCreate", input=given)


async def test_every_problem_of_the_settings_is_said(desk: Desk) -> None:
    said = await desk.error("ModuleCreate", input=creating(branch="", labels=[""]))
    assert said.startswith("module has 2 errors: ")
    said = await desk.error("ModuleCreate", input=creating(name="Bad Name"))
    assert said.startswith("module has 1 error: name: only a-z")


async def test_a_module_is_no_stack_and_a_stack_no_module(desk: Desk) -> None:
    await make(desk)
    async with desk.whole.platform.unit() as unit:
        spec = a_spec(provider=Provider.SPACELIFT, repository=REPOSITORY)
        await unit.stacks.create(spec, by=SYSTEM)
    both = await desk.answer("StackRead", id=ID)
    assert "errors" not in both
    assert both["data"]["stack"] is None
    assert both["data"]["module"]["id"] == ID
    both = await desk.answer("StackRead", id="net")
    assert "errors" not in both
    assert both["data"]["stack"]["id"] == "net"
    assert both["data"]["module"] is None
    lists = await desk.ask(
        "{ stacks { id } searchStacks(input: {}) { edges { node { id } } }"
        " searchModules(input: {}) { edges { node { id } } } }"
    )
    assert lists["data"]["stacks"] == [{"id": "net"}]
    assert lists["data"]["searchStacks"]["edges"] == [{"node": {"id": "net"}}]
    assert lists["data"]["searchModules"]["edges"] == [{"node": {"id": ID}}]
    refused = await desk.ask(f'mutation {{ stackDelete(id: "{ID}") {{ id }} }}')
    assert "errors" in refused


async def test_update_never_renames_and_without_a_space_nothing_moves(
    desk: Desk,
) -> None:
    await make(desk, space="root")
    said = updating(space=None)
    assert (await desk.data("ModuleUpdate", id=ID, input=said))["space"] == "root"
    moved = await desk.data("ModuleUpdate", id=ID, input=updating(space="legacy"))
    assert (moved["id"], moved["name"], moved["space"]) == (ID, "tasty", "legacy")


async def test_publishing_makes_public_and_a_second_time_changes_nothing(
    desk: Desk,
) -> None:
    await make(desk)
    for _ in range(2):
        assert (await desk.data("ModulePublish", id=ID))["public"] is True
    updated = await desk.data("ModuleUpdate", id=ID, input=updating())
    assert updated["public"] is True  # there is no unpublish


async def test_a_protected_module_is_not_deleted(desk: Desk) -> None:
    await make(desk, protectFromDeletion=True)
    assert "protected from deletion" in await desk.error("ModuleDelete", id=ID)
    assert (await desk.data(READ, id=ID))["protectFromDeletion"] is True


def targets(shares: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [
        (to["account"]["subdomain"], to["space"] and to["space"]["id"])
        for to in (one["to"] for one in shares)
    ]


async def test_sharing_replaces_everything(desk: Desk) -> None:
    await make(desk)
    kitchen = desk.spaces["kitchen"]
    given = {"accounts": ["spacelift-io"], "spaces": [kitchen, "root"]}
    shares = await desk.data("ModuleShare", id=ID, input=given)
    assert targets(shares) == [
        ("spacelift-io", None),  # of another account: without a space
        ("acme", kitchen),
        ("acme", "root"),
    ]
    assert shares[0]["from"] == {
        "account": {"subdomain": "acme"},
        "space": {"id": "legacy"},
    }
    assert shares[0]["module"]["name"] == "tasty"
    assert (await desk.data(READ, id=ID))["moduleShares"] == shares

    fewer = {"accounts": None, "spaces": [kitchen]}
    kept = await desk.data("ModuleShare", id=ID, input=fewer)
    assert kept == [shares[1]]
    assert await desk.data("ModuleShare", id=ID, input={}) == []


async def test_shared_accounts_of_an_update_leave_the_spaces_alone(desk: Desk) -> None:
    await make(desk, sharedAccounts=["one"])
    given = {"accounts": ["one"], "spaces": ["root"]}
    await desk.data("ModuleShare", id=ID, input=given)
    said = updating(sharedAccounts=["two"])
    updated = await desk.data("ModuleUpdate", id=ID, input=said)
    assert set(targets(updated["moduleShares"])) == {("acme", "root"), ("two", None)}
    updated = await desk.data("ModuleUpdate", id=ID, input=updating())
    assert targets(updated["moduleShares"]) == [("acme", "root")]


async def test_a_space_that_one_may_not_share_with_is_named(desk: Desk) -> None:
    await make(desk)
    text = "you do not have permissions to share a module with following spaces: "
    unknown = "foobar-space-that-does-not-exist"
    given = {"accounts": [], "spaces": [unknown, "root"]}
    assert await desk.error("ModuleShare", id=ID, input=given) == text + unknown

    pantry = desk.spaces["pantry"]
    await make(desk, name="mine", space=pantry)
    desk.headers["cook"] = await desk.key("cook", pantry, "space-admin")
    mine = "terraform-default-mine"
    given = {"accounts": [], "spaces": [pantry, "legacy"]}
    said = await desk.error("ModuleShare", id=mine, input=given, who="cook")
    assert said == text + "legacy"


async def test_the_life_of_a_variable_of_a_module(desk: Desk) -> None:
    await make(desk)
    config = {
        "id": "TOKEN",
        "type": "ENVIRONMENT_VARIABLE",
        "value": "is tasty",
        "writeOnly": True,
        "description": None,
    }
    made = await desk.data("EnvironmentVariableCreateModule", stack=ID, config=config)
    assert (made["value"], made["writeOnly"]) == (None, True)
    assert made["checksum"].startswith("4d5d01ea427b10dd")
    named = {"module": ID, "id": "TOKEN"}
    read = await desk.data("EnvironmentVariableReadModule", **named)
    assert read == {"configElement": made}
    await desk.data("EnvironmentVariableDeleteStack", stack=ID, id="TOKEN")
    read = await desk.data("EnvironmentVariableReadModule", **named)
    assert read == {"configElement": None}


async def test_a_context_is_attached_to_a_module_as_to_a_stack(desk: Desk) -> None:
    await make(desk, labels=["net"])
    async with desk.whole.platform.unit() as unit:
        for name, labels in (("by hand", ()), ("itself", ("autoattach:net",))):
            spec = ContextSpec(name=name, labels=labels, space_id=None)
            await unit.contexts.create(spec, by=SYSTEM)
    made = await desk.data(
        "ContextAttachmentCreate", id="by-hand", stack=ID, priority=1
    )
    assert (made["stackId"], made["isModule"]) == (ID, True)
    read = await desk.data("ContextAttachmentRead", context="by-hand", id=ID)
    assert read == {"attachedStack": made}
    seen = await desk.ask(
        '{ context(id: "itself") { attachedStacks { stackName isModule } } }'
    )
    assert seen["data"]["context"]["attachedStacks"] == [
        {"stackName": "tasty", "isModule": True}
    ]
    assert (await desk.data("ContextAttachmentDelete", id=made["id"])) == made


async def test_a_space_with_modules_is_not_deleted(desk: Desk) -> None:
    pantry = desk.spaces["pantry"]
    await make(desk, space=pantry)
    said = await desk.error("DeleteSpace", id=pantry)
    assert "1 module" in said


async def test_the_provider_finds_modules_by_its_fields(desk: Desk) -> None:
    await make(desk, labels=["b", "a"])
    await make(desk, name="other", labels=["a"], terraformProvider="papaya")
    await version(desk, "plain")

    async def found(field: str, constraint: dict[str, Any]) -> list[str]:
        predicates = [{"field": field, "constraint": constraint, "exclude": False}]
        page = await desk.data(
            "ModulesPage",
            input={
                "first": 50,
                "predicates": predicates,
                "orderBy": {"field": "name", "direction": "DESC"},
            },
        )
        return [edge["node"]["name"] for edge in page["edges"]]

    both = ["tasty", "other"]
    assert await found("label", {"stringMatches": ["a"]}) == both
    assert await found("labels", {"stringMatches": ["b"]}) == ["tasty"]
    assert await found("administrative", {"booleanEquals": [False]}) == both
    assert await found("branch", {"stringMatches": ["main"]}) == both
    assert await found("repository", {"stringMatches": [REPOSITORY]}) == both
    assert await found("name", {"stringMatches": ["other"]}) == ["other"]
    assert await found("commit", {"stringMatches": [desk.commits["plain"]]}) == [
        "tasty"
    ]
    assert await found("terraformProvider", {"stringMatches": ["papaya"]}) == ["other"]
    assert await found("public", {"booleanEquals": [True]}) == []


async def test_spacectl_lists_and_shows_modules(desk: Desk) -> None:
    await make(desk, description="d")
    await version(desk, "plain")
    page = await desk.data("spacectl/ModuleListSearchModules", input={"first": 50})
    [edge] = page["edges"]
    assert edge["node"]["apiHost"] == "stackyard.test"
    assert edge["node"]["canWrite"] is True
    assert edge["node"]["current"]["number"] == "1.0.0"
    shown = await desk.data("spacectl/ModuleMcpRegisterGetModuleTool", moduleId=ID)
    assert shown["moduleSource"] == "stackyard.test/acme/tasty/default"
    assert shown["ownerSubdomain"] == "acme"
    assert shown["versionsCount"] == 1
    assert shown["latest"] == shown["current"]


async def test_a_local_preview_says_what_stands_in_its_way(desk: Desk) -> None:
    await make(desk)
    operation = "spacectl/ModuleLocalPreviewLocalPreviewFunc__3"
    named = {"module": ID, "workspace": "x"}
    said = await desk.error(operation, testIds=[], **named)
    assert said == "Local previews are off here: turn them on in the settings."
    allowed = updating(localPreviewEnabled=True)
    await desk.data("ModuleUpdate", id=ID, input=allowed)
    assert "Nothing was uploaded" in await desk.error(operation, testIds=[], **named)


async def test_a_run_that_is_not_of_the_module_is_not_found(desk: Desk) -> None:
    await make(desk)
    read = await desk.data(
        "spacectl/ModuleLocalPreviewLocalPreviewFunc__4", module=ID, run=RunId("0" * 26)
    )
    assert read == {"run": None}


async def test_who_may_not_read_the_space_does_not_find_the_module(desk: Desk) -> None:
    await make(desk, space="legacy")
    kitchen = desk.spaces["kitchen"]
    desk.headers["cook"] = await desk.key("cook", kitchen, "space-admin")
    assert await desk.data(READ, id=ID, who="cook") is None
    said = await desk.error("ModuleUpdate", id=ID, input=updating(), who="cook")
    assert "no such module" in said
