"""What clients rely on of every noun alike, whatever they ask for.

Which test holds which of their expectations is in
`docs/reference/client-behaviour.md`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type
from tests.support.asking import FIELDS, query_of, wants
from tests.support.calls import ROOTS
from tests.support.certificates import signing_request
from tests.support.client import stack_input
from tests.support.scene import Scene
from tests.support.world import filled

from stackyard.kernel.ids import RunId, StackId, slugify
from stackyard.reactions.dispatch import advance
from stackyard.reactions.stacks import begin_deletion
from stackyard.runs import RunState
from stackyard.stacks import StackDeletionRequested

ULID: Final = re.compile("[0-9A-HJKMNP-TV-Z]{26}")
NAMED: Final = re.compile(r"\{\w+\}")
TIMES: Final = re.compile(".*(At|Until|[tT]imestamp)")
DEEPEST: Final = 2
# List → two things in it, by their names.
FOUND: Final = {
    "searchBlueprints": ("blueprint", "draft"),
    "searchContexts": ("context", "unused"),
    "searchModules": ("tasty", "far"),
    "searchPolicies": ("policy", "spare_policy"),
    "searchStacks": ("net", "gov"),
    "searchTemplates": ("template", "bare"),
    "searchWorkerPools": ("pool", "idle"),
}
STACKS: Final = ["bound", "far", "gov", "net"]
every_list = pytest.mark.parametrize("name", FOUND)


def queries() -> Iterator[str]:
    for full in FIELDS:
        owner, _, name = full.partition(".")
        if owner == "Query" and name in ROOTS:
            yield name


# What there is not


async def test_what_there_is_not_is_null_and_only_run_stack_says_not_found(
    scene: Scene,
) -> None:
    ghosts = {name: f"{'0' * 20}{number:06}" for number, name in enumerate(scene.names)}
    about = [name for name in queries() if NAMED.search(ROOTS[name])]
    answers = {}
    for name in about:
        document, _ = query_of(f"Query.{name}")
        said = await scene.ask(filled(document, ghosts))
        answers[name] = (
            said["errors"][0]["message"] if "errors" in said else said["data"][name]
        )

    assert len(about) > 30
    found = {name: said for name, said in answers.items() if said is not None}
    assert found == {"runStack": "not found", "repos": {"edges": []}}


async def test_a_run_without_a_role_that_reads_its_own_stack_is_denied(
    scene: Scene,
) -> None:
    document = "query ($id: ID!) { stack(id: $id) { id space } }"

    said = await scene.ask(document, "run", id=scene.stack)

    assert "denied" in said["errors"][0]["message"]
    assert "unauthorized" in said["errors"][0]["message"]


# Ids


async def test_what_has_no_slug_has_a_ulid(scene: Scene) -> None:
    names = scene.names
    for one in (
        *("queued", "unconfirmed", "dependency", "reference", "role", "key", "pool"),
        *("aws", "azure", "scheduled_run", "attachment", "policy_attachment"),
        *("aws_attachment", "webhook", "module_version", "filter", "user", "group"),
        *("key_binding", "stack_binding", "user_binding", "group_binding", "agents"),
        *("scheduled_task", "scheduled_delete", "gpg_key", "released", "security_key"),
    ):
        assert ULID.fullmatch(names[one]), one
    slug, _, ulid = names["published"].rpartition("-")
    assert (slug, bool(ULID.fullmatch(ulid))) == (names["template"], True)
    slug, _, ulid = names["home"].rpartition("-")
    assert (slug, bool(ULID.fullmatch(ulid))) == ("home", True)


async def test_what_has_a_name_of_its_own_has_its_slug(scene: Scene) -> None:
    for one, name in (
        *((one, one) for one in ("net", "context", "policy", "blueprint", "template")),
        *(("repo", "repo"), ("deployment", "deployment"), ("plugin", "installed")),
        *(("named_webhook", "Far and wide"), ("gitlab", "our gitlab")),
        *(("plugin_template", "Ours"), ("module", "terraform-default-tasty")),
    ):
        assert scene.names[one] == slugify(name)


# Lists


async def searched(scene: Scene, name: str, **given: Any) -> dict[str, Any]:
    said = await scene.ask(
        f"query ($input: SearchInput!) {{ {name}(input: $input) {{ edges {{ node"
        " { name } } pageInfo { endCursor hasNextPage hasPreviousPage } } }",
        input=given,
    )
    assert "errors" not in said, said
    return dict(said["data"][name])


def names_in(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in page["edges"]]


def predicate(field: str, *strings: str, exclude: bool | None = None) -> dict[str, Any]:
    constraint = {"stringMatches": list(strings)}
    return {"field": field, "constraint": constraint, "exclude": exclude}


@every_list
async def test_values_are_alternatives_predicates_all_hold_and_exclude_negates(
    scene: Scene, name: str
) -> None:
    one, other = FOUND[name]

    async def found(*predicates: dict[str, Any]) -> list[str]:
        page = await searched(scene, name, predicates=list(predicates))
        return sorted(names_in(page))

    everything = await found()
    assert await found(predicate("name", one, other)) == sorted([one, other])
    assert await found(predicate("name", one), predicate("name", other)) == []
    assert await found(predicate("name", one, other), predicate("name", one)) == [one]
    others = [each for each in everything if each != one]
    assert await found(predicate("name", one, exclude=True)) == others
    assert await found(predicate("name", one[:-1])) == [], "not a part of it"


@every_list
@pytest.mark.parametrize("field", ["label", "labels"])
async def test_labels_are_searched_by_either_name(
    scene: Scene, name: str, field: str
) -> None:
    everything = await searched(scene, name)
    without = await searched(
        scene, name, predicates=[predicate(field, "nobody-s", exclude=True)]
    )
    having = await searched(scene, name, predicates=[predicate(field, "nobody-s")])

    assert names_in(without) == names_in(everything)
    assert names_in(having) == []


@pytest.mark.parametrize(
    ("name", "field", "constraint", "wanted"),
    [
        ("searchStacks", "administrative", {"booleanEquals": [True]}, ["gov"]),
        ("searchStacks", "branch", {"stringMatches": ["main"]}, STACKS),
        ("searchStacks", "commit", {"stringMatches": ["{commit}"]}, STACKS),
        ("searchStacks", "locked", {"booleanEquals": [True]}, []),
        ("searchStacks", "projectRoot", {"stringMatches": ["infra"]}, []),
        ("searchStacks", "repository", {"stringMatches": ["{repo}"]}, STACKS),
        ("searchStacks", "state", {"enumEquals": ["UNCONFIRMED"]}, ["net"]),
        ("searchStacks", "vendor", {"enumEquals": ["Terraform"]}, STACKS),
        ("searchStacks", "workerPool", {"stringMatches": ["{away}"]}, ["far"]),
        ("searchModules", "projectRoot", {"stringMatches": ["infra"]}, []),
        ("searchModules", "workerPool", {"stringMatches": ["{pool}"]}, []),
        ("searchModules", "space", {"stringMatches": ["{other}"]}, ["far"]),
        ("searchModules", "public", {"booleanEquals": [False]}, ["far", "tasty"]),
        ("searchContexts", "space", {"stringMatches": ["{other}"]}, ["foreign"]),
    ],
)
async def test_what_clients_search_by_divides_what_there_is(
    scene: Scene, name: str, field: str, constraint: dict[str, Any], wanted: list[str]
) -> None:
    constraint = {
        kind: [
            filled(one, scene.names) if isinstance(one, str) else one for one in all_
        ]
        for kind, all_ in constraint.items()
    }

    async def found(*, exclude: bool) -> list[str]:
        said = {"field": field, "constraint": constraint, "exclude": exclude}
        return names_in(await searched(scene, name, predicates=[said]))

    everything = names_in(await searched(scene, name))
    having = await found(exclude=False)
    assert sorted(one for one in having if one != "site-dev") == wanted
    assert sorted(having + await found(exclude=True)) == sorted(everything)


@every_list
@pytest.mark.parametrize("field", ["name", "starred", "unheardOf"])
async def test_pages_follow_their_cursor_in_any_order_that_is_asked_for(
    scene: Scene, name: str, field: str
) -> None:
    order = {"field": field, "direction": "DESC"}
    whole = names_in(await searched(scene, name, first=50, orderBy=order))
    seen: list[str] = []
    after = None
    while len(seen) < len(whole):
        page = await searched(scene, name, first=1, after=after, orderBy=order)
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += names_in(page)
        after = page["pageInfo"]["endCursor"]

    assert page["pageInfo"]["hasNextPage"] is False
    assert seen == whole
    if field == "name":
        assert seen == sorted(seen, reverse=True)


async def test_null_for_a_list_that_must_be_there_is_an_empty_one(
    scene: Scene,
) -> None:
    """What a list that nobody filled is, once Go has written it as JSON."""
    pool = await scene.data(
        "terraform-provider/WorkerPoolCreate",
        name="theirs",
        csr=signing_request(),
        labels=None,
        drift_detection_run_limit=-1,
    )
    refused = await scene.error(
        "terraform-provider/RoleCreate", input={"name": "Idle", "actions": None}
    )

    assert pool["labels"] == []
    assert refused == "actions: at least one is needed"


# Times


def times_of(kind: Any, depth: int = 0) -> str:
    """Select every moment in what is of this kind, and in what lies within it."""
    if not isinstance(kind, GraphQLObjectType):
        return ""
    chosen = []
    for name, one in kind.fields.items():
        inner = get_named_type(one.type)
        if wants(one):
            continue
        if is_leaf_type(inner):
            chosen += [name] if TIMES.fullmatch(name) else []
        elif depth < DEEPEST and (within := times_of(inner, depth + 1)):
            chosen.append(name + within)
    return f" {{ {' '.join(chosen)} }}" if chosen else ""


def moments(value: Any) -> Iterator[tuple[str, Any]]:
    for one in value if isinstance(value, list) else [value]:
        for name, inner in one.items() if isinstance(one, dict) else ():
            if isinstance(inner, dict | list):
                yield from moments(inner)
            elif inner is not None:
                yield name, inner


async def test_every_moment_is_in_whole_seconds(scene: Scene) -> None:
    """Within a century of now: milliseconds would be far away from that."""
    now = scene.asking.world.whole.clock().timestamp()
    seen = set()
    for name in queries():
        selected = times_of(get_named_type(FIELDS[f"Query.{name}"].type))
        if not selected:
            continue
        given = f"({ROOTS[name]})" if ROOTS[name] else ""
        said = await scene.ask(filled(f"{{ {name}{given}{selected} }}", scene.names))
        assert "errors" not in said, said
        for field, moment in moments(said["data"]):
            assert isinstance(moment, int), (name, field)
            assert abs(moment - now) < 100 * 365 * 86400, (name, field)
            seen.add(field)

    assert {"createdAt", "updatedAt", "publishedAt", "timestamp"} <= seen


# Configuration


async def test_what_was_configured_is_not_computed_and_says_when_it_was_made(
    scene: Scene,
) -> None:
    body = "{ id runtime createdAt description }"
    said = await scene.ask(
        f"""query ($stack: ID!, $context: ID!, $module: ID!) {{
          stack(id: $stack) {{ there: configElement(id: "region") {body}
            gone: configElement(id: "none") {body} }}
          context(id: $context) {{ there: configElement(id: "region") {body}
            gone: configElement(id: "none") {body} }}
          module(id: $module) {{ gone: configElement(id: "none") {body} }} }}""",
        stack=scene.stack,
        context=scene.names["context"],
        module=scene.names["module"],
    )

    data = said["data"]
    for one in (data["stack"], data["context"]):
        assert (one["there"]["id"], one["there"]["runtime"]) == ("region", False)
        assert one["there"]["createdAt"] > 0
        assert not one["there"]["description"]
    assert [one["gone"] for one in data.values()] == [None] * 3


# Going away


async def test_what_is_empty_again_is_deleted_at_once_though_runs_were_queued(
    scene: Scene,
) -> None:
    """As the provider's tests leave: in the order of dependencies, without waiting.

    The credentials are made up and nobody works in the pool: the run waits for ever.
    """
    space = await made(
        scene,
        "CreateSpace",
        input={
            "name": "Team",
            "description": "",
            "inheritEntities": True,
            "parentSpace": "root",
        },
    )
    pool = await made(
        scene,
        "WorkerPoolCreate",
        name="theirs",
        csr=signing_request(),
        labels=[],
        space=space,
        drift_detection_run_limit=-1,
    )
    git = await made(
        scene,
        "GitLabIntegrationCreate",
        apiHost="https://git.example",
        userFacingHost="https://git.example",
        token="made up",  # noqa: S106 - of nobody
        customInput={"name": "Theirs", "spaceID": space, "isDefault": False},
    )
    source = {"provider": "GITLAB", "namespace": "x", "vcsIntegrationId": git}
    wanted = stack_input("Theirs", "demo", pool, space=space, **source)
    stack = await made(scene, "StackCreate", input=wanted, manageState=True)
    run = await made(
        scene,
        "RunTrigger",
        stack=stack,
        sha=None,
        runType="TRACKED",
        runtimeConfig=None,
    )
    tools = scene.asking.world.whole.platform.tools
    await advance(tools, StackId(stack))
    assert (await scene.run(RunId(run))).state is RunState.QUEUED

    said = await scene.data("terraform-provider/StackDelete", id=stack)
    assert said["deleting"] is True
    await begin_deletion(
        tools,
        StackDeletionRequested(
            stack_id=StackId(stack), destroy_resources=False, at=tools.clock()
        ),
    )
    read = await scene.data("terraform-provider/StackAWSRoleRead", id=stack)
    assert read is None
    assert await made(scene, "GitLabIntegrationDelete", id=git) == git
    assert await made(scene, "WorkerPoolDelete", id=pool) == pool
    assert await made(scene, "DeleteSpace", id=space) == space


async def made(scene: Scene, operation: str, **variables: Any) -> str:
    said = await scene.data(f"terraform-provider/{operation}", **variables)
    return str(said["id"])
