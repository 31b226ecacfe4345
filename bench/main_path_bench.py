"""How long the platform makes a run wait, beside what cannot be avoided.

created -> worker starts: from the run's row to the worker's word that it has the job;
platform time: a whole run less `terraform init`, `plan` and `apply` of the same code by
hand; log line -> viewer: from the line's print in the sandbox to its arrival over
server-sent events. The floors are an INSERT with NOTIFY until its callback, and an HTTP
request to the same server.
"""

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from tests.support.platform import Platform, running_platform

from bench.figures import spread, write
from stackyard_worker.shim import install_shim

IDLE_RUNS, QUEUED, WHOLE_RUNS, LOG_LINES = 60, 1000, 10, 200
REST = 0.5  # in seconds: what follows a run is over by then
CODE = 'resource "terraform_data" "x" { input = timestamp() }\n'


def main() -> None:
    with running_platform(workers=2) as platform:
        stack = a_stack(platform, "bench", autodeploy=True)
        platform.client.wait_for(stack, platform.client.task(stack, "true"), "FINISHED")
        figures: dict[str, Any] = {"unit": "ms"}
        figures["floor_insert_notify"] = spread(insert_notify(platform), 2)
        figures["floor_http_request"] = spread(http_requests(platform), 2)
        figures["created_to_start_idle"] = spread(starts(platform, stack))
        figures["log_line_to_viewer"] = spread(log_lines(platform, stack))
        figures["whole_run"] = spread(whole_runs(platform, stack))
        figures["bare_terraform"] = spread(bare_runs())
        figures["platform_time_p50"] = round(
            figures["whole_run"]["p50"] - figures["bare_terraform"]["p50"], 1
        )
        fill_queue(platform)
        figures["created_to_start_with_1000_queued"] = spread(starts(platform, stack))
        write("main_path", figures)


def a_stack(platform: Platform, name: str, **given: object) -> str:
    repo = platform.client.create_repo(name)
    platform.client.commit(repo, {"main.tf": CODE})
    return platform.client.create_stack(name, repo, platform.pool, **given)


def starts(platform: Platform, stack: str) -> list[float]:
    """Return how long each of many tasks waited, with a rest before each."""
    runs = []
    for _ in range(IDLE_RUNS):
        time.sleep(REST)
        run = platform.client.task(stack, "true")
        wait_for_end(platform, run)
        runs.append(run)
    rows = platform.query(
        "SELECT extract(epoch FROM min(l.accepted_at) - r.created_at)::float * 1000"
        " FROM runs r JOIN run_legs l ON l.run_id = r.id"
        f" WHERE r.id IN ({','.join(repr(run) for run in runs)}) GROUP BY r.id"
    )
    return [waited for (waited,) in rows]


def whole_runs(platform: Platform, stack: str) -> list[float]:
    """Return how long runs with a plan and an apply took, from row to end."""
    runs = []
    for _ in range(WHOLE_RUNS):
        run = platform.client.trigger(stack)
        wait_for_end(platform, run)
        runs.append(run)
    rows = platform.query(
        "SELECT extract(epoch FROM r.changed_at - r.created_at)::float * 1000"
        f" FROM runs r WHERE r.id IN ({','.join(repr(run) for run in runs)})"
    )
    return [took for (took,) in rows]


def wait_for_end(platform: Platform, run: str) -> None:
    """Listen rather than ask: a question every moment is work that nobody measures."""
    *_, (state, _) = platform.client.states(run)
    assert state == "FINISHED", state


def bare_runs() -> list[float]:
    """Return how long the same commands take by hand, in a fresh folder each."""
    took = []
    with tempfile.TemporaryDirectory() as tools:
        install_shim(Path(tools))
        environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": tools,
            "CHECKPOINT_DISABLE": "1",
        }
        for _ in range(WHOLE_RUNS):
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "main.tf").write_text(CODE)
                begin = time.perf_counter()
                for command in (["init"], ["plan", "-out=p"], ["apply", "p"]):
                    verb, *rest = command
                    subprocess.run(
                        ["terraform", verb, "-no-color", *rest],
                        cwd=folder,
                        env=environment,
                        check=True,
                        capture_output=True,
                        stdin=subprocess.DEVNULL,
                        timeout=60,
                    )
                took.append((time.perf_counter() - begin) * 1000)
    return took


def log_lines(platform: Platform, stack: str) -> list[float]:
    client = platform.client
    command = f"for i in $(seq {LOG_LINES}); do date +line-%s.%N; sleep 0.05; done"
    run = client.task(stack, command)
    found = client.wait_for(stack, run, "PERFORMING")
    late, rest = [], b""
    for chunk in client.follow(run, found["stateVersion"]):
        now = time.time()
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            printed = re.match(rb"line-([0-9.]+)$", line)
            if printed:
                late.append((now - float(printed[1])) * 1000)
    assert len(late) == LOG_LINES, f"{len(late)} lines of {LOG_LINES} arrived"
    return late


def fill_queue(platform: Platform) -> None:
    """Let a thousand runs wait before the gates of other stacks."""
    stacks = [a_stack(platform, f"full-{number}") for number in range(10)]
    blocked = ", ".join(f"'{stack}'" for stack in stacks)
    platform.query(
        f"UPDATE stacks SET worker_pool_id = NULL WHERE id IN ({blocked}) RETURNING id"
    )
    for number in range(QUEUED):
        platform.client.task(stacks[number % len(stacks)], "true")


def insert_notify(platform: Platform) -> list[float]:
    took = []
    with (
        psycopg.connect(platform.postgres.url, autocommit=True) as hears,
        psycopg.connect(platform.postgres.url) as says,
    ):
        hears.execute("LISTEN bench")
        says.execute("CREATE TEMPORARY TABLE bench (id int)")
        says.commit()
        for number in range(200):
            begin = time.perf_counter()
            says.execute("INSERT INTO bench VALUES (%s)", (number,))
            says.execute("NOTIFY bench")
            says.commit()
            next(hears.notifies(timeout=5))
            took.append((time.perf_counter() - begin) * 1000)
    return took


def http_requests(platform: Platform) -> list[float]:
    took = []
    for _ in range(200):
        begin = time.perf_counter()
        platform.client.http.get(f"{platform.base}/health").raise_for_status()
        took.append((time.perf_counter() - begin) * 1000)
    return took


if __name__ == "__main__":
    main()
