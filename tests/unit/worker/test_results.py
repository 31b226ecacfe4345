"""What a plan and a state say."""

import json
from typing import Any

import pytest

from stackyard_protocol.job import Sanitize
from stackyard_protocol.report import Change, Output, Resource
from stackyard_worker.results import State, read_plan, read_state
from stackyard_worker.sanitizing import digest


def change(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    importing = more.pop("importing", None)
    inner = {"actions": actions} | ({"importing": importing} if importing else {})
    return {"address": address, "type": "t", "change": inner, "mode": "managed"} | more


def test_a_plan_is_counted_and_a_replacement_is_both() -> None:
    plan = read_plan(
        json.dumps(
            {
                "resource_changes": [
                    change("t.a", "create"),
                    change("t.b", "update"),
                    change("t.c", "delete"),
                    change("t.d", "delete", "create"),
                    change("t.e", "create", "delete"),
                    change("t.f", "no-op"),
                    change("t.g", "no-op", previous_address="t.old"),
                    change("t.h", "no-op", importing={"id": "x"}),
                    change("t.i", "forget"),
                    change("t.j", "delete", deposed="1234"),
                    change("data.t.k", "read", mode="data"),
                ],
                "output_changes": {"x": {"actions": ["no-op"]}},
            }
        ).encode()
    )
    assert (plan.add, plan.change, plan.delete) == (3, 1, 4)
    assert plan.resources == 9
    assert not plan.outputs_changed
    assert [one.address for one in plan.changes] == [
        "t.a", "t.b", "t.c", "t.d", "t.e", "t.g", "t.h", "t.i", "t.j"
    ]  # fmt: skip
    assert plan.changes[5] == Change("t.g", "t", ["no-op"], "t.old")


def test_a_plan_may_change_nothing_but_outputs() -> None:
    plan = read_plan(b'{"output_changes": {"x": {"actions": ["update"]}}}')
    assert plan.outputs_changed
    assert plan.changes == []
    assert not read_plan(b"{}").outputs_changed


def test_a_state_tells_outputs_and_the_resources_of_all_modules() -> None:
    resource = {"type": "t", "name": "n", "provider_name": "p", "mode": "managed"}
    deep = {"address": "module.a.module.b", "resources": [resource | {"address": "y"}]}
    state = {
        "values": {
            "outputs": {
                "open": {"sensitive": False, "value": {"a": [1, None]}},
                "closed": {"sensitive": True, "value": "s"},
            },
            "root_module": {
                "resources": [resource | {"address": "x", "mode": "data"}],
                "child_modules": [{"address": "module.a", "child_modules": [deep]}],
            },
        }
    }
    text = json.dumps(state, separators=(",", ":")).encode()
    found = read_state(text, sensitive=False)
    assert found.outputs == [
        Output("open", False, '{"a":[1,null]}', digest('{"a":[1,null]}')),
        Output("closed", True, None, digest('"s"')),
    ]
    assert found.resources == [
        Resource("x", "t", "n", "p", None, "data"),
        Resource("y", "t", "n", "p", "module.a.module.b"),
    ]
    assert read_state(text, sensitive=True).outputs[1].value == '"s"'
    assert read_state(b'{"format_version": "1.0"}', sensitive=False) == State([], [])


def a_state(**given: Any) -> bytes:
    resource = {"type": "t", "name": "n", "address": "x"} | given
    return json.dumps({"values": {"root_module": {"resources": [resource]}}}).encode()


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (
            Sanitize.TEXTS,
            {
                "engine": "eae35047",
                "size": 10,
                "deep": [{"on": True, "off": None, "db": "59832d41"}],
                "pin": digest("1234"),
                "key": [digest("s3cret")],
            },
        ),
        (
            Sanitize.SENSITIVE,
            {
                "engine": "mysql",
                "size": 10,
                "deep": [{"on": True, "off": None, "db": "exampledb"}],
                "pin": digest("1234"),
                "key": [digest("s3cret")],
            },
        ),
        (
            Sanitize.NOTHING,
            {
                "engine": "mysql",
                "size": 10,
                "deep": [{"on": True, "off": None, "db": "exampledb"}],
                "pin": 1234,
                "key": ["s3cret"],
            },
        ),
    ],
)
def test_what_is_not_to_be_seen_of_a_resource_is_a_digest(
    how: Sanitize, expected: dict[str, Any]
) -> None:
    text = a_state(
        tainted=True,
        values={
            "engine": "mysql",
            "size": 10,
            "deep": [{"on": True, "off": None, "db": "exampledb"}],
            "pin": 1234,
            "key": ["s3cret"],
        },
        sensitive_values={"deep": [{}], "pin": True, "key": [True]},
    )
    [resource] = read_state(text, sensitive=False, sanitize=how).resources
    assert json.loads(resource.attributes) == expected
    assert resource.tainted


def test_a_tool_that_marks_nothing_is_taken_to_mark_everything() -> None:
    text = a_state(values={"engine": "mysql"})
    [resource] = read_state(
        text, sensitive=False, sanitize=Sanitize.SENSITIVE
    ).resources
    assert json.loads(resource.attributes) == {"engine": "eae35047"}


def test_attributes_that_are_too_large_are_left_out_and_counted() -> None:
    text = a_state(values={"content": "x" * 300_000})
    found = read_state(text, sensitive=False)
    assert found.too_large == 1
    assert found.resources[0].attributes == "{}"


def test_attributes_that_are_nested_too_deeply_are_left_out_and_counted() -> None:
    """Else a run that had applied all would be told to have failed."""
    deep = f"{'[' * 700}{']' * 700}"
    text = a_state(values={"content": "deep"}).replace(b'"deep"', deep.encode())
    found = read_state(text, sensitive=False)
    assert (found.too_large, found.resources[0].attributes) == (1, "{}")
