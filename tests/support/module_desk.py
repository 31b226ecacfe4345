"""A server with a repository of a module in it, and the clients that come to it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.caller import Place
from stackyard.kernel.ids import ROOT, RepoId, SpaceId
from stackyard.processes.server import make_doors
from stackyard.spaces import Holder, HolderKind, SpaceSpec, seed
from stackyard.vcs import FileAction, FileChange, NewRevision, RepositorySettings
from tests.support.postgres import cloned
from tests.support.whole import Whole, server_settings, whole

READ: Final = "ModuleAWSRoleRead"  # what the provider reads a module with
ID: Final = "terraform-default-tasty"
OPERATIONS: Final = Path(__file__).parents[1] / "operations"
REPOSITORY: Final = "terraform-bacon-tasty"
FOREIGN: Final = "ein Teil/部"  # a folder that is hard to name in a header
_CODE: Final = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}
variable "size" {
  type        = number
  description = "How much of it."
}
variable "cured" { default = true }
output "slices" {
  value       = var.size
  description = "What one gets."
}
module "pan" { source = "./pan" }
resource "aws_instance" "stove" {}
"""
# Revision → what it writes; each of them makes the next commit.
_REVISIONS: Final[Mapping[str, dict[str, str]]] = {
    "plain": {
        "main.tf": _CODE,
        "README.md": "# Tasty\n",
        ".spacelift/config.yml": "version: 1\nmodule_version: 1.0.0\n",
    },
    "silent": {".spacelift/config.yml": ""},
    "tested": {
        ".spacelift/config.yml": "module_version: 1.0.1\ntests:\n  - name: it works\n"
    },
    "deep": {
        "part/main.tf": 'variable "deep" {}\n',
        "part/.spacelift/config.yml": "module_version: 3.0.0\n",
        f"{FOREIGN}/main.tf": 'variable "deep" {}\n',
    },
    "newest": {".spacelift/config.yml": "module_version: 1.1.0\n"},
}


@dataclass
class Desk:
    whole: Whole
    commits: dict[str, str] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    spaces: dict[str, SpaceId] = field(default_factory=dict)

    async def prepare(self) -> "Desk":
        platform = self.whole.platform
        async with self.whole.database.transaction() as session:
            await seed(session, at=self.whole.clock())
        async with platform.unit() as unit:
            for name in ("kitchen", "pantry"):  # one within the other
                parent = self.spaces.get("kitchen", ROOT)
                spec = SpaceSpec(name, parent=parent, inherits=True)
                self.spaces[name] = (await unit.spaces.create(spec, by=SYSTEM)).id
            await unit.repositories.create(
                ROOT, RepositorySettings(name=REPOSITORY), by=SYSTEM
            )
        there: set[str] = set()
        for name, files in _REVISIONS.items():
            made = await platform.pushes.create_revision(
                NewRevision(
                    repo_id=RepoId(REPOSITORY),
                    message=name,
                    author_name="Ada",
                    files=[
                        FileChange(
                            path=path,
                            content=text.encode(),
                            action=FileAction.UPDATE
                            if path in there
                            else FileAction.CREATE,
                        )
                        for path, text in files.items()
                    ],
                ),
                by=SYSTEM,
            )
            there |= files.keys()
            self.commits[name] = made.hash
        self.headers["root"] = await self.key("root", ROOT, "space-admin")
        return self

    async def key(self, name: str, space: SpaceId, role: str) -> dict[str, str]:
        """Return the headers of somebody who has this role there."""
        platform = self.whole.platform
        async with platform.unit() as unit:
            new = await unit.api_keys.create(name=name, admin=False, by=SYSTEM)
            holder = Holder(HolderKind.API_KEY, new.key.id)
            await unit.bindings.create(holder, role=role, space=space, by=SYSTEM)
        exchange = make_doors(platform, server_settings()).key_exchange
        issued = await exchange.exchange(
            new.key.id, secret=new.secret or "", place=Place("192.0.2.7")
        )
        assert issued is not None
        return {"authorization": f"Bearer {issued.jwt}"}

    async def answer(
        self, operation: str, *, who: str = "root", **variables: Any
    ) -> dict[str, Any]:
        client, _, name = operation.rpartition("/")
        text = OPERATIONS / (client or "terraform-provider") / f"{name}.graphql"
        return await self.ask(text.read_text(), who=who, **variables)

    async def ask(
        self, query: str, *, who: str = "root", **variables: Any
    ) -> dict[str, Any]:
        async with self.whole.client() as client:
            answer = await client.post(
                "/graphql",
                json={"query": query, "variables": variables},
                headers=self.headers[who],
            )
        assert answer.status_code == 200
        return dict(answer.json())

    async def data(self, operation: str, *, who: str = "root", **variables: Any) -> Any:
        """Return the one thing that was asked for."""
        said = await self.answer(operation, who=who, **variables)
        assert "errors" not in said, said
        (value,) = said["data"].values()
        return value

    async def error(
        self, operation: str, *, who: str = "root", **variables: Any
    ) -> str:
        said = await self.answer(operation, who=who, **variables)
        return str(said["errors"][0]["message"])

    async def get(self, path: str, *, who: str = "root") -> Any:
        async with self.whole.client() as client:
            return await client.get(path, headers=self.headers[who])


@pytest.fixture(scope="module")
async def server(
    postgres_port: int,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Desk]:
    with cloned(postgres_port, template) as url:
        async with whole(url, tmp_path_factory.mktemp("modules")) as server:
            yield await Desk(server).prepare()


@pytest.fixture
async def desk(server: Desk) -> AsyncIterator[Desk]:
    """Lend the one server; what a test does to it is undone."""
    async with server.whole.database.rewound():
        yield server


SLICE: Final = {
    "administrative": False,
    "branch": "main",
    "description": None,
    "labels": None,
    "localPreviewEnabled": False,
    "projectRoot": None,
    "gitSparseCheckoutPaths": None,
    "protectFromDeletion": False,
    "runnerImage": None,
    "sharedAccounts": None,
    "workerPool": None,
}


def creating(**given: Any) -> dict[str, Any]:
    """Return what the provider sends: most of it lies in `updateInput`."""
    usual = {
        "name": "tasty",
        "namespace": None,
        "provider": "SPACELIFT",
        "repository": REPOSITORY,
        "terraformProvider": None,
        "workflowTool": None,
    }
    inner = SLICE | {one: given.pop(one) for one in list(given) if one in SLICE}
    return {"updateInput": inner, **usual, **given}


def updating(**given: Any) -> dict[str, Any]:
    usual = {"provider": "SPACELIFT", "repository": REPOSITORY, "namespace": None}
    return {**SLICE, **usual, **given}


async def make(desk: Desk, **given: Any) -> dict[str, Any]:
    return dict(await desk.data("ModuleCreate", input=creating(**given)))


async def version(desk: Desk, name: str, number: str | None = None) -> str:
    """Make a version of a commit; return its id."""
    made = await desk.data(
        "ResourceVersionCreate", module=ID, sha=desk.commits[name], version=number
    )
    return str(made["id"])
