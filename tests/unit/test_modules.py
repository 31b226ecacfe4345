"""What modules and their versions must keep to."""

import io
import tarfile
from pathlib import Path

import pytest

from stackyard.kernel.ids import ShareId, SpaceId, StackId
from stackyard.module_code import read_folder
from stackyard.modules import (
    ModuleName,
    ModuleProblemsError,
    ModuleShare,
    Number,
    VersionNumberError,
    describe,
    leaves_gap,
    name_module,
    read_config,
    share_with,
)
from stackyard.stacks import Module, Stack


def numbers(*texts: str) -> list[Number]:
    return [Number.read(text) for text in texts]


def test_a_module_knows_that_it_is_one() -> None:
    assert Module(id=StackId("m")).is_module
    assert not Stack(id=StackId("s")).is_module


@pytest.mark.parametrize(
    ("repository", "name", "provider", "wanted"),
    [
        ("any", "x1", None, ModuleName("x1", "default")),
        ("terraform-aws-vpc", "x1", None, ModuleName("x1", "default")),
        ("any", "x1", "aws", ModuleName("x1", "aws")),
        ("terraform-aws-vpc", None, None, ModuleName("vpc", "aws")),
        ("group/terraform-aws-big-vpc", "", "", ModuleName("big-vpc", "aws")),
        ("terraform-aws-vpc", None, "gcp", ModuleName("vpc", "gcp")),
    ],
)
def test_a_module_has_a_name_of_its_own_or_of_its_repository(
    repository: str, name: str | None, provider: str | None, wanted: ModuleName
) -> None:
    assert name_module(repository, name=name, provider=provider) == wanted


@pytest.mark.parametrize("repository", ["vpc", "terraform-vpc", "terraform-aws-"])
def test_a_repository_of_another_name_names_no_module(repository: str) -> None:
    with pytest.raises(ModuleProblemsError):
        name_module(repository)


@pytest.mark.parametrize("name", ["1x", "x", "X1", "x-", "x.y", "x/y", "x1\n"])
def test_a_module_is_not_called_that(name: str) -> None:
    with pytest.raises(ModuleProblemsError):
        name_module("any", name=name)


def test_the_id_of_a_module_is_a_slug() -> None:
    assert ModuleName("my_vpc", "aws").id == "terraform-aws-my-vpc"


@pytest.mark.parametrize("text", ["1.0.0", " 0.10.3 "])
def test_a_version_is_three_numbers(text: str) -> None:
    assert str(Number.read(text)) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "v1.0.0", "1.0.0-rc1", "01.0.0", "1.0.0.0", "1.0.1e9"]
)
def test_nothing_else_is_a_version(text: str) -> None:
    with pytest.raises(VersionNumberError):
        Number.read(text)


@pytest.mark.parametrize("new", ["0.2.1", "0.3.0", "1.0.0", "0.1.5", "0.1.0", "0.0.9"])
def test_a_version_follows_one_that_there_is_or_comes_right_before_one(
    new: str,
) -> None:
    there = numbers("0.1.1", "0.1.4", "0.2.0")
    follows = new != "0.0.9"
    assert leaves_gap(Number.read(new), there) is not follows


@pytest.mark.parametrize("new", ["0.4.0", "0.2.2", "2.0.0", "1.0.1"])
def test_a_version_leaves_no_gap(new: str) -> None:
    assert leaves_gap(Number.read(new), numbers("0.1.0", "0.2.0"))


def test_the_first_version_may_have_any_number() -> None:
    assert not leaves_gap(Number.read("7.3.1"), [])


@pytest.mark.parametrize(
    ("text", "number", "tests"),
    [
        (None, "0.1.0", False),
        ("", "0.1.0", False),
        ("module_version: 1.2.3", "1.2.3", False),
        ("module_version: 1.2\n", "0.1.0", False),
        ("module_version: 1.2.3\ntests: []", "1.2.3", False),
        ("module_version: 1.2.3\ntests:\n- name: x", "1.2.3", True),
        ("module_version: 1.2.3\ntests:\n- x", "1.2.3", True),
        ("[", "0.1.0", False),
        ("- a list", "0.1.0", False),
        ("module_version: 1.2.3\ntests: null", "1.2.3", False),
        ("module_version: 1.2.3\ntests: true", "1.2.3", True),
        ("module_version: 1.2.3\nx: &x {y: z}\ntests: [{<<: *x}]", "1.2.3", True),
        ("module_version: !!int ''", "0.1.0", False),
        ("module_version: 1.2.3\ntests: !!bool x", "1.2.3", True),
        ("a: &a [*a]", "0.1.0", False),
        ("!!python/object/apply:os.system [x]", "0.1.0", False),
    ],
)
def test_the_modules_file_says_its_version_and_whether_it_is_tested(
    text: str | None, number: str, *, tests: bool
) -> None:
    found = read_config(text)
    assert (str(found.number), bool(found.cases or found.problems)) == (number, tests)


def test_an_alias_in_the_modules_file_is_never_unfolded() -> None:
    """Each line would be ten times the one before; all of it is read in no time."""
    lines = ["a0: &a0 {x: y}"]
    for number in range(1, 40):
        before = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} {{<<: [{before}], z: [{before}]}}")
    found = read_config("\n".join([*lines, "module_version: *a39", "tests: *a39"]))
    assert (str(found.number), found.problems) == (
        "0.1.0",
        ("tests: must be a list of at most 100",),
    )


def test_of_a_folder_only_so_much_is_read(tmp_path: Path) -> None:
    archive, body = tmp_path / "a.tar.gz", b"#" * 500_000
    with tarfile.open(archive, "w:gz") as tar:
        for number in range(20):
            info = tarfile.TarInfo(f"sub/{number}.tf")
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    assert sum(map(len, read_folder(archive, "sub").values())) == 8 * len(body)


CODE = """
# variable "not" {}
terraform {
  required_version = ">= 1.0"
  required_providers {
    aws    = { source = "hashicorp/aws", version = "~> 4.0" } # why
    random = "~> 2"
    ours = {
      source = "registry.example/acme/ours"
    }
  }
}
variable "plain" { type = string }
variable "odd" {
  description = "say \\"hi\\" ${lookup({ a = "}" }, "a")} $${"
  type = object({
    x = optional(string, "}")  // here
    y = list(number)
  })
  default = { x = 1, y = [1] }
  validation {
    condition     = length(var.odd.y) > 0
    error_message = "}"
  }
}
variable "long" {
  description = <<-EOT
    Two
      lines }
  EOT
  default = null
}
/* output "not" {} */
output "all" {
  value = { for key, one in var.odd : key => one }
}
module "m" { source = "./m" }
module "n" {
  count  = 1
  source = "acme/n/aws"
}
resource "aws_vpc" "main" {
  dynamic "block" {
    for_each = []
    content { a = 1 }
  }
}
data "aws_vpc" "not" {}
"""


def test_the_outline_of_code_is_read() -> None:
    found = describe("x", "sub", {"main.tf": CODE, "other.txt": "variable {"})
    assert [
        (one["name"], one["type"], one["default"], one["required"])
        for one in found["inputs"]
    ] == [
        ("plain", "string", None, True),
        (
            "odd",
            'object({\n    x = optional(string, "}")  \n    y = list(number)\n  })',
            "{ x = 1, y = [1] }",
            False,
        ),
        ("long", "any", "null", False),
    ]
    odd, long = (one["description"] for one in found["inputs"][1:])
    assert odd == 'say "hi" ${lookup({ a = "}" }, "a")} $${'
    assert long == "Two\n  lines }"
    assert found["outputs"] == [{"name": "all", "description": ""}]
    assert found["dependencies"] == ["./m", "acme/n/aws"]
    assert found["resources"] == [{"type": "aws_vpc", "name": "main"}]
    assert [
        (one["name"], one["namespace"], one["source"], one["version"])
        for one in found["provider_dependencies"]
    ] == [
        ("aws", "hashicorp", "hashicorp/aws", "~> 4.0"),
        ("random", "hashicorp", "hashicorp/random", "~> 2"),
        ("ours", "acme", "registry.example/acme/ours", ""),
    ]
    assert (found["name"], found["path"], found["empty"]) == ("x", "sub", False)


def test_a_module_without_code_is_empty() -> None:
    found = describe("x", "", {"README.md": "hi"})
    assert (found["empty"], found["readme"], found["changelog"]) == (True, "hi", None)


@pytest.mark.parametrize(
    "hostile",
    [
        '"${' * 50_000,
        "x {" * 50_000,
        "{" * 100_000,
        "a = <<E\n" * 50_000,
        "a = [" * 50_000,
        "a = /*" * 50_000,
        'a "' * 50_000,
    ],
    ids=["strings", "blocks", "braces", "heredocs", "lists", "comments", "labels"],
)
def test_hostile_code_is_read_to_its_end(hostile: str) -> None:
    assert describe("x", "", {"main.tf": hostile})["resources"] == []


def share(number: int, account: str, space: str | None) -> ModuleShare:
    return ModuleShare(
        id=ShareId(f"{number:026}"),
        module_id=StackId("m"),
        account=account,
        space_id=SpaceId(space) if space else None,
    )


def test_sharing_keeps_what_is_shared_already_and_says_nothing_twice() -> None:
    kept, gone = share(1, "ours", "a"), share(2, "theirs", None)
    wanted = [("ours", SpaceId("a")), ("ours", SpaceId("b")), ("ours", SpaceId("b"))]
    sharing = share_with(StackId("m"), [kept, gone], wanted)
    assert list(sharing.kept) == [kept]
    assert list(sharing.removed) == [gone]
    assert [(one.account, one.space_id) for one in sharing.added] == [("ours", "b")]
    assert sharing.added[0].id > gone.id
