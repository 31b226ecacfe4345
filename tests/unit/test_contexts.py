"""What wins of what contexts and stacks say, and in which order hooks run."""

from typing import Any

import pytest

from stackyard.contexts import Context, ContextProblemsError, ContextSpec
from stackyard.kernel.clock import system_clock
from stackyard.kernel.config import ConfigValue
from stackyard.kernel.ids import LEGACY, AttachmentId, StackId
from stackyard.stacks import (
    AttachedContext,
    ContextAttachment,
    effective,
    hooks_in_order,
    ranked,
)
from stackyard_protocol.job import Hooks

NET = StackId("net")


def a_context(name: str, **given: Any) -> Context:
    spec = ContextSpec(name=name, **given)
    return Context.create(spec, space_id=LEGACY, at=system_clock())


def attached(name: str, priority: int | None = None) -> AttachedContext:
    """Return one with a hook of its name; without *priority* it attached itself."""
    hooks = Hooks(before_plan=[name], after_plan=[name])
    context = a_context(name, hooks=hooks)
    if priority is None:
        return AttachedContext(context, NET, "Net")
    by_hand = ContextAttachment(id=AttachmentId(name), priority=priority)
    return AttachedContext(context, NET, "Net", by_hand)


def variable(name: str) -> ConfigValue:
    return ConfigValue(name, "x", secret=False, is_file=False)


def left(*layers: list[str]) -> list[tuple[int, str]]:
    """Return which layer's word is left for each name, the first the strongest."""
    named = [(n, [variable(one) for one in names]) for n, names in enumerate(layers)]
    return [(layer, one.id) for layer, one in effective(named)]


HAD = [
    attached("b auto"),
    attached("last", 2),
    attached("Zero", 0),
    attached("A auto"),
    attached("also", 0),
]


def test_a_lower_number_wins_and_what_attached_itself_comes_last_by_name() -> None:
    names = [one.context_name for one in ranked(HAD)]
    assert names == ["also", "Zero", "last", "A auto", "b auto"]


def test_hooks_lead_to_the_stack_s_own_and_after_a_phase_back_again() -> None:
    both = a_context("Two", hooks=Hooks(after_plan=["one", "two"]))
    found = hooks_in_order({}, [AttachedContext(both, NET, "Net")])
    assert found["after_plan"] == ["one", "two"]


def test_each_name_is_given_once_by_the_strongest_that_says_it() -> None:
    assert left(["A"], ["A", "B"], ["B", "C"]) == [(0, "A"), (1, "B"), (2, "C")]


def test_a_variable_hides_what_weaker_ones_keep_for_some_phases() -> None:
    assert left(["A"], ["wo_A", "ro_A", "ro_B"]) == [(0, "A"), (1, "ro_B")]


def test_a_variable_for_some_phases_leaves_the_others_as_they_are() -> None:
    assert left(["wo_A"], ["A", "wo_A"]) == [(0, "wo_A"), (1, "A")]
    assert left(["A", "wo_A"], []) == [(0, "A"), (0, "wo_A")]


def test_a_file_and_a_variable_of_one_name_do_not_hide_each_other() -> None:
    file = ConfigValue("A", "eA==", secret=False, is_file=True)
    assert len(effective([(0, [variable("A")]), (1, [file])])) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "***"},
        {"name": "x" * 257},
        {"name": "x\0"},
        {"name": "x", "labels": ("a", "a")},
        {"name": "x", "labels": (" ",)},
        {"name": "x", "hooks": Hooks(before_init=[""])},
    ],
)
def test_what_no_context_can_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ContextProblemsError):
        a_context(**wrong)
