"""What is made of what somebody filled in."""

from typing import Any

import pytest

from stackyard.blueprints.errors import InputProblemsError
from stackyard.blueprints.model.inputs import (
    DeclaredInput,
    given_inputs,
    typed_inputs,
)


def an_input(kind: str = "short_text", **given: Any) -> DeclaredInput:
    return DeclaredInput.of({"id": "a", "name": "A", "type": kind} | given)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("short_text", "x", "x"),
        ("long_text", "", ""),
        ("secret", "x", "x"),
        ("number", "-7", -7),
        ("float", "1e3", 1000.0),
        ("boolean", "true", True),
        ("boolean", "", False),
        ("select", "b", "b"),
    ],
)
def test_a_value_is_of_the_type_of_its_input(kind: str, given: str, value: Any) -> None:
    one = an_input(kind, options=["a", "b"])
    assert typed_inputs([one], {"a": given}) == ({"a": value}, [])


@pytest.mark.parametrize(
    ("one", "given", "problem"),
    [
        (an_input("number"), "1.5", "must be a whole number"),
        (an_input("number"), "", "is needed"),
        (an_input("float"), "x", "must be a number"),
        (an_input("float"), "1e999", "must be a number"),
        (an_input("boolean"), "yes", "must be true or false"),
        (an_input("select", options=["a"]), "b", "must be one of a"),
        (an_input(validations={"required": True}), "", "is needed"),
        (an_input(validations={"min_length": 2}), "x", "has at least 2 characters"),
        (an_input(validations={"max_length": 1}), "xy", "has at most 1 characters"),
        (an_input(validations={"length_equal": 1}), "xy", "has exactly 1 characters"),
        (an_input(), "\0", "must be text without NUL characters"),
        (an_input("number", validations={"greater_than": 1}), "1", "greater than 1"),
        (an_input("number", validations={"less_than": 1}), "1", "less than 1"),
        (an_input("number", validations={"not_equal": 1}), "1", "not equal 1"),
        (an_input("number", validations={"step": 2}), "3", "step 2"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(
    one: DeclaredInput, given: str, problem: str
) -> None:
    _, [found] = typed_inputs([one], {"a": given})
    assert found.startswith("input a: ")
    assert found.endswith(problem)


def test_what_is_not_given_is_the_default_or_nothing() -> None:
    declared = [
        DeclaredInput.of({"id": "a", "name": "A", "default": 3}),
        DeclaredInput.of({"id": "b", "name": "B", "default": True, "type": "boolean"}),
        DeclaredInput.of({"id": "c", "name": "C"}),
    ]
    assert typed_inputs(declared, {}) == ({"a": "3", "b": True, "c": ""}, [])


def test_what_nobody_asked_for_is_not_taken() -> None:
    assert typed_inputs([], {"a": "x"}) == ({}, ["there is no input a"])
    with pytest.raises(InputProblemsError, match="input a is given twice"):
        given_inputs([("a", "1"), ("a", "2")])
