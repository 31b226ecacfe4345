"""Everything starts at the same instant, several times over, on an empty database."""

import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from tests.support.client import eventually
from tests.support.platform import Platform, bare_platform
from tests.support.ports import free_port

import stackyard.composition  # noqa: F401 - every table is declared below it
from stackyard.adapters.postgres.migrate import upgrade
from stackyard.kernel.orm import Entity

REPLICAS = {"scheduler": 3, "drain": 2, "server": 3}
# Writes down every tick that is enqueued, before anybody can have handled it.
WATCH = """
CREATE SCHEMA watch;
CREATE TABLE watch.ticks (tick text, number bigint);
CREATE FUNCTION watch.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO watch.ticks VALUES (new.body->>'tick', (new.body->>'number')::bigint);
  RETURN NULL;
END $$;
CREATE FUNCTION watch.begin() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  IF to_regclass('public.message_queue_messages') IS NOT NULL AND NOT EXISTS
    (SELECT FROM pg_trigger WHERE tgname = 'note_ticks')
  THEN
    CREATE TRIGGER note_ticks AFTER INSERT ON public.message_queue_messages
      FOR EACH ROW WHEN (new.queue = 'cronjobs') EXECUTE FUNCTION watch.note();
  END IF;
END $$;
CREATE EVENT TRIGGER begin_to_watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
  EXECUTE FUNCTION watch.begin();
"""


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    # nobody answers at the replica's address
    away = f"postgres://postgres@127.0.0.1:{free_port()}/stackyard"
    with bare_platform(DATABASE_READ_ONLY_URL=away) as platform:
        platform.start("postgres")
        platform.start("store")
        platform.execute(WATCH)
        names = []
        for part, count in REPLICAS.items():
            for number in range(count):
                ports = {
                    "STACKYARD_HTTP_PORT": str(free_port()),
                    "STACKYARD_MQTT_PORT": str(free_port()),
                    "STACKYARD_CACHE_FOLDER": str(
                        platform.folder / f"c-{part}{number}"
                    ),
                }
                # the first server is where the test's clients look for it
                own = {} if (part, number) == ("server", 0) else ports
                names.append(f"{part}-{number}")
                platform.start_replica(names[-1], part, **own)
        eventually(lambda: all(started(platform, name) for name in names), "all", 60)
        yield platform


def started(platform: Platform, name: str) -> bool:
    assert platform.processes[name].poll() is None, platform.log_of(name)[-3000:]
    part = name.partition("-")[0]
    return f'"{part}.started"' in platform.log_of(name)


def replicas(platform: Platform) -> list[str]:
    return [name for name in platform.processes if name.rpartition("-")[0] in REPLICAS]


def test_all_are_up_on_one_schema(platform: Platform) -> None:
    assert len(replicas(platform)) == sum(REPLICAS.values())
    for name in replicas(platform):
        wrong = [one for one in platform.said_by(name) if one["level"] != "info"]
        assert wrong == [], name
    assert platform.query("SELECT count(*) FROM alembic_version") == [(1,)]
    assert platform.query("SELECT id FROM spaces ORDER BY id") == [
        ("legacy",),
        ("root",),
    ]
    url = platform.postgres.url
    upgrade(url, after=True)  # which waits for a person
    engine = create_engine(url.replace("://", "+psycopg://"), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, Entity.metadata)
    assert differences == []


def test_each_tick_is_enqueued_once(platform: Platform) -> None:
    def seen() -> dict[str, list[int]]:
        found = defaultdict(list)
        for tick, number in platform.query("TABLE watch.ticks"):
            found[tick].append(number)
        return found

    eventually(lambda: len(seen()["sweep_workers"]) >= 5, "five ticks", 60)
    eventually(lambda: {"sweep_runs", "keep_up"} <= seen().keys(), "the others", 60)
    time.sleep(1)  # for a replica that is late to do it again
    ticks = seen()
    for name, numbers in ticks.items():
        assert len(numbers) == len(set(numbers)), name
    swept = sorted(ticks["sweep_workers"])
    assert all(later - earlier == 1 for earlier, later in pairwise(swept)), swept


def test_a_list_is_read_though_the_replica_is_away(platform: Platform) -> None:
    platform.prepare()
    found = platform.client.ask("{ stacks { id } }")

    assert found == {"stacks": []}
    events = [one["event"] for one in platform.said_by("server-0")]
    assert events.count("replica.away") == 1
    assert httpx.get(f"{platform.base}/health").is_success
