"""What a body may look like, and what is said of one that may not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from tests.support.bodies import a_blueprint, a_template

from stackyard.blueprints.errors import BodyProblemsError
from stackyard.blueprints.model.body import Kind, find_inputs, read_body
from stackyard.blueprints.model.checking import schema_problems
from stackyard.blueprints.model.expressions import (
    as_text,
    fill_in,
    find_expressions,
)
from stackyard.blueprints.model.schema import BLUEPRINT_SCHEMA, TEMPLATE_SCHEMA
from stackyard.blueprints.model.yaml import DEEPEST, LONGEST, MOST_EVENTS, read_yaml


def problems_of(body: str, kind: Kind = Kind.BLUEPRINT) -> list[str]:
    try:
        read_body(body, kind)
    except BodyProblemsError as error:
        return list(error.problems)
    return []


def test_expressions_are_found_with_their_places() -> None:
    found, problems = find_expressions("a: ${{ x }}\n  b: ${{y}} ${{ z }}")
    assert [(one.text, one.place) for one in found] == [
        ("x", "line 1, column 4"),
        ("y", "line 2, column 6"),
        ("z", "line 2, column 13"),
    ]
    assert problems == []


def test_a_line_that_begins_with_a_hash_is_left_alone() -> None:
    body = "  # ${{ x }}\na: b # ${{ y }}\n#${{ z"
    found, problems = find_expressions(body)
    assert [one.text for one in found] == ["y"]
    assert problems == []
    assert fill_in(body, found, ["!"]) == "  # ${{ x }}\na: b # !\n#${{ z"


@pytest.mark.parametrize(
    "text", ["^[a-z]+$", "$", "${x}", "$ {{ x }}", "}}", "{{ x }}"]
)
def test_what_only_looks_like_an_expression_is_text(text: str) -> None:
    assert find_expressions(text) == ([], [])


def test_one_bad_expression_does_not_hide_another() -> None:
    found, problems = find_expressions("${{ '}' }} ${{ {'a': 1} }} ${{ x }} ${{ y")
    assert [one.text for one in found] == ["x"]
    assert problems == [
        "line 1, column 1: an expression cannot have a single `}` in it",
        "line 1, column 12: an expression cannot have a single `}` in it",
        "line 1, column 37: the expression has no end: `}}` is missing",
    ]


@given(st.text())
def test_text_without_expressions_comes_back_as_it_is(text: str) -> None:
    found, _ = find_expressions(text)
    texts = [text[one.start : one.end] for one in found]
    assert fill_in(text, found, texts) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (3, "3"), (2.0, "2"), (0.1, "0.1"), (1e30, "1e+30"), ("x", "x")],
)
def test_a_value_is_written_as_people_write_it(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_yaml_is_read_as_its_newer_version_says() -> None:
    body = "a: on\nb: 2026-01-01\nc: 012\nd: 1:30\ne: true\nf: ~\ng: 1.5\nh: 12"
    assert read_yaml(body) == {
        "a": "on",
        "b": "2026-01-01",
        "c": "012",
        "d": "1:30",
        "e": True,
        "f": None,
        "g": 1.5,
        "h": 12,
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("a: &x [1]\nb: *x", "line 2: references to anchors are not taken"),
        ("[" * (DEEPEST + 1), "nested more than 32 deep"),
        ("- 1\n" * MOST_EVENTS, "more than 10000 values"),
        ("x" * (LONGEST + 1), "more than 262144 characters"),
        ("a: 1\na: 2", "line 2: not YAML: a key is there twice"),
        ("1: a", "line 1: not YAML: a key must be text"),
        ("a: !!python/name:os.system x", "line 1: no tags are taken but !!str"),
        ("a: [", "not YAML"),
        ("a: \x01", "not YAML: it has characters that are none"),
    ],
)
def test_yaml_has_its_limits(body: str, words: str) -> None:
    with pytest.raises(BodyProblemsError, match=words):
        read_yaml(body)


@pytest.mark.parametrize("body", ["a: 'canary", "a: canary: canary", "a: !!canary x"])
def test_an_error_about_yaml_quotes_nothing(body: str) -> None:
    with pytest.raises(BodyProblemsError) as caught:
        read_yaml(body)
    assert "canary" not in str(caught.value)


def test_both_schemas_are_schemas_and_take_what_they_should() -> None:
    for schema in (BLUEPRINT_SCHEMA, TEMPLATE_SCHEMA):
        Draft7Validator.check_schema(schema)
    assert problems_of(a_blueprint()) == []
    assert problems_of(a_template(), Kind.TEMPLATE) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (("main", "1"), "stack.vcs.branch: must be text: quote it"),
        (("provider: GITHUB, ", ""), "stack.vcs: needs provider"),
        (("GITHUB", "RAW_GIT"), "stack.vcs: needs repository_url"),
        (("GITHUB", "CVS"), "stack.vcs.provider: must be one of GITHUB, GITLAB"),
        (("manage_state: true", "manage_state: 1"), "manage_state: must be true or"),
        (("options: [dev, prod], ", ""), "inputs.0: needs options"),
        (("default: dev", "default: test"), "inputs.0.default: must be one of dev"),
        (("id: token", "id: env"), "inputs: env is there twice"),
        (("stack:", "stacks:"), "stacks: must be a list"),
        (("name: Token", "name: '${{ 1 }}'"), "inputs: cannot have expressions in it"),
    ],
)
def test_a_problem_is_told_with_its_place(
    changes: tuple[str, str], problem: str
) -> None:
    assert problem in "; ".join(problems_of(a_blueprint().replace(*changes)))


def test_what_an_expression_decides_is_not_judged_before() -> None:
    more = "labels: ['${{ 1 }}', '${{ 2 }}']\nauto_deploy: ${{ inputs.env == 'dev' }}"
    body = a_blueprint(more=more)
    assert problems_of(body) == []
    assert problems_of(body.replace("${{ inputs.env == 'dev' }}", "maybe")) == [
        "stack.auto_deploy: must be true or false"
    ]


@pytest.mark.parametrize("kind", ["number", "float", "boolean", "select", "secret"])
def test_rules_belong_to_the_type_of_an_input(kind: str) -> None:
    rules = {"min_length": "1"} if kind != "secret" else {"less_than": "1"}
    [(rule, bound)] = rules.items()
    declared = f"{{id: a, name: A, type: {kind}, validations: {{{rule}: {bound}}}"
    declared += ", options: [x]}" if kind == "select" else "}"
    body = a_blueprint().replace("inputs:\n", f"inputs:\n  - {declared}\n")
    assert f"inputs.0.validations: has no {rule}" in problems_of(body)[0]


def test_a_template_is_plain_where_its_stacks_are_told_apart() -> None:
    body = a_template(key="${{ inputs.env }}").replace(
        "value: master", "value: '${{ inputs.env }}'"
    )
    assert problems_of(body, Kind.TEMPLATE) == [
        "stacks.0.key: cannot have expressions in a template",
        "stacks.0.vcs: cannot have expressions in a template",
    ]


def test_a_broken_draft_asks_for_nothing() -> None:
    assert [one.id for one in find_inputs(a_blueprint(), Kind.BLUEPRINT)] == [
        "env",
        "token",
    ]
    for body in (None, "", "x", "inputs: 1", "inputs: [{id: 1}]", "inputs: ["):
        assert find_inputs(body, Kind.BLUEPRINT) == []


@pytest.mark.parametrize(
    ("cron", "steps"),
    [("0 * 1-5 * 1/2", False), ("*/5 * * * *", True), ("0 1,2,3 * * *", True)],
)
def test_a_template_takes_more_schedules_than_a_blueprint(
    cron: str, *, steps: bool
) -> None:
    more = f"schedules: {{tasks: [{{command: x, cron: ['{cron}']}}]}}"
    found = problems_of(a_blueprint(more=more))
    assert bool(found) is steps


@pytest.mark.parametrize("kind", Kind)
def test_an_expression_in_any_place_is_taken_or_refused_in_words(kind: Kind) -> None:
    text = a_blueprint() if kind is Kind.BLUEPRINT else a_template()
    for body in _with_an_expression(read_yaml(text)):
        written = json.dumps(body)
        find_inputs(written, kind)
        assert all(problems_of(written, kind) or ["taken"])


def _with_an_expression(value: Any) -> Iterator[Any]:
    """Yield *value* again and again, each time with one part of it not known yet."""
    yield "${{ 1 }}"
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ({**value, name: one} for one in _with_an_expression(part))
    if isinstance(value, list):
        for at, part in enumerate(value):
            for one in _with_an_expression(part):
                yield [*value[:at], one, *value[at + 1 :]]


def test_a_template_names_its_stacks_in_plain_words() -> None:
    for stacks in ('"${{ 1 }}"', '["${{ 1 }}"]'):
        found = problems_of(f'{{"stacks": {stacks}}}', Kind.TEMPLATE)
        assert found == ["stacks: cannot be expressions in a template"]


@pytest.mark.parametrize(
    "tagged",
    [
        "!!bool x",
        '!!int ""',
        "!!timestamp x",
        "!!binary aGk=",
        "!!set {a: null}",
        "!x y",
        "! z",
    ],
)
def test_only_the_tag_of_texts_is_taken(tagged: str) -> None:
    with pytest.raises(BodyProblemsError, match="line 1: no tags are taken but !!str"):
        read_yaml(f"a: {tagged}")
    assert read_yaml("a: !!str 5") == {"a": "5"}


def test_a_list_of_all_kinds_is_looked_at_once() -> None:
    """Compared each with each, these would take minutes."""
    labels = [label for number in range(5_000) for label in (number, f"l{number}")]
    body = {"stacks": [{"labels": labels}]}
    assert "stacks.0.labels.0: must be text: quote it" in schema_problems(
        body, TEMPLATE_SCHEMA
    )


def test_a_body_that_is_too_long_is_not_looked_at() -> None:
    assert problems_of("${{}}" * 20_000) == ["at most 65536 characters"]


def test_a_time_that_no_calendar_has_is_a_problem() -> None:
    stack = {"schedules": {"delete": {"timestamp_unix": 10**18}}}
    assert (
        "stack.schedules.delete.timestamp_unix: must be 253402300799 or less"
        in schema_problems({"stack": stack}, BLUEPRINT_SCHEMA)
    )
