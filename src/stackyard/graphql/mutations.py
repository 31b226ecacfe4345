"""What a mutation is called and was given, for whoever writes it down.

Wrapped around the resolvers once, when the schema is built; queries pay nothing.
"""

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any, Final

from graphql import GraphQLSchema

from stackyard.graphql.context import Info
from stackyard.kernel.origin import mutating

_ONLY: Final = "input"


def name_mutations(schema: GraphQLSchema) -> None:
    """Let `kernel.origin` know of each mutation while it is carried out."""
    if schema.mutation_type is None:
        return
    for name, field in schema.mutation_type.fields.items():
        if field.resolve is not None:
            field.resolve = _named(name, field.resolve, flat=set(field.args) == {_ONLY})


def _named(
    name: str, resolve: Callable[..., Any], *, flat: bool
) -> Callable[..., Awaitable[Any]]:
    """*flat*: where there is nothing but an `input`, its fields are the arguments."""

    async def resolve_named(root: Any, info: Info, **arguments: Any) -> Any:
        said: Mapping[str, Any] = arguments[_ONLY] if flat else arguments
        with mutating(name, said):
            result = resolve(root, info, **arguments)
            return await result if isawaitable(result) else result

    return resolve_named
