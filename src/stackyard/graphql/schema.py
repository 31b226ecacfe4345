"""The contract as one executable schema."""

from pathlib import Path

from ariadne import load_schema_from_path, make_executable_schema
from graphql import GraphQLSchema

from stackyard.graphql import (
    account,
    audit,
    blueprints,
    clouds,
    contexts,
    dependencies,
    entities,
    filters,
    identity,
    integrations,
    module_versions,
    modules,
    people,
    plugins,
    policies,
    previews,
    providers,
    repos,
    reviews,
    roles,
    root,
    runs,
    schedules,
    search,
    sign_on,
    spaces,
    stack_config,
    stacks,
    state,
    templates,
    vcs,
    vcs_agents,
    vendors,
    webhooks,
    workers,
)
from stackyard.graphql.mutations import name_mutations
from stackyard.graphql.needs import read_needs

NOUNS = (
    root,
    account,
    identity,
    people,
    roles,
    sign_on,
    spaces,
    search,
    filters,
    repos,
    vcs,
    vcs_agents,
    workers,
    stacks,
    stack_config,
    contexts,
    providers,
    plugins,
    dependencies,
    schedules,
    policies,
    modules,
    module_versions,
    clouds,
    integrations,
    webhooks,
    vendors,
    runs,
    reviews,
    previews,
    state,
    blueprints,
    templates,
    entities,
    audit,
)


def build_schema() -> GraphQLSchema:
    """Return the schema, or raise `UndeclaredError` for fields open to nobody."""
    schema = make_executable_schema(
        load_schema_from_path(Path(__file__).parent),
        *(bindable for noun in NOUNS for bindable in noun.bindables),
        convert_names_case=True,
    )
    name_mutations(schema)
    return read_needs(schema)
