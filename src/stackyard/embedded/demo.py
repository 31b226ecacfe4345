"""`stackyard demo`: from code to applied infrastructure, through the front doors.

Whatever it does, a person could do with curl and git: GraphQL, git over HTTP, and the
log as server-sent events. It ends with 0 only if the run finished.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stackyard.embedded.client import Client, PlatformError
from stackyard.embedded.follow import follow
from stackyard.embedded.push import push_folder
from stackyard.embedded.supervisor import Options, Running, Supervisor
from stackyard.embedded.up import run as run_to_end
from stackyard.embedded.up import tell

SLUG: Final = "demo"
_PUSH_SECONDS: Final = 5
_RUN: Final = """
query($stack:ID!,$run:ID!){stack(id:$stack){run(id:$run){
  id state finished delta{addCount changeCount deleteCount resources}
}}}"""
_RUNS: Final = "query($stack:ID!){stack(id:$stack){runs{id state}}}"
_RESULTS: Final = """
query($stack:ID!){stack(id:$stack){
  outputs{id value sensitive} entities{address type}
}}"""


def main(arguments: Sequence[str]) -> None:
    """Start the platform, plan and apply the bundled example, stop, exit.

    Without `--data` it works in a folder of its own that is kept for the next time,
    since a first start makes keys and a database.
    """
    parser = argparse.ArgumentParser(
        prog="stackyard demo", description="Plan and apply a stack, then end."
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=_cached_folder(),
        help="where the platform's data is kept",
    )
    began = time.monotonic()
    status = run_to_end(_start_and_walk(parser.parse_args(arguments).data))
    tell(f"the whole demo took {time.monotonic() - began:.1f} s")
    sys.exit(status)


def _cached_folder() -> Path:
    # not below a home: root's is closed to `nobody`, who runs PostgreSQL
    return Path(tempfile.gettempdir()) / f"stackyard-demo-{os.geteuid()}"


async def _start_and_walk(data: Path) -> int:
    _refuse_a_strangers(data)
    # any free ports: the demo must not be in the way of a platform that is up
    options = Options(data, slots=1, prefer_known_ports=False)
    async with Supervisor(options, tell).running() as platform:
        finished = await asyncio.to_thread(_walk, platform)
    return 0 if finished else 1


def _refuse_a_strangers(data: Path) -> None:
    """In a shared temporary folder somebody else may have made ours."""
    data.mkdir(mode=0o711, parents=True, exist_ok=True)
    if data.is_symlink() or data.stat().st_uid != os.geteuid():
        raise PlatformError(folder=str(data), problem="belongs to somebody else")


def _walk(platform: Running) -> bool:
    client = platform.client
    code = _example()
    repository = _repository(client)
    known = _known_runs(client)  # before the push: it may start one at once
    pushed = push_folder(
        code, f"{platform.site.url}/git/{repository}.git", platform.key
    )
    tell(f"pushed {code.name}/ to the repository {repository}: {pushed[:8]}")
    if known is None:
        stack = _make_stack(client, platform.pool, repository)
        run = _trigger(client, stack)
    else:
        stack = SLUG
        run = _run_of_push(client, stack, known) or _trigger(client, stack)
    tell(f"run {run}")
    waits = follow(client, run, until={"UNCONFIRMED"})
    if waits == "UNCONFIRMED":
        _tell_the_plan(client, stack, run)
        client.graphql(
            "mutation($stack:ID!,$run:ID!){runConfirm(stack:$stack,run:$run){id}}",
            stack=stack,
            run=run,
        )
        tell("confirmed")
        follow(client, run, until=set(), after=waits)
    return _tell_the_results(platform, stack, run)


def _example() -> Path:
    here = Path(__file__).resolve().parents[3] / "examples" / "demo"
    bundled = Path(__file__).with_name("example")
    return here if here.is_dir() else bundled


def _repository(client: Client) -> str:
    try:
        made = client.graphql(
            "mutation($input:RepoCreateInput!){repoCreate(input:$input){id}}",
            input={"spaceID": "root", "name": SLUG},
        )
    except PlatformError:
        found = client.graphql("query($id:ID!){repo(id:$id){id}}", id=SLUG)["repo"]
        if found is None:
            raise
        return str(found["id"])
    tell("repository made")
    return str(made["repoCreate"]["id"])


def _known_runs(client: Client) -> set[str] | None:
    """Return the stack's runs, or None if there is no stack yet."""
    found = client.graphql(_RUNS, stack=SLUG)["stack"]
    return None if found is None else {run["id"] for run in found["runs"]}


def _make_stack(client: Client, pool: str, repository: str) -> str:
    made = client.graphql(
        "mutation($input:StackInput!){stackCreate(input:$input,manageState:true){id}}",
        input={
            "name": SLUG,
            "repository": repository,
            "branch": "main",
            "provider": "SPACELIFT",
            "space": "root",
            "workerPool": pool,
            "vendorConfig": {"terraform": {"workflowTool": "TERRAFORM_FOSS"}},
            **dict.fromkeys(
                (
                    "administrative",
                    "autodeploy",
                    "autoretry",
                    "githubActionDeploy",
                    "localPreviewEnabled",
                    "enableWellKnownSecretMasking",
                    "enableSensitiveOutputUpload",
                    "protectFromDeletion",
                ),
                False,
            ),
        },
    )
    tell("stack made")
    return str(made["stackCreate"]["id"])


def _run_of_push(client: Client, stack: str, known: set[str]) -> str | None:
    """Return the run that the push started, unless it takes too long."""
    deadline = time.monotonic() + _PUSH_SECONDS
    while time.monotonic() < deadline:
        runs = client.graphql(_RUNS, stack=stack)["stack"]["runs"]
        for run in runs:
            if run["id"] not in known:
                tell("the push started a run")
                return str(run["id"])
        time.sleep(0.1)
    return None


def _trigger(client: Client, stack: str) -> str:
    triggered = client.graphql(
        "mutation($stack:ID!){runTrigger(stack:$stack){id}}", stack=stack
    )
    return str(triggered["runTrigger"]["id"])


def _tell_the_plan(client: Client, stack: str, run: str) -> None:
    found = client.graphql(_RUN, stack=stack, run=run)["stack"]["run"]
    delta = found["delta"] or {}
    tell(
        f"the plan: {delta.get('addCount', 0)} to add,"
        f" {delta.get('changeCount', 0)} to change,"
        f" {delta.get('deleteCount', 0)} to destroy"
    )


def _tell_the_results(platform: Running, stack: str, run: str) -> bool:
    state = platform.client.graphql(_RUN, stack=stack, run=run)["stack"]["run"]["state"]
    tell(f"the run is {state}")
    results = platform.client.graphql(_RESULTS, stack=stack)["stack"]
    for output in results["outputs"]:
        value = "(sensitive)" if output["sensitive"] else output["value"]
        tell(f"output {output['id']} = {value}")
    for resource in results["entities"]:
        tell(f"resource {resource['address']}")
    tell(f"its page: {platform.site.url}/stack/{stack}/run/{run}")
    return bool(state == "FINISHED")
