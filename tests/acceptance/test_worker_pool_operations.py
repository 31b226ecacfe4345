"""What clients send about pools and their queues, and what stacks manage.

`tests/operations` holds the clients' texts. They are never edited.
"""

from typing import Any, Final

import pytest
from tests.support.certificates import signing_request
from tests.support.scene import OPERATIONS, Scene

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import SpaceId, StackId
from stackyard.runs import RunType
from stackyard_protocol.report import (
    Output,
    Resource,
)

CANARY: Final = "canary-5ecre7"


# Pools and their queues


async def test_spacectl_finds_pools_and_looks_into_one(scene: Scene) -> None:
    pool = scene.names["pool"]
    found = await scene.data(
        "spacectl/WorkerpoolMcpSearchWorkerPools",
        input={
            "first": 10,
            "after": None,
            "fullTextSearch": "pool",
            "predicates": None,
            "orderBy": {"field": "name", "direction": "ASC"},
        },
    )
    assert [edge["node"]["id"] for edge in found["edges"]] == [pool]
    node = found["edges"][0]["node"]
    assert node["spaceDetails"]["name"] == "home"
    assert (node["pendingRuns"], node["deleted"]) == (0, False)
    assert found["pageInfo"]["hasNextPage"] is False

    one = await scene.data(
        "spacectl/WorkerpoolMcpRegisterGetWorkerPoolTool", workerPoolId=pool
    )
    assert {name: one[name] for name in node} == node
    listed = await scene.data("spacectl/WorkerpoolsPoolListPools")
    assert pool in {each["id"] for each in listed}
    workers = await scene.data("spacectl/WorkerpoolsWorkerListWorkers", workerPool=pool)
    assert scene.names["worker"] in {each["id"] for each in workers["workers"]}


@pytest.mark.parametrize(
    ("predicate", "names"),
    [
        ({"field": "name", "constraint": {"stringMatches": ["idle"]}}, {"idle"}),
        (
            {
                "field": "name",
                "constraint": {"stringMatches": ["idle"]},
                "exclude": True,
            },
            {"pool", "away"},
        ),
        ({"field": "labels", "constraint": {"stringMatches": ["none"]}}, set()),
    ],
)
async def test_pools_are_found_by_what_is_known_of_them(
    scene: Scene, predicate: dict[str, Any], names: set[str]
) -> None:
    found = await scene.data(
        "spacectl/WorkerpoolMcpSearchWorkerPools", input={"predicates": [predicate]}
    )
    assert {edge["node"]["name"] for edge in found["edges"]} == names


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["name", "createdAt", "unheardOf"])
async def test_pools_come_page_by_page_each_once(
    scene: Scene, field: str, direction: str
) -> None:
    order = {"field": field, "direction": direction}
    seen, after = [], None
    while True:
        page = await scene.data(
            "spacectl/WorkerpoolMcpSearchWorkerPools",
            input={"first": 1, "after": after, "orderBy": order},
        )
        seen += [edge["node"]["name"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == ["away", "idle", "pool"]
    if field == "name":
        assert seen == sorted(seen, reverse=direction == "DESC")


async def queue(scene: Scene, who: str = "root", **given: Any) -> list[dict[str, Any]]:
    said = await scene.answer(
        "spacectl/DataWorkerpoolsGetPrivatePoolRuns",
        who,
        id=scene.names["pool"],
        input={
            "first": 100,
            "after": None,
            "orderBy": {"field": "position", "direction": "ASC"},
        }
        | given,
    )
    edges = said["data"]["workerPool"]["searchSchedulableRuns"]["edges"]
    return [edge["node"] for edge in edges]


async def test_the_queue_of_a_pool_has_what_is_worked_on_then_what_waits(
    scene: Scene,
) -> None:
    """What changes infrastructure goes before proposals, what was moved up before."""
    names = scene.names
    gov = StackId(names["gov"])
    async with scene.unit() as unit:
        tracked = await unit.triggers.trigger(gov, by=SYSTEM)
        proposed = [
            await unit.triggers.trigger(gov, kind=RunType.PROPOSED, by=SYSTEM)
            for _ in range(2)
        ]
        for stack in (scene.stack, gov):
            await unit.dispatch.gate(stack, by=SYSTEM)
        await unit.runs.prioritize(gov, proposed[1].id, on=True, by=SYSTEM)
    expected = [
        *(names["net_run"], names["gov_run"]),
        *(proposed[1].id, tracked.id, names["queued"], proposed[0].id),
    ]

    found = await queue(scene)

    assert [one["run"]["id"] for one in found] == expected
    assert [one["position"] for one in found] == [1, 2, 3, 4, 5, 6]
    assert found[0]["stackId"] == scene.stack
    assert names["unconfirmed"] not in expected, "it waits for a person"
    down = await queue(scene, orderBy={"field": "position", "direction": "DESC"})
    assert [one["position"] for one in down] == [6, 5, 4, 3, 2, 1]
    ready = {"field": "state", "constraint": {"enumEquals": ["READY"]}}
    waiting = await queue(scene, predicates=[ready], first=2)
    assert [one["position"] for one in waiting] == [3, 4]


async def test_the_pages_of_a_queue_follow_one_another(scene: Scene) -> None:
    whole = await queue(scene)
    document = (
        OPERATIONS / "spacectl" / "DataWorkerpoolsGetPrivatePoolRuns.graphql"
    ).read_text()
    seen, after = [], None
    for _ in whole:
        said = await scene.ask(
            document, id=scene.names["pool"], input={"first": 1, "after": after}
        )
        page = said["data"]["workerPool"]["searchSchedulableRuns"]
        seen += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == whole
    assert page["pageInfo"]["hasNextPage"] is False


async def test_runs_that_one_may_not_see_keep_their_place_in_the_queue(
    scene: Scene,
) -> None:
    space = SpaceId(scene.names["other"])
    async with scene.unit() as unit:
        stack = await unit.stacks.get(scene.stack, by=SYSTEM)
        stack.space_id = space  # as if it had moved since its run began
    found = await queue(scene, "reader")
    assert [one["run"]["id"] for one in found] == [scene.names["gov_run"]]
    assert [one["position"] for one in found] == [2]


async def test_nobody_waits_in_the_public_pool(scene: Scene) -> None:
    found = await scene.data(
        "spacectl/DataWorkerpoolsGetPublicPoolRuns", input={"first": 100}
    )
    assert found["searchSchedulableRuns"]["edges"] == []


async def test_the_life_of_a_pool(scene: Scene) -> None:
    given = {"description": "d", "labels": ["b", "a"], "name": "new", "space": "root"}
    limit = {"drift_detection_run_limit": -5}
    made = await scene.data(
        "terraform-provider/WorkerPoolCreate", csr=signing_request(), **given, **limit
    )
    other = given | {"name": "other", "labels": None, "description": ""}
    second = await scene.data(
        "terraform-provider/WorkerPoolCreate__2",
        csr=signing_request(),
        **other,
        drift_detection_run_limit=-1,
    )
    read = await scene.data("terraform-provider/WorkerPoolRead", id=made["id"])
    assert read["config"] == made["config"]
    assert read["labels"] == ["b", "a"]
    listed = await scene.data("terraform-provider/WorkerPoolsRead")
    assert {made["id"], second["id"]} <= {one["id"] for one in listed}
    assert read["driftDetectionRunLimit"] == -5

    changed = given | {"name": "newer", "labels": None, "description": ""}
    updated = await scene.data(
        "terraform-provider/WorkerPoolUpdate__2",
        id=made["id"],
        **changed,
        drift_detection_run_limit=10,
    )
    assert updated["id"] == made["id"]
    again = await scene.data("terraform-provider/WorkerPoolRead", id=made["id"])
    assert (again["name"], again["labels"]) == ("newer", [])
    assert again["config"] == made["config"], "a new name leaves workers alone"

    reset = await scene.data(
        "terraform-provider/WorkerPoolReset", id=made["id"], csr=signing_request()
    )
    assert reset["id"] == made["id"]
    read = await scene.data("terraform-provider/WorkerPoolRead", id=made["id"])
    assert read["config"] != made["config"]
    cycle = await scene.data(
        "terraform-provider/CycleWorkerPool", workerPoolId=made["id"]
    )
    assert cycle is True
    for gone in (made["id"], None):  # again, and it is gone already
        said = await scene.data("terraform-provider/WorkerPoolDelete", id=made["id"])
        assert (said and said["id"]) == gone
    gone = await scene.data("terraform-provider/WorkerPoolRead", id=made["id"])
    assert gone is None


async def test_a_repository_says_where_it_is_and_whose_code_it_has(
    scene: Scene,
) -> None:
    repo = await scene.data("terraform-provider/RepoRead", id=scene.names["repo"])
    assert repo["space"] == {"id": scene.names["home"]}
    assert set(repo["stacks"]) == {
        scene.names[name] for name in ("net", "gov", "bound")
    }


# What a stack manages


async def test_spacectl_lists_what_stacks_manage_and_which_runs_made_it(
    scene: Scene,
) -> None:
    module = 'module.net["a"]'
    inner = Resource(
        f"{module}.x.two",
        "x",
        "two",
        "p",
        module,
        tainted=True,
        attributes='{"id":"59832d41"}',
    )
    outputs = [
        Output("open", sensitive=False, value='"v"', digest="d1"),
        Output("closed", sensitive=True, value=CANARY, digest="d2"),
    ]
    async with scene.unit() as unit:
        await unit.states.replace(
            scene.stack,
            outputs=outputs,
            resources=[Resource("x.one", "x", "one", "p"), inner],
            run_id=scene.unconfirmed,
            by=SYSTEM,
        )

    stack = await scene.data(
        "spacectl/StackMcpListResourcesForOneStack", id=scene.stack
    )
    found = {one["id"]: one for one in stack["entities"]}

    assert list(found) == [
        module,
        f"{module}.x.two",
        "x.one",
        "output.closed",
        "output.open",
    ]
    two = found[f"{module}.x.two"]
    assert two["parent"] == module
    assert two["creator"] == two["updater"] == {"id": scene.unconfirmed}
    assert (two["drifted"], two["thirdPartyMetadata"]) == (None, None)
    assert two["vendor"]["terraform"] == {
        "address": f"{module}.x.two",
        "mode": "managed",
        "module": module,
        "provider": "p",
        "tainted": True,
        "values": '{"id":"59832d41"}',
    }
    assert found["x.one"]["creator"] is None, "it was there before anybody looked"
    assert found["x.one"]["updater"] is None, "and nobody has changed it since"
    assert found[module]["vendor"]["terraform"] == {"phantom": False}
    values = {
        name: found[f"output.{name}"]["vendor"]["terraform"]
        for name in ("open", "closed")
    }
    assert values == {
        "open": {"sensitive": False, "value": '"v"', "hash": "d1"},
        "closed": {"sensitive": True, "value": None, "hash": "d2"},
    }
    everything = await scene.data("spacectl/StackMcpListResourcesForAllStacks")
    [same] = [one for one in everything if one["id"] == scene.stack]
    assert same["entities"] == stack["entities"]


# Signing in by another provider's token


@pytest.mark.parametrize(
    "document", ["spacectl/SessionGithubTokenExchange", "docs/OauthUser"]
)
async def test_no_token_of_another_provider_signs_anybody_in(
    scene: Scene, document: str
) -> None:
    said = await scene.error(document, "nobody", token=CANARY)
    assert said == (
        "You are unauthorized: no external OAuth provider is set up; use an API key."
    )
