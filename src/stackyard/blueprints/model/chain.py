"""Which stacks of a body depend on which others of it, by their keys."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

from stackyard.blueprints.model.expressions import has_hole
from stackyard.stacks import ReferenceSpec

T = TypeVar("T", list[Any], dict[str, Any])


def keys_above(stack: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the stack depends on, each once, however it says so."""
    named = [*_known(stack.get("depends_on"), list)]
    named += [one["from_stack"] for one in _references(stack)]
    return tuple(dict.fromkeys(named))


def references_of(stack: Mapping[str, Any]) -> Iterator[tuple[str, ReferenceSpec]]:
    """Yield what the stack is given, and by which other."""
    for one in _references(stack):
        yield (
            one["from_stack"],
            ReferenceSpec(
                output_name=one["output"],
                input_name=one["name"],
                trigger_always=one.get("trigger_always", False),
            ),
        )


def chain_problems(stacks: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """Say what is wrong, of what is known by now; *stacks* come with their places."""
    if any(has_hole(one.get("key")) for _, one in stacks):
        return
    keys = {one["key"] for _, one in stacks if "key" in one}
    graph: TopologicalSorter[str] = TopologicalSorter()
    for place, one in stacks:
        for above in keys_above(one):
            if has_hole(above):
                continue
            if above not in keys:
                yield f"{place}: depends on {above}, which is no key of a stack here"
            graph.add(one.get("key", place), above)
    try:
        graph.prepare()
    except CycleError as error:
        yield f"stacks: depend on one another: {' on '.join(error.args[1][::-1])}"


def _references(stack: Mapping[str, Any]) -> list[dict[str, Any]]:
    environment = _known(stack.get("environment"), dict)
    said = _known(environment.get("stack_dependency_references"), list)
    return [one for one in said if isinstance(one, dict)]


def _known(value: Any, kind: type[T]) -> T:
    """Return it, or nothing at all if it is missing or still an expression."""
    return value if isinstance(value, kind) else kind()
