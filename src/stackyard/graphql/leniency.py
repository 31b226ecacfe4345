"""What existing clients send although the language does not have it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    is_input_type,
    type_from_ast,
)

# A string, a comment, or an empty list of arguments. The first two are there to be
# skipped. Possessive, so that no document takes more than one pass.
_PIECES: Final = re.compile(
    r'''
      """(?:\\"""|(?!""").)*+"""
    | "(?:\\.|[^"\\\n\r])*+"
    | \#[^\n\r]*+
    | (?P<empty>\((?:[\s,\ufeff]++|\#[^\n\r]*+)*+\))
    ''',
    re.VERBOSE | re.DOTALL,
)


def without_empty_arguments(document: str) -> str:
    """Blank out `()`, which the grammar forbids. Positions in the text stay true."""
    return _PIECES.sub(_blank, document) if "(" in document else document


def _blank(found: re.Match[str]) -> str:
    if found["empty"] is None:
        return found[0]
    return re.sub(r"[^\n\r]", " ", found[0])


def with_empty_lists(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """Read null as an empty list wherever there must be a list: Go's nil looks so."""
    read = dict(variables)
    for one in operation.variable_definitions or ():
        name, kind = one.variable.name.value, type_from_ast(schema, one.type)
        if name in read and is_input_type(kind):
            read[name] = _read(kind, read[name])
    return read


def _read(kind: GraphQLInputType, value: Any) -> Any:
    if isinstance(kind, GraphQLNonNull):
        within = kind.of_type
        missing = value is None and isinstance(within, GraphQLList)
        return [] if missing else _read(within, value)
    if isinstance(kind, GraphQLList) and isinstance(value, list):
        return [_read(kind.of_type, one) for one in value]
    if isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        return {
            name: _read(kind.fields[name].type, one) if name in kind.fields else one
            for name, one in value.items()
        }
    return value
