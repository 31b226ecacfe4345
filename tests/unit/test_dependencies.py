"""Which dependencies would close a circle, and what a reference may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import StackId
from stackyard.stacks import DependencyReference, ReferenceProblemsError, ReferenceSpec
from stackyard.stacks.model.dependencies import Edge, cycle_of

A, B, C, D = (StackId(name) for name in "abcd")


def test_a_stack_that_depends_on_itself_is_a_circle() -> None:
    assert cycle_of((A, A), []) == [A, A]


def test_the_shortest_way_back_is_named() -> None:
    edges = [(B, C), (C, D), (D, A), (C, A)]
    assert cycle_of((A, B), edges) == [A, B, C, A]


def test_two_ways_to_the_same_stack_are_no_circle() -> None:
    edges = [(A, B), (A, C), (B, D), (C, D)]
    assert cycle_of((B, C), edges) is None


numbers = st.integers(0, 6).map(lambda number: StackId(str(number)))


@given(st.lists(st.tuples(numbers, numbers)))
def test_what_is_accepted_one_by_one_can_be_put_in_order(wanted: list[Edge]) -> None:
    edges: list[Edge] = []
    for edge in wanted:
        if cycle_of(edge, edges) is None:
            edges.append(edge)
    left = {stack for edge in edges for stack in edge}
    while left:
        free = {
            one for one in left if not any(b == one and a in left for b, a in edges)
        }
        assert free
        left -= free


@pytest.mark.parametrize(
    ("output", "variable", "field"),
    [
        ("", "X", "outputName"),
        ("a\0", "X", "outputName"),
        ("x" * 256, "X", "outputName"),
        ("ip", "", "inputName"),
        ("ip", "no variable", "inputName"),
    ],
)
def test_a_reference_names_an_output_and_a_variable(
    output: str, variable: str, field: str
) -> None:
    with pytest.raises(ReferenceProblemsError) as refused:
        DependencyReference().set(ReferenceSpec(output, variable), at=system_clock())
    assert str(refused.value).startswith(field)
