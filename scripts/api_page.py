# ruff: noqa: INP001 - a script's other half, not a package
"""The page of the API: what is served, what it needs, and what of it is our own.

What we have promised to clients is `tests/operations/contract.graphql`; everything
else that is served is an addition.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from stackyard.graphql.needs import field_needs

NOTE: Final = "<!-- Written by scripts/generate-docs from the code. Do not edit. -->"
_ROOTS: Final = {"Query": "Queries", "Mutation": "Mutations"}


def contract(root: Path) -> GraphQLSchema:
    text = (root / "tests" / "operations" / "contract.graphql").read_text("utf-8")
    return build_schema(text)


def api_page(served: GraphQLSchema, promised: GraphQLSchema) -> str:
    lines = [
        "# API",
        "",
        NOTE,
        "",
        "GraphQL: `POST /graphql` with JSON `{query, variables, operationName}`, and",
        "`Authorization: Bearer` with the `jwt` of `apiKeyUser`. The answer is JSON,",
        "also where something went wrong: that is in `errors`, each with a `message`",
        "and, where the platform foresaw it, `extensions.code`.",
        "",
        "What a field *needs* of whoever asks is an action in the space of the thing,",
        "or a rule; one of several is enough. [Who is answered what](access-matrix.md)",
        "has it for every kind of caller.",
        "",
    ]
    for kind, title in _ROOTS.items():
        fields = _object(served, kind).fields
        lines += [f"## {title}", "", "| name | arguments | answer | needs | notes |"]
        lines += ["|---|---|---|---|---|"]
        lines += [_field_row(name, fields[name]) for name in sorted(fields)]
        lines.append("")
    lines += [
        "## Additions to the contract",
        "",
        "These are our own: clients written for the contract do not know them.",
        "",
        "| addition | type | meaning |",
        "|---|---|---|",
        *(
            f"| `{name}` | {kind} | {said} |"
            for name, kind, said in additions(served, promised)
        ),
    ]
    lines += ["", "## Types", "", "```text"]
    lines += list(_types(served))
    lines += ["```", ""]
    return "\n".join(lines)


def additions(
    served: GraphQLSchema, promised: GraphQLSchema
) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and meaning of all that is served beyond the contract."""
    for name, kind in sorted(served.type_map.items()):
        if name.startswith("__"):
            continue
        known = promised.type_map.get(name)
        if known is None:
            yield name, _kind(kind), _one_line(kind.description)
            continue
        yield from _members_beyond(name, kind, known)


def _members_beyond(
    name: str, kind: GraphQLNamedType, known: GraphQLNamedType
) -> Iterator[tuple[str, str, str]]:
    fields, before = _fields(kind), _fields(known)
    for member, field in sorted(fields.items()):
        if member not in before:
            said = _one_line(field.description)
            yield f"{name}.{member}", f"`{field.type}`", said
            continue
        arguments = getattr(before[member], "args", {})
        for one, argument in sorted(getattr(field, "args", {}).items()):
            if one not in arguments:
                said = _one_line(argument.description)
                yield f"{name}.{member}({one}:)", f"`{argument.type}`", said
    values, had = getattr(kind, "values", {}), getattr(known, "values", {})
    for value in sorted(values.keys() - had.keys()):
        yield f"{name}.{value}", "value", _one_line(values[value].description)


def _fields(kind: GraphQLNamedType) -> dict[str, Any]:
    found: dict[str, Any] = getattr(kind, "fields", {})
    return found


def _kind(kind: GraphQLNamedType) -> str:
    name = type(kind).__name__.removeprefix("GraphQL").removesuffix("Type").lower()
    return {"inputobject": "input"}.get(name, name)


def _object(schema: GraphQLSchema, name: str) -> GraphQLObjectType:
    found = schema.type_map.get(name)
    if not isinstance(found, GraphQLObjectType):
        message = f"there is no type {name}"
        raise TypeError(message)
    return found


def _field_row(name: str, field: GraphQLField) -> str:
    needs = ", ".join(sorted(field_needs(field)))
    said = _one_line(field.description)
    given = _arguments(field.args)
    return f"| `{name}` | {given} | `{field.type}` | {needs} | {said} |"


def _arguments(arguments: dict[str, GraphQLArgument]) -> str:
    return ", ".join(f"`{name}: {one.type}`" for name, one in arguments.items())


def _types(schema: GraphQLSchema) -> Iterator[str]:
    for name, kind in sorted(schema.type_map.items()):
        if name.startswith("__") or name in _ROOTS:
            continue
        members = list(_members(kind))
        if members:
            yield f"{name}"
            yield from (f"  {member}" for member in members)


def _members(kind: GraphQLNamedType) -> Iterator[str]:
    values = getattr(kind, "values", None)
    if values is not None:
        yield " | ".join(values)
        return
    for name, field in _fields(kind).items():
        arguments = ", ".join(
            f"{one}: {given.type}" for one, given in getattr(field, "args", {}).items()
        )
        yield f"{name}{f'({arguments})' if arguments else ''}: {field.type}"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
