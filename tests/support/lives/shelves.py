"""What lies ready for others, with what belongs to it."""

import base64
from typing import Final

from tests.support.lives.course import (
    HERE,
    Course,
    Sender,
    Variables,
    carry,
    living,
)
from tests.support.lives.kinds import course
from tests.support.lives.said import csr, pool

_MANIFEST: Final = """
manifest_version: 1.0.0
name: Shelf
description: ours
author: us
version: 1.0.0
parameters:
  - {id: key, name: Key, type: string, description: d, required: true, sensitive: true}
hooks:
  after_plan:
    - run: "true"
"""


async def live_of_a_context(sender: Sender, name: str) -> None:
    async with living(sender, course("context", name)) as context:
        await carry_settings(sender, "Context", context["id"])


async def carry_settings(
    sender: Sender, holder: str, holder_id: str, name: str = "one"
) -> None:
    """Carry a variable and a file of a context, a module or a stack."""
    add = "CreateContext" if holder == "Context" else "CreateModule"
    delete = "DeleteContext" if holder == "Context" else "DeleteStack"
    called = "context" if holder == "Context" else "stack"
    whose = {called: holder_id}
    files = tuple(base64.b64encode(one).decode() for one in (b"hello", b"bye"))
    for setting, kind, values in (
        (f"REGION_{name}", "ENVIRONMENT_VARIABLE", ("eu", "us")),
        (f"notes/{name}.txt", "FILE_MOUNT", files),
    ):
        config = {"id": setting, "type": kind, "writeOnly": False, "description": "d"}
        first, then = (config | {"value": value} for value in values)
        adding = f"EnvironmentVariable{add}"
        await carry(
            sender,
            Course(
                (adding, whose | {"config": first}),
                (
                    f"EnvironmentVariableRead{holder}",
                    {holder.lower(): holder_id, "id": setting},
                ),
                (f"EnvironmentVariable{delete}", whose | {"id": setting}),
                (adding, whose | {"config": then}),  # over the one that is there
                at=("configElement",),
            ),
        )


async def live_of_a_plugin(sender: Sender, name: str) -> None:
    """Neither a plugin nor its template is ever changed: another one is made."""
    given: Variables = {"name": name, "labels": ["a"]}
    template = Course(
        ("PluginTemplateCreate", {"input": given | {"manifest": _MANIFEST}}),
        ("PluginTemplateRead", {"id": HERE}),
        ("PluginTemplateDelete", {"id": HERE}),
    )
    async with living(sender, template) as made:
        told = given | {
            "pluginTemplateID": made["id"],
            "parameters": [{"id": "key", "value": "hush"}],
            "space": "root",
            "labelIdentifier": name,
        }
        plugin = Course(
            ("PluginInstall", {"input": told}),
            ("PluginRead", {"id": HERE}),
            ("PluginDelete", {"id": HERE}),
        )
        await carry(sender, plugin)


async def live_of_a_webhook(sender: Sender, name: str) -> None:
    async with living(sender, course("named_webhook", name)) as hook:
        named = {"id": hook["id"]}
        for value in ("hush", ""):  # the second time it is not said again
            entries = [{"key": "x-token", "value": value}]
            await sender.data(
                "NamedWebhookSecretHeaderSet", **named, input={"entries": entries}
            )
            found = await sender.data("GetNamedWebhook", **named)
            assert found["secretHeaders"] == ["x-token"], named
        await sender.data(
            "NamedWebhookSecretHeaderDelete", **named, headerKeys=["x-token"]
        )
        found = await sender.data("GetNamedWebhook", **named)
        assert found["secretHeaders"] == [], named


async def live_of_a_pool(sender: Sender, name: str) -> None:
    """Its workers are let go, and new ones need another certificate."""
    other = Course(
        ("WorkerPoolCreate__2", pool(name, -1) | {"csr": csr()}),
        ("WorkerPoolRead", {"id": HERE}),
        ("WorkerPoolDelete", {"id": HERE}),
        ("WorkerPoolUpdate__2", pool(name, 0) | {"id": HERE}),
    )
    async with living(sender, other) as made:
        assert await sender.data("CycleWorkerPool", workerPoolId=made["id"]) is True
        again = await sender.data("WorkerPoolReset", id=made["id"], csr=csr())
        assert (again["id"], again["name"]) == (made["id"], name)


async def live_of_a_repository(sender: Sender, name: str) -> None:
    """A repository, with a file that is made, changed and deleted in it."""
    async with living(sender, course("repo", name)) as repo:
        await carry_file(sender, repo["id"], "main.tf")


async def carry_file(sender: Sender, repo: str, path: str) -> None:
    for action, text in (("CREATE", "one"), ("UPDATE", "two"), ("DELETE", "")):
        await revise(sender, repo, {path: text}, action)
        found = await sender.data("RepoFileRead", repoID=repo, filePath=path, first=1)
        [newest] = [edge["node"] for edge in found["edges"]]
        assert newest["isDeleted"] is (action == "DELETE"), path
        if text:
            kept = base64.b64decode(newest["content"]["content"]).decode()
            assert kept == text, path


async def live_of_a_provider(sender: Sender, name: str) -> None:
    async with living(sender, course("terraform_provider", name)) as provider:
        for public in (True, False):
            shown = await sender.data(
                "TerraformProviderSetVisibility", id=provider["id"], public=public
            )
            found = await sender.data("TerraformProviderRead", id=provider["id"])
            assert found == shown, provider
            assert found["public"] is public, provider


async def revise(
    sender: Sender, repo: str, files: dict[str, str], action: str = "CREATE"
) -> str:
    """Return the commit."""
    made = await sender.data(
        "RevisionCreate",
        input={
            "repoID": repo,
            "message": action,
            "description": None,
            "authorName": "Ada",
            "authorEmail": None,
            "files": [
                {
                    "path": path,
                    "content": base64.b64encode(text.encode()).decode() or None,
                    "encrypt": False,
                    "fileMode": "0644",
                    "action": action,
                }
                for path, text in files.items()
            ],
        },
    )
    return str(made["sha"])
