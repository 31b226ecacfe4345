import pytest
from graphql import parse, print_ast
from hypothesis import given
from hypothesis import strategies as st

from stackyard.graphql.leniency import without_empty_arguments

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
