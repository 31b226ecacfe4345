"""Measure a page of stacks for each kind of role, beside one bare query as the floor.

`python -m bench.access_bench` writes `bench/results/access.json`. 10,000 stacks lie in
300 spaces; a page is 50 of them, asked for over the API by an API key's token, with
everything that goes with a request but the socket.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import text
from tests.support.edge import Edge
from tests.support.postgres import running_postgres
from tests.support.stacks import a_spec

from bench.figures import spread, write
from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.actions import Action
from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import ROOT, SpaceId
from stackyard.kernel.orm import Entity
from stackyard.spaces import Holder, HolderKind, SpaceSpec

SPACES: Final = 300
STACKS: Final = 10_000
ROUNDS: Final = 300
WARM: Final = 30
SEED: Final = 4
PAGE: Final = """query($input: SearchInput!) { searchStacks(input: $input) {
  edges { node { id name space state labels branch } }
  pageInfo { endCursor hasNextPage } } }"""
ASKED: Final = {
    "query": PAGE,
    "variables": {
        "input": {"first": 50, "orderBy": {"field": "name", "direction": "ASC"}}
    },
}
FLOOR: Final = "SELECT * FROM stacks ORDER BY name, id LIMIT 50"
COPY: Final = """
    INSERT INTO stacks ({columns})
    SELECT {values} FROM stacks, generate_series(1, :many) AS n WHERE id = 'model'
"""


async def fill(edge: Edge) -> list[SpaceId]:
    """Make the spaces, in a tree as random as the seed, and the stacks in them."""
    chance = random.Random(SEED)  # noqa: S311 - a tree, not a secret
    spaces = [ROOT]
    async with edge.unit() as unit:
        for number in range(SPACES):
            parent = chance.choice(spaces[-40:])
            spec = SpaceSpec(
                f"s{number}", parent=parent, inherits=chance.random() < 0.5
            )
            spaces.append((await unit.spaces.create(spec, by=SYSTEM)).id)
        await unit.stacks.create(a_spec(name="Model"), by=SYSTEM)
    async with edge.database.transaction() as session:
        columns = [column.name for column in Entity.metadata.tables["stacks"].columns]
        made = {
            "id": "'stack-' || n",
            "name": "'Stack ' || n",
            "space_id": "(:spaces)[1 + n % :count]",
        }
        values = ", ".join(made.get(name, name) for name in columns)
        statement = COPY.format(columns=", ".join(columns), values=values)
        statement = statement.replace("(:spaces)", "CAST(:spaces AS text[])")
        said = {"many": STACKS, "spaces": spaces, "count": len(spaces)}
        await session.execute(
            text(
                statement.replace(
                    "CAST(:spaces AS text[])[", "(CAST(:spaces AS text[]))["
                )
            ),
            said,
        )
        await session.execute(text("ANALYZE"))
    return spaces


async def token(edge: Edge, roles: list[tuple[SpaceId, str]]) -> dict[str, str]:
    key, secret = await edge.key(admin=False)
    async with edge.unit() as unit:
        for space, role in roles:
            holder = Holder(HolderKind.API_KEY, key.id)
            await unit.bindings.create(holder, role=role, space=space, by=SYSTEM)
    issued = await edge.exchange(key.id, secret)
    assert issued is not None
    return {"authorization": f"Bearer {issued.jwt}"}


async def measured(call: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    took = []
    for number in range(WARM + ROUNDS):
        began = time.perf_counter()
        await call()
        if number >= WARM:
            took.append((time.perf_counter() - began) * 1000)
    return spread(took)


async def measure(edge: Edge) -> dict[str, Any]:
    spaces = await fill(edge)
    async with edge.unit() as unit:
        await unit.roles.create(
            name="Sees and triggers",
            description=None,
            actions=[Action.SPACE_READ, Action.RUN_TRIGGER],
            by=SYSTEM,
        )
    middle, low = spaces[40], spaces[-1]
    subjects = {
        "root admin": [(ROOT, "space-admin")],
        "reader of root": [(ROOT, "space-reader")],
        "admin of a space": [(middle, "space-admin")],
        "writer of a space": [(middle, "space-writer")],
        "reader of one space": [(low, "space-reader")],
        "custom role": [(middle, "sees-and-triggers")],
        "reader of 20 spaces": [(one, "space-reader") for one in spaces[20:300:14]],
        "no role": [],
    }
    pages: dict[str, Any] = {}
    async with edge.client() as client:
        for name, roles in subjects.items():
            headers = await token(edge, roles)
            pages[name] = await one_subject(client, headers)

    async def bare() -> None:
        async with edge.database.transaction() as session:
            (await session.execute(text(FLOOR))).all()

    return {"page_of_50_ms": pages, "floor_bare_query_ms": await measured(bare)}


async def one_subject(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> dict[str, Any]:
    async def page() -> httpx.Response:
        return await client.post("/graphql", json=ASKED, headers=headers)

    said = (await page()).json()
    assert "errors" not in said, said
    edges = said["data"]["searchStacks"]["edges"]
    return {"stacks_on_the_page": len(edges), **await measured(page)}


async def run(url: str) -> dict[str, Any]:
    database = Database.connect(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Entity.metadata.create_all)
    edge = Edge(database)
    edge.clock.now = system_clock()
    await edge.prepare()
    try:
        return await measure(edge)
    finally:
        await database.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_postgres(Path(folder)) as pg:
        result = asyncio.run(run(f"postgresql://postgres@127.0.0.1:{pg.port}/postgres"))
    write("access", {"stacks": STACKS, "spaces": SPACES, **result})


if __name__ == "__main__":
    main()
