"""What is served is what clients were promised: `tests/operations/contract.graphql`.

`not-served-yet.txt` beside it names the fields that are still to come, and shrinks to
nothing: what is served after all must be taken off it.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from graphql import (
    DefinitionNode,
    GraphQLSchema,
    ObjectTypeDefinitionNode,
    build_ast_schema,
    parse,
    validate,
)
from graphql.utilities import find_breaking_changes

from stackyard.graphql.leniency import without_empty_arguments
from stackyard.graphql.schema import build_schema

OPERATIONS: Final = Path(__file__).parents[1] / "operations"
LIST: Final = OPERATIONS / "not-served-yet.txt"
NOT_SERVED_YET: Final = frozenset(LIST.read_text().split())
PROMISED: Final = parse((OPERATIONS / "contract.graphql").read_text())
DOCUMENTS: Final = sorted(OPERATIONS.glob("*/*.graphql"))


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    return build_schema()


def fields(schema: GraphQLSchema) -> Iterator[str]:
    for name, kind in schema.type_map.items():
        for field in getattr(kind, "fields", ()):
            yield f"{name}.{field}"


def promised_by_now() -> GraphQLSchema:
    """Return the contract without what is to come, and what only that leads to."""
    kept = tuple(map(_without_what_is_to_come, PROMISED.definitions))
    whole = build_ast_schema(replace(PROMISED, definitions=kept))
    return GraphQLSchema(query=whole.query_type, mutation=whole.mutation_type)


def _without_what_is_to_come(node: DefinitionNode) -> DefinitionNode:
    if not isinstance(node, ObjectTypeDefinitionNode):
        return node
    owner = node.name.value
    kept = [
        one
        for one in node.fields or ()
        if f"{owner}.{one.name.value}" not in NOT_SERVED_YET
    ]
    return replace(node, fields=tuple(kept))


def test_nothing_is_missing_or_incompatible(served: GraphQLSchema) -> None:
    changes = find_breaking_changes(promised_by_now(), served)

    assert [change.description for change in changes] == []


def test_what_is_served_after_all_is_off_the_list(served: GraphQLSchema) -> None:
    done = NOT_SERVED_YET & set(fields(served))

    assert sorted(done) == [], f"take these off {LIST.name}"


def test_only_what_was_promised_is_on_the_list() -> None:
    known = set(fields(build_ast_schema(PROMISED)))

    assert sorted(NOT_SERVED_YET - known) == []


@pytest.mark.parametrize(
    "path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_a_client_s_own_document_is_one_that_we_understand(
    served: GraphQLSchema, path: Path
) -> None:
    document = parse(without_empty_arguments(path.read_text()))

    assert [error.message for error in validate(served, document)] == []
