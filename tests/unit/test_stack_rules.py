import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.stacks import a_spec

from stackyard.kernel.config import (
    LARGEST_FILE,
    LARGEST_VARIABLE,
    ConfigInput,
    ConfigType,
    checksum,
    config_problems,
)
from stackyard.kernel.text import clean_path
from stackyard.stacks.errors import StackProblemsError
from stackyard.stacks.model.releases import ReleasedTool, released
from stackyard.stacks.model.rules import slug_problem, spec_problems
from stackyard.stacks.model.spec import Provider, StackSpec
from stackyard.stacks.model.vendors import (
    Ansible,
    CloudFormation,
    OpenTofu,
    Terraform,
    TerraformTool,
    Terragrunt,
    TerragruntTool,
    Vendor,
)
from stackyard.vcs import GitUrl
from stackyard_protocol.job import Hooks


def problems(spec: StackSpec, *, manages_state: bool = True) -> list[str]:
    return spec_problems(spec, manages_state=manages_state, check_url=GitUrl)


@pytest.mark.parametrize("root", [None, "a", "a/b", "a/b/"])
def test_sound_settings_have_no_problem(root: str | None) -> None:
    assert problems(a_spec(project_root=root, labels=("x", "y"))) == []


@pytest.mark.parametrize("root", ["/", "//", "a//", "/a", "../a", "a/../b", ".", "./"])
def test_a_root_is_one_folder_of_the_repository(root: str) -> None:
    assert len(problems(a_spec(project_root=root))) == 1


def test_a_malformed_version_is_refused_in_the_words_that_clients_compare() -> None:
    version = "1.0.1" + ".1" * 14
    found = problems(a_spec(vendor=Terraform(version=version)))

    assert str(StackProblemsError(*found)) == (
        "stack has 1 error: terraform: invalid Terraform version constraints:"
        f' improper constraint: "{version}"'
    )


@pytest.mark.parametrize(
    ("tool", "version", "product", "span"),
    [
        (
            TerragruntTool.OPEN_TOFU,
            "1.5.6",
            "OpenTofu",
            f"1.6.0 - {released(ReleasedTool.OPENTOFU)[0]}",
        ),
        (TerragruntTool.TERRAFORM_FOSS, "1.6.2", "Terraform", "0.12.0 - 1.5.7"),
    ],
)
def test_a_version_that_a_tool_never_had_is_refused(
    tool: TerragruntTool, version: str, product: str, span: str
) -> None:
    [said] = problems(a_spec(vendor=Terragrunt(tool=tool, terraform_version=version)))

    assert said == (
        f"terragrunt: no supported {product} version ({span})"
        f' satisfies constraints "{version}"'
    )


def test_what_was_released_after_us_can_be_asked_for() -> None:
    vendor = OpenTofu(version="1.99.0")
    assert problems(a_spec(vendor=vendor)) == []


@pytest.mark.parametrize(
    "version",
    [
        "",
        None,
        "1.5.7",
        ">= 1.0, < 1.6",
        "~> 1.4",
        "1.2 - 1.5",
        "1.x",
        "0.12.0 || >1.2",
    ],
)
def test_constraints_of_every_kind_are_accepted(version: str | None) -> None:
    assert problems(a_spec(vendor=Terraform(version=version))) == []


@pytest.mark.parametrize("version", ["latest", "1..2", "; rm -rf /", "1 2 x!", "||"])
def test_what_is_no_constraint_is_refused(version: str) -> None:
    assert len(problems(a_spec(vendor=Terraform(version=version)))) == 1


@pytest.mark.timeout(10)
def test_a_hostile_constraint_is_answered_at_once() -> None:
    assert problems(a_spec(vendor=Terraform(version="1   " * 60 + "!"))) != []


@pytest.mark.parametrize(
    ("vendor", "managed", "said"),
    [
        (Ansible(playbook=" "), True, "ansible: playbook must not be empty"),
        (
            CloudFormation(
                region="r",
                stack_name="s",
                entry_template_file="f",
                template_bucket="a.b",
            ),
            True,
            "cloudFormation: templateBucket must not contain a dot",
        ),
        (
            OpenTofu(external_state_access_enabled=True),
            False,
            "opentofu: external state access needs managed state",
        ),
        (
            Terragrunt(
                tool=TerragruntTool.MANUALLY_PROVISIONED, terraform_version="1.5.7"
            ),
            True,
            (
                "terragrunt: terraformVersion must be empty with the tool"
                " MANUALLY_PROVISIONED"
            ),
        ),
    ],
)
def test_each_vendor_says_what_is_wrong(
    vendor: Vendor, *, managed: bool, said: str
) -> None:
    assert problems(a_spec(vendor=vendor), manages_state=managed) == [said]


def test_a_custom_tool_may_name_any_version() -> None:
    vendor = Terraform(version="1.9.0", workflow_tool=TerraformTool.CUSTOM)
    assert problems(a_spec(vendor=vendor)) == []


def test_all_problems_are_said_at_once() -> None:
    spec = a_spec(
        name=" ",
        branch="a..b",
        project_root="/etc",
        labels=("x", "x"),
        hooks=Hooks(before_init=["echo", ""]),
        autoretry=True,
    )

    error = StackProblemsError(*problems(spec))

    assert str(error).startswith("stack has 6 errors: ")
    assert "beforeInit: a hook must not be empty" in str(error)


@pytest.mark.parametrize(
    "branch", ["", "-x", "a b", "a..b", "a~1", "a^", "a:b", "x.lock", "/a", "a/", "@"]
)
def test_a_branch_that_git_would_refuse_is_refused(branch: str) -> None:
    assert problems(a_spec(branch=branch)) == ["branch: must be the name of a branch"]


def test_raw_git_needs_a_url_and_nothing_else_may_have_one() -> None:
    url = "https://git.example/a/b.git"
    assert problems(a_spec(provider=Provider.GIT, repository_url=url)) == []
    assert len(problems(a_spec(provider=Provider.GIT))) == 1
    assert len(problems(a_spec(repository_url=url))) == 1


def test_a_bad_url_never_shows_its_password() -> None:
    url = "https://ada:canary-9d1f@git.example/a/b"
    [said] = problems(a_spec(provider=Provider.GIT, repository_url=url))

    assert said.startswith("repositoryURL: ")
    assert "canary-9d1f" not in said


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_text_that_the_database_cannot_hold_is_refused(text: str) -> None:
    assert problems(a_spec(description=text)) != []
    assert problems(a_spec(hooks=Hooks(after_run=[text]))) != []
    assert problems(a_spec(vendor=Ansible(playbook=text))) != []


@pytest.mark.parametrize("slug", ["", "-a", "A", "a b", "a/b", "a" * 257, "..", "é"])
def test_a_slug_that_is_none_is_refused(slug: str) -> None:
    assert slug_problem(slug) is not None


@given(st.text(alphabet="ab./\\ \n*", max_size=12))
def test_a_clean_path_stays_below_its_folder(path: str) -> None:
    if clean_path(path):
        joined = posixpath.normpath(posixpath.join("/home", path))
        assert joined == f"/home/{path}"


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_.-]*", fullmatch=True), min_size=1))
def test_ordinary_folders_are_clean(parts: list[str]) -> None:
    assert clean_path("/".join(parts))


def variable(name: str = "A", value: str = "x") -> ConfigInput:
    return ConfigInput(name, ConfigType.ENVIRONMENT_VARIABLE, value)


def file(path: str = "a/b", value: str = "eA==") -> ConfigInput:
    return ConfigInput(path, ConfigType.FILE_MOUNT, value)


def test_variables_and_files_within_their_limits_are_accepted() -> None:
    assert config_problems(variable(value="")) == []
    assert config_problems(variable("ro_TF_VAR_x", "x" * LARGEST_VARIABLE)) == []
    assert config_problems(file()) == []


@pytest.mark.parametrize(
    "wanted",
    [
        variable("1A"),
        variable("A=B"),
        variable(value="a\nb"),
        variable(value="a\0b"),
        variable(value="x" * (LARGEST_VARIABLE + 1)),
        file("../x"),
        file("/x"),
        file("a//b"),
        file(value="not base64!"),
        file(value="eHh4" * (LARGEST_FILE // 3 + 1)),
    ],
    ids=lambda wanted: wanted.id,
)
def test_what_no_worker_could_set_is_refused(wanted: ConfigInput) -> None:
    assert len(config_problems(wanted)) == 1


def test_a_value_is_not_shown_by_accident() -> None:
    assert "canary-77" not in repr(variable(value="canary-77"))


def test_a_checksum_is_that_of_the_exact_text() -> None:
    assert checksum("is tasty") == (
        "4d5d01ea427b10dd483e8fce5b5149fb5a9814e9ee614176b756ca4a65c8f154"
    )
