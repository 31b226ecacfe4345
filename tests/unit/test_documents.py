import pytest
from graphql import GraphQLError, get_introspection_query

from stackyard.graphql.documents import KEPT, Documents
from stackyard.graphql.limits import Limits

SMALL = Limits(characters=400, tokens=60, depth=3, fields=8, aliases=2, roots=4)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("{ a { b { c { d } } } }", "The query is 4 levels deep; 3 are allowed."),
        ("{ a b c d e }", "The query has 5 fields at the top; 4 are allowed."),
        ("{ x: a y: a z: a }", "The query has 3 aliases; 2 are allowed."),
        (
            "{ a {b c d} e {b c d} f }",
            "The query asks for 9 fields; 8 are allowed.",
        ),
        ("{ a" + " " * 400 + "}", "The query is longer than 400 characters."),
        (
            "{ ...A } fragment A on Q { a { ...B } } fragment B on Q { b { c { d } } }",
            "The query is 4 levels deep; 3 are allowed.",
        ),
        (
            "{ ...on Q { a { b c d } } ...on Q { e { b c d } f } }",
            "The query asks for 9 fields; 8 are allowed.",
        ),
    ],
)
def test_too_much_is_refused_with_the_number(query: str, complaint: str) -> None:
    with pytest.raises(GraphQLError) as caught:
        Documents(SMALL).read(query)

    assert caught.value.message == complaint


def test_too_many_tokens_are_refused() -> None:
    with pytest.raises(GraphQLError, match="60 tokens"):
        Documents(SMALL).read("{" + "a " * 61 + "}")


@pytest.mark.timeout(20)
def test_fragments_that_would_spread_into_millions_are_refused_at_once() -> None:
    bomb = "{ ...F0 }" + "".join(
        f" fragment F{n} on Q {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60)
    )

    with pytest.raises(GraphQLError, match="fields"):
        Documents().read(f"{bomb} fragment F60 on Q {{ a }}")


def test_a_circle_of_fragments_is_left_to_validation() -> None:
    Documents().read("{ ...A } fragment A on Q { a ...B } fragment B on Q { ...A }")


@pytest.mark.parametrize("opening", ["{a", "[", "{a(x:[", "{a(x:{y:"])
def test_a_tower_of_brackets_is_refused(opening: str) -> None:
    with pytest.raises(GraphQLError):
        Documents(Limits(tokens=1_000_000)).read("{a(x:" + opening * 30_000)


def test_the_full_introspection_is_within_the_limits() -> None:
    Documents().read(get_introspection_query(input_value_deprecation=True))


def test_the_same_text_is_parsed_once_and_only_so_many_are_kept() -> None:
    documents = Documents()
    first = documents.read("{ a }")

    assert documents.read("{ a }") is first
    for number in range(KEPT + 10):
        documents.read(f"{{ a{number} }}")
    assert len(documents.kept) == KEPT


def test_the_operation_must_be_clear() -> None:
    document = Documents().read("query A { a } query B { b }")

    assert document.operation(None) is None
    assert document.operation("C") is None
    chosen = document.operation("B")
    assert chosen is not None
    assert document.root_fields(chosen) == {"b"}
