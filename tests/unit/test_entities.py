"""What a stack manages as one list, and by which runs it came about."""

from stackyard.kernel.ids import RunId, StackId
from stackyard.state import Module, StackOutput, StackResource, entities

FIRST, SECOND = RunId("01FIRST"), RunId("02SECOND")


def a_resource(address: str = "a.b", **given: object) -> StackResource:
    usual: dict[str, object] = {
        "stack_id": StackId("net"),
        "address": address,
        "type": "a",
        "name": "b",
        "provider": "p",
        "module": None,
        "mode": "managed",
        "tainted": False,
        "attributes": "{}",
    }
    return StackResource(**usual | given)


def test_modules_come_before_what_is_in_them_and_each_once() -> None:
    deep = 'module.x["a.]"].module.y'
    found = entities(
        [
            a_resource(),
            a_resource(f"{deep}.a.b", module=deep),
            a_resource(f"{deep}.a.c", module=deep),
        ],
        [StackOutput(id="url", sensitive=False, value='"x"', digest="d")],
    )

    assert [(one.id, one.type, one.parent) for one in found] == [
        ('module.x["a.]"]', "module", None),
        (deep, "module", 'module.x["a.]"]'),
        ("a.b", "a", None),
        (f"{deep}.a.b", "a", deep),
        (f"{deep}.a.c", "a", deep),
        ("output.url", "output", None),
    ]
    assert [one.name for one in found[:2]] == ['x["a.]"]', "y"]
    assert isinstance(found[0].thing, Module)


def test_a_thing_keeps_who_made_it_and_says_who_changed_it_last() -> None:
    made = a_resource()
    made.trace(None, FIRST)
    assert (made.creator_id, made.updater_id) == (FIRST, FIRST)

    same = a_resource()
    same.trace(made, SECOND)
    assert (same.creator_id, same.updater_id) == (FIRST, FIRST)

    changed = a_resource(attributes='{"a":1}')
    changed.trace(made, SECOND)
    assert (changed.creator_id, changed.updater_id) == (FIRST, SECOND)
