"""What a plan and a state say."""

import json
from typing import Any

from stackyard_protocol.report import Change, Output, Resource
from stackyard_worker.results import read_plan, read_state


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
    outputs, resources = read_state(text, sensitive=False)
    assert outputs == [
        Output("open", sensitive=False, value='{"a":[1,null]}'),
        Output("closed", sensitive=True, value=None),
    ]
    assert resources == [
        Resource("x", "t", "n", "p", None, "data"),
        Resource("y", "t", "n", "p", "module.a.module.b"),
    ]
    assert read_state(text, sensitive=True)[0][1].value == '"s"'
    assert read_state(b'{"format_version": "1.0"}', sensitive=False) == ([], [])
