"""Modules whose versions are tried by their test cases, as spacectl asks for it."""

from typing import Final

import pytest
from tests.support.client import eventually
from tests.support.legs import tarball
from tests.support.platform import Platform
from tests.support.spacectl import Spacectl

TESTED: Final = """
version: 1
module_version: {version}
tests:
- name: It is made
  project_root: examples/made
- name: It refuses
  id: refuses
  project_root: examples/refused
  negative: true
- name: It is made after that
  depends_on: [refuses]
  project_root: examples/made
  environment: {{TF_VAR_word: "{word}"}}
"""
FILES: Final = {
    "main.tf": """
variable "word" {}
resource "terraform_data" "it" { input = var.word }
""",
    "examples/made/main.tf": """
variable "word" { default = "x" }
module "it" {
  source = "../.."
  word   = var.word
}
resource "terraform_data" "checked" {
  lifecycle {
    precondition {
      condition     = length(var.word) < 5
      error_message = "Too long."
    }
  }
}
""",
    "examples/refused/main.tf": 'module "it" { source = "../.." }\n',
}


@pytest.fixture(scope="module")
def spacectl(platform: Platform) -> Spacectl:
    return Spacectl(platform.client)


@pytest.fixture(scope="module")
def tasty(spacectl: Spacectl, platform: Platform) -> str:
    """Return a module whose versions are tested."""
    repo = platform.client.create_repo("terraform-default-tasty")
    platform.client.commit(
        repo,
        FILES | {".spacelift/config.yml": TESTED.format(version="1.0.0", word="y")},
    )
    settings = {
        "administrative": False,
        "branch": "main",
        "localPreviewEnabled": True,
        "protectFromDeletion": False,
        "workerPool": platform.pool,
    }
    made = platform.client.ask(
        "mutation ($input: ModuleCreateInput!) { moduleCreate(input: $input) { id } }",
        input={
            "updateInput": settings,
            "repository": repo,
            "provider": "SPACELIFT",
            "space": "legacy",
        },
    )
    return str(made["moduleCreate"]["id"])


def settled(spacectl: Spacectl, module: str, version: str) -> str:
    """Wait until the tests of the version have been run; return what came of it."""

    def look() -> str | None:
        found = spacectl.client.ask(
            "query ($module: ID!, $version: ID!) {"
            " module(id: $module) { version(id: $version) { state } } }",
            module=module,
            version=version,
        )["module"]["version"]["state"]
        return None if found == "PENDING" else str(found)

    return eventually(look, "the version to be settled", 120)


def versions(spacectl: Spacectl, module: str) -> dict[str, str]:
    """Return the states of those that have not failed, by their numbers."""
    found = spacectl.client.ask(
        "query ($module: ID!) { module(id: $module) { versions { number state } } }",
        module=module,
    )["module"]["versions"]
    return {one["number"]: one["state"] for one in found}


def test_a_version_is_active_once_its_test_cases_have_passed(
    spacectl: Spacectl, platform: Platform, tasty: str
) -> None:
    made = spacectl.ask("ModuleCreateVersionCreateVersion", module=tasty)
    assert settled(spacectl, tasty, made["id"]) == "ACTIVE"

    broken = TESTED.format(version="1.0.1", word="far too long")
    files = {".spacelift/config.yml": broken}
    platform.client.commit("terraform-default-tasty", files, action="UPDATE")
    # the push has made the same version, or is about to
    made = spacectl.ask("ModuleCreateVersionCreateVersion", module=tasty)
    assert settled(spacectl, tasty, made["id"]) == "FAILED"
    # a number that failed may be tried again
    fixed = TESTED.format(version="1.0.1", word="y").replace("made after", "said after")
    files = {".spacelift/config.yml": fixed}
    platform.client.commit("terraform-default-tasty", files, action="UPDATE")
    numbers = versions(spacectl, tasty)
    eventually(lambda: versions(spacectl, tasty).get("1.0.1") == "ACTIVE", "1.0.1", 60)
    assert numbers["1.0.0"] == "ACTIVE"


def test_local_preview_of_a_module_runs_the_chosen_test_cases(
    spacectl: Spacectl, tasty: str
) -> None:
    upload = spacectl.ask("ModuleLocalPreviewLocalPreviewFunc", stack=tasty)
    files = FILES | {".spacelift/config.yml": TESTED.format(version="1", word="y")}
    body = tarball({f"local-workspace-2/{name}": text for name, text in files.items()})
    spacectl.client.http.put(upload["uploadUrl"], content=body).raise_for_status()

    runs = spacectl.ask(
        "ModuleLocalPreviewLocalPreviewFunc__3",
        module=tasty,
        workspace=upload["id"],
        testIds=["it-is-made", "refuses"],
    )

    assert [run["title"] for run in runs] == ["It is made", "It refuses"]
    for run in runs:

        def look(wanted: str = run["id"]) -> str | None:
            found = spacectl.ask(
                "ModuleLocalPreviewLocalPreviewFunc__4", module=tasty, run=wanted
            )["run"]
            return found["state"] if found["finished"] else None

        assert eventually(look, "the test to end", 60) == "FINISHED"
