"""Dependencies of stacks in the graph. Where an id may be left out, "" is left out."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType

from stackyard.graphql.context import Info
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import DependencyId, ReferenceId, StackId
from stackyard.stacks import (
    DependencyReference,
    ReferenceSpec,
    Stack,
    StackDependency,
)

mutation = MutationType()
stack = ObjectType("Stack")
dependency = ObjectType("StackDependency")
reference = ObjectType("StackDependencyReference")
bindables = [mutation, stack, dependency, reference]


class ExternalDependencyUnknownError(NotFoundError):
    """No run waits for an external dependency of this name."""


# There is no other way to hand on an output.
reference.set_field("type", lambda *_: "ENVIRONMENT_VARIABLE")


@mutation.field("stackDependencyCreate")
async def resolve_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> StackDependency:
    async with info.context.open_unit() as unit:
        return await unit.stack_dependencies.create(
            StackId(input["stack_id"]),
            StackId(input["depends_on_stack_id"]),
            by=info.context.subject,
        )


@mutation.field("stackDependencyDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> StackDependency | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.stack_dependencies.delete(
            DependencyId(id), by=info.context.subject
        )


@mutation.field("stackDependenciesAddReference")
async def resolve_add_reference(
    _root: None,
    info: Info,
    *,
    stack_dependency_id: str,
    reference: dict[str, Any],
) -> DependencyReference:
    async with info.context.open_unit() as unit:
        return await unit.stack_dependencies.add_reference(
            DependencyId(stack_dependency_id),
            _wanted(reference),
            by=info.context.subject,
        )


@mutation.field("stackDependenciesUpdateReference")
async def resolve_update_reference(
    _root: None,
    info: Info,
    *,
    reference: dict[str, Any],
) -> DependencyReference:
    async with info.context.open_unit() as unit:
        return await unit.stack_dependencies.update_reference(
            ReferenceId(reference["id"]), _wanted(reference), by=info.context.subject
        )


@mutation.field("stackDependenciesDeleteReference")
async def resolve_delete_reference(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> DependencyReference | None:
    async with info.context.open_unit() as unit:
        return await unit.stack_dependencies.delete_reference(
            ReferenceId(id), by=info.context.subject
        )


@mutation.field("runExternalDependencyMarkAsCompleted")
async def resolve_mark_completed(
    _root: None,
    _info: Info,
    *,
    dependency: str,
    status: str,
) -> dict[str, bool]:
    """Say that nothing waits for it: only push policies make runs wait for something
    outside, and nobody evaluates them yet.
    """
    raise ExternalDependencyUnknownError(dependency=dependency, status=status)


@stack.field("dependsOn")
async def resolve_depends_on(root: Stack, info: Info) -> Sequence[StackDependency]:
    return await info.context.loaders.dependencies.load(root.id)


@stack.field("isDependedOnBy")
async def resolve_dependents(root: Stack, info: Info) -> Sequence[StackDependency]:
    return await info.context.loaders.dependents.load(root.id)


@stack.field("dependency")
async def resolve_dependency(
    root: Stack,
    info: Info,
    *,
    id: str | None = None,  # noqa: A002 - the contract's name
    depends_on_stack_id: str | None = None,
) -> StackDependency | None:
    if not (id or depends_on_stack_id):
        return None
    for one in await info.context.loaders.dependencies.load(root.id):
        if id in {None, "", one.id} and depends_on_stack_id in {
            None,
            "",
            one.depends_on_id,
        }:
            return one
    return None


@dependency.field("stack")
async def resolve_stack(root: StackDependency, info: Info) -> Stack | None:
    return await info.context.loaders.stacks.load(root.stack_id)


@dependency.field("dependsOnStack")
async def resolve_depends_on_stack(root: StackDependency, info: Info) -> Stack | None:
    return await info.context.loaders.stacks.load(root.depends_on_id)


@dependency.field("reference")
async def resolve_reference(
    root: StackDependency,
    info: Info,
    *,
    id: str | None = None,  # noqa: A002 - the contract's name
    input_name: str | None = None,
) -> DependencyReference | None:
    if not (id or input_name):
        return None
    for one in await info.context.loaders.references.load(root):
        if id in {None, "", one.id} and input_name in {None, "", one.input_name}:
            return one
    return None


def _wanted(given: dict[str, Any]) -> ReferenceSpec:
    return ReferenceSpec(
        output_name=given["output_name"],
        input_name=given["input_name"],
        trigger_always=given["trigger_always"],
    )
