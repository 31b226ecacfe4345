"""What is served is what clients were promised: `tests/operations/contract.graphql`."""

from pathlib import Path
from typing import Final

import pytest
from graphql import GraphQLEnumType, GraphQLSchema, parse, validate
from graphql import build_schema as read_schema
from graphql.utilities import find_breaking_changes

from stackyard.graphql.leniency import without_empty_arguments
from stackyard.graphql.schema import build_schema
from stackyard.stacks import StackState

OPERATIONS: Final = Path(__file__).parents[1] / "operations"
DOCUMENTS: Final = sorted(OPERATIONS.glob("*/*.graphql"))


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    return build_schema()


def test_nothing_of_the_contract_is_missing_or_incompatible(
    served: GraphQLSchema,
) -> None:
    contract = read_schema((OPERATIONS / "contract.graphql").read_text())

    changes = find_breaking_changes(contract, served)

    assert [change.description for change in changes] == []


def test_no_enum_has_a_word_that_clients_do_not_know(served: GraphQLSchema) -> None:
    """One of them refuses a stack whose state is not among its sixteen."""
    contract = read_schema((OPERATIONS / "contract.graphql").read_text())
    known = {
        name: kind.values.keys()
        for name, kind in contract.type_map.items()
        if isinstance(kind, GraphQLEnumType) and not name.startswith("__")
    }

    said = {name: served.type_map[name] for name in known}

    assert len(known["StackState"]) == len(StackState) == 16
    assert {
        name: kind.values.keys()
        for name, kind in said.items()
        if isinstance(kind, GraphQLEnumType)
    } == known


@pytest.mark.parametrize(
    "path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_a_client_s_own_document_is_one_that_we_understand(
    served: GraphQLSchema, path: Path
) -> None:
    document = parse(without_empty_arguments(path.read_text()))

    assert [error.message for error in validate(served, document)] == []
