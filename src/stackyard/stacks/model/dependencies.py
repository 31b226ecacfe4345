"""Which stack depends on which, and what it is given by the other. Pure.

Dependencies have a direction and no cycle: a stack stands below those that it depends
on. A reference hands an output of the stack above to runs of the one below.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Final, TypeAlias

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.config import ConfigInput, ConfigType, config_problems
from stackyard.kernel.ids import DependencyId, ReferenceId, StackId
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import CONTROLS, storable
from stackyard.stacks.errors import ReferenceProblemsError

LONGEST_OUTPUT: Final = 255

# The stack below, and the one that it depends on.
Edge: TypeAlias = tuple[StackId, StackId]


class StackDependency(Entity):
    __tablename__ = "stack_dependencies"
    __table_args__ = (
        Index(
            "uq_stack_dependencies_stack_id_depends_on_id",
            "stack_id",
            "depends_on_id",
            unique=True,
        ),
        Index("ix_stack_dependencies_depends_on_id", "depends_on_id"),
        CheckConstraint(
            "stack_id <> depends_on_id", name="ck_stack_dependencies_not_itself"
        ),
    )

    id: Mapped[DependencyId] = mapped_column(primary_key=True)
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    depends_on_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class ReferenceSpec:
    """Which output becomes which variable.

    *trigger_always*: a run above triggers one below even if the output is as it was.
    """

    output_name: str
    input_name: str
    trigger_always: bool = False


class DependencyReference(Entity):
    __tablename__ = "stack_dependency_references"
    __table_args__ = (
        Index(
            "uq_stack_dependency_references_dependency_id_input_name",
            "dependency_id",
            "input_name",
            unique=True,
        ),
    )

    id: Mapped[ReferenceId] = mapped_column(primary_key=True)
    dependency_id: Mapped[DependencyId] = mapped_column(
        ForeignKey("stack_dependencies.id", ondelete="CASCADE")
    )
    output_name: Mapped[str]
    input_name: Mapped[str]
    trigger_always: Mapped[bool]
    created_at: Mapped[datetime]

    def set(self, wanted: ReferenceSpec, *, at: datetime) -> None:
        """Be what is wanted, or raise `ReferenceProblemsError`.

        One that hands on something else, or as something else, is a new one: what it
        was before says nothing of whether the stack below has that.
        """
        problems = list(_problems(wanted))
        if problems:
            raise ReferenceProblemsError(*problems)
        before = (self.output_name, self.input_name)
        if before != (wanted.output_name, wanted.input_name):
            self.created_at = at
        self.output_name = wanted.output_name
        self.input_name = wanted.input_name
        self.trigger_always = wanted.trigger_always


def cycle_of(new: Edge, edges: Iterable[Edge]) -> list[StackId] | None:
    """Return the way from a stack back to itself that *new* would close, if there is
    one: the stack, what it depends on, and so on.
    """
    below, above = new
    depends_on: dict[StackId, list[StackId]] = {}
    for stack, other in edges:
        depends_on.setdefault(stack, []).append(other)
    ways, seen = [[below, above]], {above}
    while ways:
        way = ways.pop(0)  # the shortest first: it is the one to be told of
        if way[-1] == below:
            return way
        for following in depends_on.get(way[-1], []):
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None


def in_order(ids: Iterable[StackId], edges: Iterable[Edge]) -> Iterator[StackId]:
    """Yield these and all in *edges*, each after what it depends on."""
    order: TopologicalSorter[StackId] = TopologicalSorter(dict.fromkeys(ids, ()))
    for stack, other in edges:
        order.add(stack, other)
    return iter(order.static_order())


def _problems(wanted: ReferenceSpec) -> Iterator[str]:
    output = wanted.output_name
    if not output.strip() or not storable(output) or CONTROLS.search(output):
        yield "outputName: must be the name of an output"
    elif len(output) > LONGEST_OUTPUT:
        yield f"outputName: at most {LONGEST_OUTPUT} characters"
    variable = ConfigInput(wanted.input_name, ConfigType.ENVIRONMENT_VARIABLE, "")
    for problem in config_problems(variable):
        yield f"inputName: {problem}"
