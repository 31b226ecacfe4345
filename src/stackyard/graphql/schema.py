"""The contract as one executable schema."""

from pathlib import Path

from ariadne import load_schema_from_path, make_executable_schema
from graphql import GraphQLSchema

from stackyard.graphql import root

NOUNS = (root,)


def build_schema() -> GraphQLSchema:
    return make_executable_schema(
        load_schema_from_path(Path(__file__).parent),
        *(bindable for noun in NOUNS for bindable in noun.bindables),
        convert_names_case=True,
    )
