"""What the schema says that fields need of whoever asks: `@needs` in the SDL.

Read once at the start. A root field, or one that has a resolver of its own, that says
nothing ends it. What was read is kept in each field's `extensions`, and the directive
is taken out: clients see the schema they know.
"""

from collections.abc import Iterator
from typing import Final

from ariadne.resolvers import is_default_resolver
from graphql import (
    GraphQLDirective,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    get_directive_values,
)
from graphql.type import is_introspection_type

from stackyard.kernel.actions import Action
from stackyard.kernel.needs import Need, Rule, UndeclaredError

DIRECTIVE: Final = "needs"
_RULES: Final = "AccessRule"
_KEPT: Final = "stackyard.needs"
_ROOTS: Final = frozenset({"Query", "Mutation"})


def read_needs(schema: GraphQLSchema) -> GraphQLSchema:
    """Return the schema without `@needs`, with every field knowing what it needs."""
    directive = schema.get_directive(DIRECTIVE)
    if directive is None:
        raise UndeclaredError([f"directive @{DIRECTIVE}"])
    silent = []
    for owner, name, field in fields_of(schema):
        said = _said(directive, field)
        field.extensions[_KEPT] = said
        if owner in _ROOTS and Rule.PARENT in said:
            said = frozenset()  # it has no parent
        if not said and (owner in _ROOTS or not is_default_resolver(field.resolve)):
            silent.append(f"{owner}.{name}")
    if silent:
        raise UndeclaredError(silent)
    return _without(schema, directive)


def fields_of(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField]]:
    """Yield every field of our own objects: its type's name, its name, itself."""
    for owner, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not is_introspection_type(kind):
            for name, field in kind.fields.items():
                yield owner, name, field


def field_needs(field: GraphQLField) -> frozenset[Need]:
    """Return what was said of the field; nothing is as its parent."""
    said: frozenset[Need] = field.extensions[_KEPT]
    return said


def is_open(schema: GraphQLSchema, operation: OperationType, name: str) -> bool:
    """Say whether a root field may be asked without saying who one is."""
    root = schema.get_root_type(operation)
    if root is None:
        return False
    if name == "__typename":
        return True
    return name in root.fields and Rule.ANYBODY in field_needs(root.fields[name])


def _said(directive: GraphQLDirective, field: GraphQLField) -> frozenset[Need]:
    if field.ast_node is None:
        return frozenset()
    values = get_directive_values(directive, field.ast_node) or {}
    actions = [Action(one) for one in values.get("action") or ()]
    rules = [Rule(one) for one in values.get("rule") or ()]
    return frozenset([*actions, *rules])


def _without(schema: GraphQLSchema, directive: GraphQLDirective) -> GraphQLSchema:
    parts = schema.to_kwargs()
    parts["types"] = tuple(
        kind for name, kind in schema.type_map.items() if name != _RULES
    )
    parts["directives"] = tuple(
        one for one in schema.directives if one is not directive
    )
    return GraphQLSchema(**parts)
