"""A module, with a repository of its own and without, and all that it may have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.support.lives.attachments import attach_all, give_all
from tests.support.lives.course import HERE, Course, Sender, living
from tests.support.lives.kinds import course
from tests.support.lives.said import an_input, module
from tests.support.lives.shelves import revise

_FILES: Final = {
    "main.tf": 'variable "size" { default = 1 }\n',
    ".spacelift/config.yml": "version: 1\nmodule_version: 1.0.0\n",
}


async def live_of_what_is_attached_to_a_module(sender: Sender, name: str) -> None:
    async with living(sender, course("module", name)) as made:
        await attach_all(sender, made["id"], name)


async def live_of_what_a_module_has(sender: Sender, name: str) -> None:
    async with living(sender, course("module", name)) as made:
        await give_all(sender, "Module", made["id"])


async def live_of_a_module(sender: Sender, name: str) -> None:
    async with a_module(sender, name) as (made, sha):
        here = made["id"]
        for operation, number in (
            ("ResourceVersionCreate", None),  # which is the one that the code says
            ("ResourceVersionCreate__2", "1.1.0"),
        ):
            version = await sender.data(operation, module=here, sha=sha, version=number)
            named = {"moduleId": here, "versionId": version["id"]}
            found = await sender.data("GetVersion", **named)
            assert found["version"]["state"] == "ACTIVE", here
        shares = await sender.data(
            "ModuleShare", id=here, input={"accounts": ["them"], "spaces": ["legacy"]}
        )
        published = await sender.data("ModulePublish", id=here)
        found = await sender.data("ModuleAWSRoleRead", id=here)
        assert found == published, here
        assert (found["public"], found["moduleShares"]) == (True, shares), here


@asynccontextmanager
async def a_module(sender: Sender, name: str) -> AsyncIterator[tuple[Any, str]]:
    """Lend a module and the commit that is its code."""
    async with living(sender, course("repo", name)) as repo:
        sha = await revise(sender, repo["id"], _FILES)
        code = {"provider": "SPACELIFT", "repository": repo["id"]}
        code |= {"workflowTool": "TERRAFORM_FOSS"}
        whole = Course(
            (
                "ModuleCreate",
                an_input(updateInput=module(name, []), name=name, **code),
            ),
            ("ModuleAWSRoleRead", {"id": HERE}),
            ("ModuleDelete", {"id": HERE}),
            (
                "ModuleUpdate",
                {"id": HERE} | an_input(**module(name, ["a"]), **code),
            ),
        )
        async with living(sender, whole) as made:
            yield made, sha
