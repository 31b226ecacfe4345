"""Test cases of a module: as its file has them, and what they say of a version."""

import pytest

from stackyard.modules import (
    CasesMissingError,
    CaseUnknownError,
    ModuleConfigError,
    ModuleVersion,
    VersionState,
    read_config,
)
from stackyard.modules.service.cases import choose
from stackyard.runs import RunState


def test_a_test_case_has_what_the_file_says_of_it_and_of_all() -> None:
    found = read_config("""
small: &small
  environment: {SIZE: "1", MODE: plain}
test_defaults:
  <<: *small
  terraform_version: 1.5.7
  before_init: [make]
tests:
- name: The small one
- name: The large one
  id: large
  project_root: examples/large
  environment: {SIZE: 2}
  negative: true
  depends_on: [the-small-one]
""")
    assert not found.problems
    small, large = found.cases
    assert (small.id, small.negative, small.depends_on) == ("the-small-one", False, [])
    assert [(one.key, one.value) for one in small.config.environment] == [
        ("SIZE", "1"),
        ("MODE", "plain"),
    ]
    assert large.id == "large"
    assert large.negative
    assert large.depends_on == ["the-small-one"]
    assert large.config.project_root == "examples/large"
    assert large.config.terraform_version == "1.5.7"
    assert large.config.hooks.before_init == ["make"]
    # a mapping takes the place of the one for all; it is not merged into it
    assert [(one.key, one.value) for one in large.config.environment] == [("SIZE", "2")]


@pytest.mark.parametrize(
    ("tests", "problem"),
    [
        ("- id: x", "tests[0]: Object missing required field `name`"),
        (
            "- {name: x, colour: red}",
            "tests[0]: Object contains unknown field `colour`",
        ),
        ("- {name: '-'}", "tests[0]: name: must have a letter or a digit"),
        ("- {name: x, negative: perhaps}", "tests[0]: Expected `bool`, got `str`"),
        ("- {name: x, project_root: ../y}", "projectRoot: must be a clean path"),
        ("[{name: x}, {name: X}]", 'tests: two have the id "x"'),
        ("- {name: x, depends_on: [y]}", '"x" depends on "y", which there is not'),
        (
            "[{name: x, depends_on: [y]}, {name: y, depends_on: [x]}]",
            "tests: they depend on one another in a circle",
        ),
    ],
)
def test_a_test_case_that_is_wrong_is_named(tests: str, problem: str) -> None:
    found = read_config(f"module_version: 1.2.3\ntests:\n  {tests}")
    assert str(found.number) == "1.2.3"
    assert found.cases == ()
    assert problem in "; ".join(found.problems)


def test_of_test_cases_some_are_chosen_by_their_ids() -> None:
    config = read_config("tests: [{name: a}, {name: b}, {name: c}]")
    assert [one.id for one in choose(config, [])] == ["a", "b", "c"]
    assert [one.id for one in choose(config, ["c", "a"])] == ["a", "c"]
    with pytest.raises(CaseUnknownError, match="there is no test case x; the module"):
        choose(config, ["a", "x"])
    with pytest.raises(CasesMissingError, match="no test cases"):
        choose(read_config(""), [])
    with pytest.raises(ModuleConfigError, match=r"tests\[0\]"):
        choose(read_config("tests: [x]"), [])


def test_a_version_is_settled_once_and_by_all_of_its_tests() -> None:
    done, failed, going = RunState.FINISHED, RunState.FAILED, RunState.APPLYING
    for cases, outcome in (
        ([], VersionState.PENDING),
        ([done, going], VersionState.PENDING),
        ([failed, going], VersionState.PENDING),
        ([done, done], VersionState.ACTIVE),
        ([done, failed], VersionState.FAILED),
        ([done, RunState.SKIPPED], VersionState.FAILED),
        ([done, RunState.CANCELED], VersionState.FAILED),
    ):
        version = ModuleVersion(state=VersionState.PENDING)
        settled = version.settle(cases)
        assert settled is (outcome is not VersionState.PENDING)
        assert version.state is outcome
        if settled:
            assert not version.settle([done])
            assert not version.settle([failed])
