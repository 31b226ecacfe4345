"""No list asks the database more often because it is longer, whoever asks for it.

Every list of the schema is asked for with everything in it that the asker may have,
lists within lists included, of an account with a few things of each kind and of one
with a hundred more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from graphql import GraphQLObjectType, get_named_type, is_leaf_type
from scripts.access_matrix import EMPTY, YES
from sqlalchemy import Engine, event
from tests.support.asking import FIELDS, Asking, everybody, selection, table, wants
from tests.support.calls import ROOTS
from tests.support.plenty import add
from tests.support.world import filled

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "access-matrix.md"
TABLE: Final = table(PAGE.read_text())
# Query → where its list lies.
LISTS: Final = {
    "apiKeys": "apiKeys",
    "awsIntegrations": "awsIntegrations",
    "azureIntegrations": "azureIntegrations",
    "contexts": "contexts",
    "gpgKeys": "gpgKeys",
    "managedUserGroups": "managedUserGroups",
    "managedUsers": "managedUsers",
    "pluginTemplates": "pluginTemplates",
    "plugins": "plugins",
    "policies": "policies",
    "repos": "repos.edges",
    "roles": "roles",
    "savedFilters": "savedFilters",
    "searchAuditTrailEntries": "searchAuditTrailEntries.edges",
    "searchBlueprints": "searchBlueprints.edges",
    "searchContexts": "searchContexts.edges",
    "searchPolicies": "searchPolicies.edges",
    "searchModules": "searchModules.edges",
    "searchStacks": "searchStacks.edges",
    "searchTemplates": "searchTemplates.edges",
    "searchWorkerPools": "searchWorkerPools.edges",
    "sessions": "sessions",
    "spaces": "spaces",
    "stacks": "stacks",
    "terraformProviders": "terraformProviders",
    "vcsAgentPools": "vcsAgentPools",
    "workerPools": "workerPools",
}
# A whole hundred on one page.
ARGUMENTS: Final = {
    "repos": 'spaceID: "{home}", first: 100',
    # of one kind: all that was done to make even the small world fills a page
    "searchAuditTrailEntries": "input: { first: 100, predicates: [{"
    ' field: "action", constraint: { stringMatches: ["context.create"] } }] }',
    "searchBlueprints": "input: { first: 100 }",
    "searchContexts": "input: { first: 100 }",
    "searchPolicies": "input: { first: 100 }",
    "searchModules": "input: { first: 100 }",
    "searchStacks": "input: { first: 100 }",
    "searchTemplates": "input: { first: 100 }",
    "searchWorkerPools": "input: { first: 100 }",
}
# Lists within one thing that are asked for with arguments, and where they lie.
WITHIN: Final = {
    "Module.searchModuleVersions": "module.searchModuleVersions.edges",
    "WorkerPool.searchSchedulableRuns": "workerPool.searchSchedulableRuns.edges",
}
NOT_OF_ROWS: Final = {
    "repoFileHistory",  # of one file: git is asked once, and the database before that
    "outgoingIPAddresses",
    *("kubectlVersions", "openTofuVersions", "terraformVersions", "terragruntVersions"),
}
# They are about one run each, and read what it printed from object storage.
NOT_IN_LISTS: Final = {"Run.logs"}
# Of one row's own; or nothing is in them, as long as nobody evaluates policies.
NOT_OF_ROWS_WITHIN: Final = {
    "Run.changesV3",
    "Policy.searchEvaluationRecords",
    "PublicWorkerPool.searchSchedulableRuns",
}
_DEEPEST: Final = 2
# Pages of what no plain list has: the things in them lie a step deeper.
PAGED_ALONE: Final = {"searchBlueprints", "searchModules", "searchTemplates"}
HUNDRED: Final = 100


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", count)


def everything_of(kind: Any, who: str, depth: int = 0) -> str:
    """Select all that *who* may have of an object, and of what is in it."""
    if is_leaf_type(kind):
        return ""
    if not isinstance(kind, GraphQLObjectType) or depth > _DEEPEST:
        return selection(kind)
    chosen = [
        name + everything_of(get_named_type(one.type), who, depth + 1)
        for name, one in kind.fields.items()
        if not wants(one) and may_have(f"{kind.name}.{name}", who)
    ]
    return f" {{ {' '.join(chosen)} }}"


def may_have(full: str, who: str) -> bool:
    said = TABLE.get(full, {}).get(who, YES)
    return said in {YES, EMPTY} and full not in NOT_IN_LISTS


def is_list(full: str) -> bool:
    kind = FIELDS[full].type
    return "[" in str(kind) or "edges" in getattr(get_named_type(kind), "fields", {})


def test_no_list_is_missing_here() -> None:
    listing = {name for name in FIELDS if is_list(name)}
    roots = {name for name in listing if name.startswith("Query.")}
    within = {
        name
        for name in listing - roots - NOT_IN_LISTS
        if wants(FIELDS[name]) and not name.startswith("Mutation.")
    }

    assert {one.partition(".")[2] for one in roots} == LISTS.keys() | NOT_OF_ROWS
    assert within == WITHIN.keys() | NOT_OF_ROWS_WITHIN


def query_for(name: str, who: str) -> tuple[str, str]:
    """Return a document that asks for all of the list, and where that lies."""
    where = LISTS.get(name) or WITHIN[name]
    field = FIELDS[f"Query.{name}" if name in LISTS else name]
    depth = -1 if name in PAGED_ALONE else 0
    body = everything_of(get_named_type(field.type), who, depth)
    if name in LISTS:
        given = ARGUMENTS.get(name, ROOTS[name])
        return f"{{ {name}{f'({given})' if given else ''}{body} }}", where
    root, own, _ = where.split(".")
    given = "(input: { first: 100 })"
    return f"{{ {root}({ROOTS[root]}) {{ {own}{given}{body} }} }}", where


async def ask(asking: Asking, name: str, who: str) -> tuple[int, list[str]]:
    """Return how many items there are, and what the database was asked."""
    document, where = query_for(name, who)
    query = filled(document, asking.world.names)
    engine = asking.world.whole.database.engine.sync_engine
    async with asking.world.whole.database.rewound():
        with counted(engine) as statements:
            response = await asking.client.post(
                "/graphql", json={"query": query}, headers=asking.world.headers[who]
            )
    said = response.json()
    assert "errors" not in said, said["errors"]
    found = said["data"]
    for key in where.split("."):
        found = found[key]
    return len(found), statements


async def test_a_longer_list_asks_the_database_no_more_often(
    database_url: str, tmp_path: Path
) -> None:
    async with everybody(database_url, tmp_path) as asking:
        calls = [
            (name, who)
            for name in (*LISTS, *WITHIN)
            for who in ("reader", "root")
            if TABLE[f"Query.{name}" if name in LISTS else name][who] == YES
        ]
        await add(asking.world, range(1))
        before = {call: await ask(asking, *call) for call in calls}
        await add(asking.world, range(1, 1 + HUNDRED))
        after = {call: await ask(asking, *call) for call in calls}
    for call in calls:
        few, for_few = before[call]
        many, for_many = after[call]
        assert many >= HUNDRED > few > 0, call
        assert len(for_many) <= len(for_few), call
