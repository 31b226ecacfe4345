"""Lists are read on a replica: here another database, so that it can be told apart."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.support.edge import NOTHING, Edge
from tests.support.ports import free_port
from tests.support.postgres import administer, cloned
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.postgres import Database, Reading
from stackyard.graphql.execution import Graph
from stackyard.graphql.schema import build_schema
from stackyard.kernel.caller import Caller

WHERE = text("SELECT current_database()")


@pytest.fixture
async def replica(postgres_port: int, template: str) -> AsyncIterator[Database]:
    with cloned(postgres_port, template) as url:
        replica = Database.connect(url)
        yield replica
        await replica.close()


async def name_of(database: Database) -> str:
    async with database.transaction() as session:
        return str(await session.scalar(WHERE))


async def read_at(reading: Reading) -> str:
    async with reading.transaction() as session:
        return str(await session.scalar(WHERE))


async def test_without_a_replica_lists_are_read_on_the_primary(
    database: Database,
) -> None:
    assert await read_at(Reading(database)) == await name_of(database)


async def test_with_a_replica_they_are_read_there(
    database: Database, replica: Database
) -> None:
    assert await read_at(Reading(database, replica)) == await name_of(replica)


async def test_a_replica_that_does_not_answer_is_not_missed(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgres://postgres@127.0.0.1:{free_port()}/none"
    absent = Database.connect(url)
    reading = Reading(database, absent)

    for _ in range(3):
        assert await read_at(reading) == await name_of(database)
    await absent.close()


async def test_a_replica_that_comes_back_is_read_again(
    database: Database, replica: Database, postgres_port: int
) -> None:
    reading = Reading(database, replica)
    name = await read_at(reading)
    administer(postgres_port, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    administer(
        postgres_port,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{name}'",
    )
    assert await read_at(reading) == await name_of(database)
    administer(postgres_port, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    reading.away_until = 0
    assert await read_at(reading) == name


async def test_what_only_reads_cannot_write_anywhere(
    database: Database, replica: Database
) -> None:
    async def write(reading: Reading) -> None:
        async with reading.transaction() as session:
            await session.execute(text("CREATE TABLE thing (id int)"))

    for reading in (Reading(database), Reading(database, replica)):
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await write(reading)
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE thing (id int)"))


async def test_only_lists_are_read_there(database: Database, replica: Database) -> None:
    edge, behind = Edge(database), Edge(replica)
    await edge.prepare()
    await behind.prepare()
    async with edge.unit() as unit:
        await unit.stacks.create(a_spec(name="New"), by=ADA)
    graph = Graph(build_schema(), edge.unit, NOTHING, open_list=behind.unit)

    async def ask(query: str) -> object:
        answer = await graph.answer(query, caller=Caller(ADA))
        assert "errors" not in answer
        return answer["data"]

    assert await ask("{ stacks { id } }") == {"stacks": []}
    search = "{ searchStacks(input: {}) { edges { node { id } } } }"
    assert await ask(search) == {"searchStacks": {"edges": []}}
    assert await ask('{ stack(id: "new") { id runs { id } } }') == {
        "stack": {"id": "new", "runs": []}
    }
