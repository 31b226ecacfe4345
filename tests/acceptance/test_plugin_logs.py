"""A plugin asks, as its library does, where to put the Markdown that it has to say."""

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
from tests.support.scene import Scene

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import LegId

PATH = "/worker/plugin_logs_url"


async def asks(scene: Scene, who: str, body: Any) -> httpx.Response:
    return await scene.asking.client.post(
        PATH,
        content=body if isinstance(body, bytes) else json.dumps(body).encode(),
        # what Python's urllib says of a body when nobody says otherwise
        headers={"content-type": "application/x-www-form-urlencoded"}
        | scene.asking.world.headers[who],
    )


async def key_of(scene: Scene, who: str, plugin: str) -> str:
    said = await asks(scene, who, {"plugin_name": plugin})
    assert said.status_code == 200
    given = said.json()
    assert given["headers"] == {}
    url = urlsplit(str(given["url"]))
    assert url.query == "method=PUT&seconds=300"
    assert url.netloc == "RUN_LOGS"  # in memory, that is the bucket
    return url.path.removeprefix("/")


async def test_a_run_puts_it_below_itself_among_the_logs(scene: Scene) -> None:
    run, far = scene.names["net_run"], scene.names["far_run"]
    assert await key_of(scene, "run", "infracost") == f"{run}/plugins/infracost.md"
    assert await key_of(scene, "stranger", "infracost") == f"{far}/plugins/infracost.md"


async def test_there_is_one_object_per_plugin(scene: Scene) -> None:
    names = (
        "a b",
        "a20b",
        "a+b",
        "a_b",
        "a/b",
        "a%20b",
        "A b",
        "~",
        "ä",
        "..",
        "a" * 200,
    )
    keys = [await key_of(scene, "run", name) for name in names]
    assert len(set(keys)) == len(names)
    assert keys == [await key_of(scene, "run", name) for name in names]
    for key in keys:
        assert key.count("/") == 2
        assert set(key.replace("/", "").replace("+", "")) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
        )


NO_NAMES: list[Any] = [
    b"",
    b"plugin_name=x",
    b"[" * 3000,
    b'"x"',
    {},
    {"plugin_name": None},
    {"plugin_name": ""},
    {"plugin_name": "  "},
    {"plugin_name": "two\nlines"},
    {"plugin_name": "a" * 201},
    {"plugin_name": "ä" * 101},
    {"plugin_name": "x", "more": "x" * 4096},
]


async def test_what_is_no_name_is_refused(scene: Scene) -> None:
    for body in NO_NAMES:
        said = await asks(scene, "run", body)
        assert said.status_code in {400, 413}, body
        assert said.json()["message"]


async def test_it_is_for_runs_only(scene: Scene) -> None:
    for who in ("nobody", "root", "worker", "expired", "crossed"):
        said = await asks(scene, who, {"plugin_name": "x"})
        assert said.status_code in {401, 403}, who
        assert "unauthorized" in said.text


async def test_it_ends_with_the_run(scene: Scene) -> None:
    async with scene.unit() as unit:
        await unit.legs.lose(LegId(scene.names["net_leg"]), by=SYSTEM)
    said = await asks(scene, "run", {"plugin_name": "x"})
    assert said.status_code == 401
    assert "has ended" in said.text
