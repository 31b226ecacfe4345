"""The database goes away, in four ways, while runs are triggered and carried out.

Nothing is lost, nothing happens twice, nobody is restarted, and all goes on within ten
seconds. How long each outage lasts can be set.
"""

import os
import signal
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.support.client import eventually
from tests.support.load import AWAY, Load
from tests.support.outage import weathered
from tests.support.platform import Platform
from tests.support.postgres import administer

STORM = float(os.environ.get("TEST_STORM_SECONDS", "10"))
STOP = float(os.environ.get("TEST_STOP_SECONDS", "8"))
READ_ONLY = float(os.environ.get("TEST_READ_ONLY_SECONDS", "8"))
PAUSE = float(os.environ.get("TEST_PAUSE_SECONDS", "8"))
LONGEST = max(STORM, STOP, READ_ONLY, PAUSE)
RECOVERY = 10.0
STACKS = 4
LINES = 60
SLOW = f'for i in $(seq 1 {LINES}); do echo "slow-line-$i"; sleep 0.1; done'
KILL_ALL = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = 'stackyard'"
)
numbers = count(1)


@pytest.fixture(scope="module")
def stacks(platform: Platform) -> list[str]:
    client = platform.client
    repo = client.create_repo("outages")
    client.commit(repo, {"main.tf": 'output "x" { value = 1 }\n'})
    return [
        client.create_stack(f"outages-{number}", repo, platform.pool)
        for number in range(STACKS + 1)
    ]


def finished(platform: Platform) -> int:
    [(number,)] = platform.query("SELECT count(*) FROM runs WHERE state = 'FINISHED'")
    return int(number)


def endure(
    platform: Platform, stacks: list[str], break_it: Callable[[], Callable[[], None]]
) -> Load:
    """Have runs triggered, and one carried out, through an outage; judge what is left.

    *break_it* returns when the outage is over, with what mends what is left of it.
    """
    client = platform.client
    word = f"mark-{next(numbers)}"
    slow = client.task(stacks[-1], SLOW)
    client.wait_for(stacks[-1], slow, "PERFORMING")
    with weathered(platform):
        with Load(platform.base, client.token, stacks[:-1], word) as load:
            time.sleep(1)
            break_it()()
            before = finished(platform)
            eventually(lambda: finished(platform) > before, "it to go on", RECOVERY)
            promised = len(load.promised)
            eventually(lambda: len(load.promised) > promised, "an answer", RECOVERY)

        assert load.failures == []
        assert load.refusals <= {AWAY}
        client.wait_for(stacks[-1], slow, "FINISHED", seconds=60)
        log = b"".join(client.log(stacks[-1], slow).values()).decode()
        assert log.count("slow-line-") == LINES
        assert "".join(f"slow-line-{i}\n" for i in range(1, LINES + 1)) in log
        judge(platform, load)
    return load


def judge(platform: Platform, load: Load) -> None:
    """All that was promised is there, once; all that is there came to a good end."""

    def all_done() -> bool:
        query = "SELECT count(*) FROM runs WHERE state NOT IN ('FINISHED', 'FAILED')"
        return platform.query(query) == [(0,)]

    eventually(all_done, "all runs to end", 120 + LONGEST * 5, every=0.5)
    rows = platform.query(
        "SELECT command, id, state FROM runs"
        f" WHERE command LIKE 'echo {load.word}-%' ORDER BY created_at"
    )
    made = {command.removeprefix("echo "): run for command, run, _ in rows}
    assert len(made) == len(rows), "a run was made twice"
    assert {state for *_, state in rows} == {"FINISHED"}
    assert load.promised.items() <= made.items()
    assert made.keys() <= load.promised.keys() | load.unknown
    twice = platform.query(
        "SELECT run_id FROM run_legs WHERE accepted_at IS NOT NULL"
        " GROUP BY run_id HAVING count(*) > 1"
    )
    assert twice == []
    again = platform.query(
        "SELECT run_id, state FROM run_transitions"
        " WHERE state IN ('PERFORMING', 'FINISHED')"
        " GROUP BY run_id, state HAVING count(*) > 1"
    )
    assert again == []
    assert dead_letters(platform) == []
    held = platform.query(
        "SELECT (SELECT count(*) FROM run_legs WHERE ended_at IS NULL)"
        " + (SELECT count(*) FROM state_locks)"
        " + (SELECT count(*) FROM runs WHERE holds_blocker)"
        " + (SELECT count(*) FROM workers WHERE leg_id IS NOT NULL)"
    )
    assert held == [(0,)]


def dead_letters(platform: Platform) -> list[tuple[object, ...]]:
    return platform.query(
        "SELECT dead_from, dead_reason, body FROM message_queue_messages"
        " WHERE queue IN ('dlq', 'dlq-fifo')"
    )


def nothing() -> None:
    """Leave it: all is mended."""


@pytest.mark.timeout(300 + LONGEST * 8)
def test_all_connections_are_cut_again_and_again(
    platform: Platform, stacks: list[str]
) -> None:
    def storm() -> Callable[[], None]:
        until = time.monotonic() + STORM
        while time.monotonic() < until:
            administer(platform.postgres.port, KILL_ALL)
            time.sleep(0.25)
        return nothing

    endure(platform, stacks, storm)


@pytest.mark.timeout(300 + LONGEST * 8)
def test_the_server_is_away_for_a_while(platform: Platform, stacks: list[str]) -> None:
    def stop() -> Callable[[], None]:
        platform.stop("postgres")
        time.sleep(STOP / 2)
        events = f"{platform.base}/stacks/{stacks[0]}/events"
        bearer = {"Authorization": f"Bearer {platform.client.token}"}
        answer = httpx.get(events, headers=bearer, timeout=30)
        assert answer.status_code == 503
        assert answer.json()["message"] == AWAY
        assert httpx.get(f"{platform.base}/health").is_success
        time.sleep(STOP / 2)
        return lambda: platform.start("postgres")

    load = endure(platform, stacks, stop)
    assert load.refusals == {AWAY}


@pytest.mark.timeout(300 + LONGEST * 8)
def test_the_server_only_reads_for_a_while(
    platform: Platform, stacks: list[str]
) -> None:
    """As after a fail-over, until everybody knows who writes."""
    port = platform.postgres.port

    def only_read() -> Callable[[], None]:
        administer(
            port,
            "ALTER SYSTEM SET default_transaction_read_only = on",
            "SELECT pg_reload_conf()",
        )
        time.sleep(READ_ONLY)
        with psycopg.connect(platform.postgres.url) as connection:
            shown = connection.execute("SHOW default_transaction_read_only").fetchone()
        assert shown == ("on",)
        return lambda: administer(
            port,
            "ALTER SYSTEM RESET default_transaction_read_only",
            "SELECT pg_reload_conf()",
        )

    load = endure(platform, stacks, only_read)
    assert load.refusals == {AWAY}


@pytest.mark.timeout(300 + LONGEST * 8)
def test_the_server_hangs_for_a_while(platform: Platform, stacks: list[str]) -> None:
    """Connections stay open, and nobody says a word on them."""

    def pause() -> Callable[[], None]:
        main = platform.processes["postgres"].pid
        hung = [main, *children(main)]
        for pid in hung:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(PAUSE)
        for pid in reversed(hung):
            os.kill(pid, signal.SIGCONT)
        return nothing

    endure(platform, stacks, pause)


def children(parent: int) -> list[int]:
    threads = Path(f"/proc/{parent}/task").iterdir()
    return [
        int(pid) for one in threads for pid in (one / "children").read_text().split()
    ]
