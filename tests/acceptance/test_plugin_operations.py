"""What the Terraform provider sends about plugins and their templates."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from sqlalchemy import text
from tests.support.edge import Edge
from tests.support.postgres import cloned
from tests.support.provider import Provider

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import ROOT
from stackyard.plugins import seed_templates
from stackyard.spaces import SpaceSpec

CANARY: Final = "canary-5ecre7"
# Line ends, comments and quotes as somebody likes them.
MANIFEST: Final = """\

manifest_version: 1.0.0
name: Test Plugin With Params   # ours
description: A test plugin with parameters
author: "spacelift"
version: 1.0.0
parameters:
  - id: api_key
    name: API Key
    type: string
    description: API key for authentication
    required: true
    sensitive: true
  - id: optional_param
    name: Optional Parameter
    type: string
    description: An optional parameter
    required: false
    default: "default_value"

hooks:
  after_plan:
    - run: echo "Running with params"\t\r
"""


@pytest.fixture(scope="module")
async def edge(postgres_port: int, template: str) -> AsyncIterator[Edge]:
    """One server for all of these tests: each has names of its own."""
    with cloned(postgres_port, template) as url:
        database = Database.connect(url)
        edge = Edge(database)
        await edge.prepare()
        yield edge
        await database.close()


@pytest.fixture(scope="module")
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


def a_plugin(name: str, **given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "name": name,
        "pluginTemplateID": "infracost",
        "parameters": [{"id": "infracost_api_key", "value": CANARY}],
        "labels": ["test", "terraform"],
        "space": "root",
        "labelIdentifier": "test-label",
    }
    return usual | given


async def test_the_global_template_infracost_requires_one_parameter(
    provider: Provider,
) -> None:
    found = await provider.data("PluginTemplateRead", id="infracost")
    assert (found["id"], found["isGlobal"]) == ("infracost", True)
    [parameter] = found["parameters"]
    assert parameter == {
        "id": "infracost_api_key",
        "name": "infracost_api_key",
        "type": "string",
        "description": parameter["description"],
        "sensitive": True,
        "required": True,
        "default": None,
    }
    said = await provider.error("PluginTemplateDelete", id="infracost")
    assert "part of the platform" in said


async def test_a_release_renews_the_global_templates_and_no_others(
    provider: Provider, edge: Edge
) -> None:
    before = await provider.data("PluginTemplateRead", id="infracost")
    given = {"name": "Ours", "manifest": MANIFEST}
    own = await provider.data("PluginTemplateCreate", input=given)
    async with edge.database.transaction() as session:
        await session.execute(text("UPDATE plugin_templates SET manifest = 'old'"))
        await seed_templates(session, at=edge.clock())
    assert await provider.data("PluginTemplateRead", id="infracost") == before
    kept = await provider.data("PluginTemplateRead", id=own["id"])
    assert kept == own | {"manifest": "old"}


async def test_the_life_of_a_template(provider: Provider, edge: Edge) -> None:
    now = int(edge.clock().timestamp())
    given = {
        "name": "Provider test plugin template a1b2c",
        "description": "Test plugin template",
        "manifest": MANIFEST,
        "labels": ["test", "terraform"],
    }
    made = await provider.data("PluginTemplateCreate", input=given)
    assert made == given | {
        "id": "provider-test-plugin-template-a1b2c",
        "isGlobal": False,
        "parameters": [
            {
                "id": "api_key",
                "name": "API Key",
                "type": "string",
                "description": "API key for authentication",
                "sensitive": True,
                "required": True,
                "default": None,
            },
            {
                "id": "optional_param",
                "name": "Optional Parameter",
                "type": "string",
                "description": "An optional parameter",
                "sensitive": False,
                "required": False,
                "default": "default_value",
            },
        ],
        "createdAt": now,
        "updatedAt": now,
    }
    assert await provider.data("PluginTemplateRead", id=made["id"]) == made
    again = await provider.error("PluginTemplateCreate", input=given)
    assert "with this slug already exists" in again
    assert await provider.data("PluginTemplateDelete", id=made["id"]) == made
    assert await provider.data("PluginTemplateDelete", id=made["id"]) is None
    assert await provider.data("PluginTemplateRead", id=made["id"]) is None


async def test_a_template_without_description_and_labels_has_none(
    provider: Provider,
) -> None:
    given = {"name": "Bare", "manifest": MANIFEST, "labels": None, "description": None}
    made = await provider.data("PluginTemplateCreate", input=given)
    assert (made["description"], made["labels"]) == (None, [])


async def test_the_text_of_what_is_missing_in_a_manifest_is_exact(
    provider: Provider,
) -> None:
    manifest = (
        "\nmanifest_version: 1.0.0\nname: Minimal Test Plugin\n"
        "description: Minimal plugin template\n\n"
        'hooks:\n  before_init:\n    - run: echo "Minimal hook"\n'
    )
    said = await provider.error(
        "PluginTemplateCreate", input={"name": "Missing", "manifest": manifest}
    )
    assert said == "invalid manifest: missing properties 'version', 'author'"
    assert await provider.data("PluginTemplateRead", id="missing") is None


async def test_the_life_of_a_plugin(provider: Provider, edge: Edge) -> None:
    now = int(edge.clock().timestamp())
    given = a_plugin("Provider test plugin foo")
    made = await provider.data("PluginInstall", input=given)
    assert made == {
        "id": "provider-test-plugin-foo",
        "name": given["name"],
        "spaceDetails": {"id": "root"},
        "pluginTemplateDetails": {"id": "infracost"},
        "labels": given["labels"],
        "labelIdentifier": "test-label",
        "createdAt": now,
        "updatedAt": now,
    }
    assert await provider.data("PluginRead", id=made["id"]) == made
    again = await provider.error("PluginInstall", input=given)
    assert "with this slug already exists" in again
    assert await provider.data("PluginDelete", id=made["id"]) == made
    assert await provider.data("PluginDelete", id=made["id"]) is None
    assert await provider.data("PluginRead", id=made["id"]) is None


async def test_a_template_is_told_what_it_requires_and_nothing_it_does_not_know(
    provider: Provider,
) -> None:
    async def said(**given: Any) -> str:
        return await provider.error("PluginInstall", input=a_plugin("Wrong", **given))

    key = {"id": "infracost_api_key", "value": "x"}
    missing = "required parameter 'infracost_api_key' is missing"
    assert await said(parameters=None) == missing
    assert await said(parameters=[{**key, "value": ""}]) == missing
    assert await said(parameters=[key, {"id": "invalid_param", "value": "x"}]) == (
        "unknown parameter 'invalid_param': not defined in plugin template"
    )
    assert "the same one twice" in await said(parameters=[key, key])
    assert "labelIdentifier" in await said(labelIdentifier=" ")
    assert "no such plugin template" in await said(pluginTemplateID="nothing")
    assert "no such space" in await said(space="nowhere")
    assert await provider.data("PluginRead", id="wrong") is None


async def test_what_a_plugin_was_told_is_sealed_and_never_said(
    provider: Provider, edge: Edge
) -> None:
    made = await provider.data("PluginInstall", input=a_plugin("Sealed"))
    assert CANARY not in json.dumps(made)
    named = {"plugin": made["id"]}
    async with edge.database.transaction() as session:
        kept = await session.execute(
            text("SELECT sealed FROM plugin_parameters WHERE plugin_id = :plugin"),
            named,
        )
        [sealed] = kept.scalars()
        trail = await session.execute(text("SELECT * FROM audit_entries"))
        written = json.dumps([list(row) for row in trail], default=str)
    assert CANARY.encode() not in sealed
    context = f"plugin_parameters/{made['id']}/infracost_api_key"
    assert edge.means.vault.unseal(sealed, context=context) == CANARY.encode()
    assert "plugin.install" in written
    assert CANARY not in written


async def test_a_template_that_plugins_come_from_is_not_deleted(
    provider: Provider,
) -> None:
    given = {"name": "Used", "manifest": MANIFEST}
    template = await provider.data("PluginTemplateCreate", input=given)
    told = [{"id": "api_key", "value": "x"}]
    plugin = a_plugin("User", pluginTemplateID=template["id"], parameters=told)
    await provider.data("PluginInstall", input=plugin)
    said = await provider.error("PluginTemplateDelete", id=template["id"])
    assert "these plugins were installed: user" in said
    await provider.data("PluginDelete", id="user")
    assert await provider.data("PluginTemplateDelete", id=template["id"])


async def test_a_space_with_a_plugin_in_it_is_not_deleted(
    provider: Provider, edge: Edge
) -> None:
    async with edge.unit() as unit:
        space = await unit.spaces.create(SpaceSpec("Team", parent=ROOT), by=SYSTEM)
    plugin = a_plugin("In the team", space=space.id)
    made = await provider.data("PluginInstall", input=plugin)
    assert made["spaceDetails"] == {"id": space.id}
    said = await provider.error("DeleteSpace", id=space.id)
    assert "1 plugin" in said
    await provider.data("PluginDelete", id=made["id"])
    assert await provider.data("DeleteSpace", id=space.id)
