from typing import Any, cast

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, print_ast
from hypothesis import given
from hypothesis import strategies as st

from stackyard.graphql.leniency import with_empty_lists, without_empty_arguments

SOLID = st.sampled_from(
    [
        "stacks",
        "space(id: $id)",
        'note(text: "()")',
        'note(text: "a \\" () ")',
        'note(text: """ () " () \\""" () """)',
        '# a comment () " \n',
        "inner { id }",
        ",",
        "\n",
    ]
)
EMPTY = st.sampled_from(["()", "( )", "(\n)", "(, ,)", "( # why ) (\n )"])
FIELDS = st.lists(st.tuples(SOLID, st.booleans(), EMPTY), min_size=1)


@given(FIELDS)
def test_only_empty_lists_of_arguments_vanish(
    fields: list[tuple[str, bool, str]],
) -> None:
    lenient = strict = "{ id "
    for solid, takes_empty, empty in fields:
        plain = solid.isalpha() and takes_empty
        lenient += solid + (empty if plain else "") + " "
        strict += solid + " "

    read = parse(without_empty_arguments(lenient + "}"))

    assert print_ast(read) == print_ast(parse(strict + "}"))


@given(st.text(alphabet='()"#\\\n a', max_size=60))
def test_no_text_changes_its_length_or_lines(text: str) -> None:
    stripped = without_empty_arguments(text)

    assert len(stripped) == len(text)
    assert stripped.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "document",
    [
        "query GetStacks () { stacks { id } }",
        "query { awsIntegrations(){id} contexts( ) {id} }",
    ],
)
def test_what_known_clients_send_is_read(document: str) -> None:
    parse(without_empty_arguments(document))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["(", "(#", "( ", '"', '"""', "(#\n", '("""'])
def test_no_text_takes_more_than_one_pass(piece: str) -> None:
    without_empty_arguments(piece * 200_000)


ROOM = build_schema("""
  type Query { room(names: [String!]!, rows: [Row], box: Box): String }
  input Box { tags: [String!]!, notes: [String!], rows: [Row!], name: String! }
  input Row { cells: [Int!]! }
""")


def filled(declared: str, **variables: Any) -> dict[str, Any]:
    document = parse(f"query ({declared}) {{ room }}")
    operation = cast("OperationDefinitionNode", document.definitions[0])
    return with_empty_lists(ROOM, operation, variables)


def test_null_is_an_empty_list_wherever_there_must_be_one() -> None:
    row = {"cells": None}
    assert filled("$names: [String!]!", names=None) == {"names": []}
    assert filled("$rows: [Row]", rows=[row, None]) == {"rows": [{"cells": []}, None]}
    assert filled("$box: Box", box={"tags": None, "rows": [row]}) == {
        "box": {"tags": [], "rows": [{"cells": []}]}
    }


def test_any_other_null_stays_for_the_schema_to_judge() -> None:
    said = {"notes": None, "rows": None, "name": None, "more": None}
    assert filled("$box: Box!", box=said) == {"box": said}
    assert filled("$box: Box!", box=None) == {"box": None}
    assert filled("$rows: [Row]", rows=None, more=1) == {"rows": None, "more": 1}
    assert filled("$names: [String!]!") == {}, "nothing is not null"
    assert filled("$names: [Unknown!]!", names=None) == {"names": None}
