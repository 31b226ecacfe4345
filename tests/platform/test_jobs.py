"""Both ways of a job to its worker: in the message, and through object storage."""

import base64
from collections.abc import Iterator

import pytest
from obstore.store import S3Store
from tests.support.platform import BUCKETS, Platform, running_platform

from stackyard.kernel.blobs import Bucket
from stackyard_protocol.mqtt import SMALL_JOB

ADD_FILE = """
mutation ($stack: ID!, $config: ConfigInput!) {
  stackConfigAdd(stack: $stack, config: $config) { id }
}
"""
MAKE_CONTEXT = """
mutation ($input: ContextInput!) { contextCreateV2(input: $input) { id } }
"""
ATTACH = """
mutation ($id: ID!, $stack: ID!) { contextAttach(id: $id, stack: $stack) { id } }
"""


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform() as platform:
        yield platform


@pytest.mark.parametrize("size", [10, SMALL_JOB], ids=["small", "large"])
def test_a_job_arrives_whatever_its_size(platform: Platform, size: int) -> None:
    client = platform.client
    repo = client.create_repo(f"of-{size}")
    client.commit(repo, {"main.tf": ""})
    stack = client.create_stack(f"of {size}", repo, platform.pool)
    content = base64.b64encode(b"x" * size).decode()
    config = {
        "id": "blob",
        "type": "FILE_MOUNT",
        "value": content,
        "writeOnly": False,
    }
    client.ask(ADD_FILE, stack=stack, config=config)

    run = client.task(stack, "wc -c < /mnt/workspace/blob")
    client.wait_for(stack, run, "FINISHED")

    [printed] = [
        body for (state, _), body in client.log(stack, run).items() if "PERF" in state
    ]
    assert int(printed) == size
    assert bool(jobs_in_store(platform, run)) == (size == SMALL_JOB)


def test_a_worker_carries_out_what_contexts_give(platform: Platform) -> None:
    client = platform.client
    repo = client.create_repo("shared")
    client.commit(repo, {"main.tf": ""})
    stack = client.create_stack("with contexts", repo, platform.pool)
    shared = [
        variable("SHARED", "theirs"),
        variable("OWN", "theirs"),
        variable("TOKEN", "canary-5ecre7", secret=True),
        {
            "id": "net/greeting",
            "type": "FILE_MOUNT",
            "value": base64.b64encode(b"hello").decode(),
            "writeOnly": True,
        },
    ]
    hooks = {"beforePerform": ["export HOOK=before"], "afterPerform": ["echo after"]}
    context = {"name": "Shared", "configAttachments": shared, "hooks": hooks}
    client.ask(MAKE_CONTEXT, input=context)
    client.ask(ATTACH, id="shared", stack=stack)
    client.ask(ADD_FILE, stack=stack, config=variable("OWN", "own"))

    file = "/mnt/workspace/net/greeting"
    said = f'echo "$SHARED $OWN $HOOK $TOKEN ${{#TOKEN}}"; cat {file}; wc -c < {file}'
    run = client.task(stack, said)
    client.wait_for(stack, run, "FINISHED")

    [printed] = [
        body for (state, _), body in client.log(stack, run).items() if "PERF" in state
    ]
    # what nobody may read again is masked, also what was in the file
    assert printed.decode().splitlines() == [
        "theirs own before ***** 13",
        "*****5",
        "after",
    ]


def test_a_run_has_encrypted_files_in_the_clear_and_its_log_has_not(
    platform: Platform,
) -> None:
    client = platform.client
    repo = client.create_repo("closed")
    client.commit(repo, {"main.tf": 'output "length" { value = length(var.word) }\n'})
    declared = 'variable "word" { default = "" }\n'
    client.commit(repo, {"variables.tf": declared}, encrypt=True)
    stack = client.create_stack("closed", repo, platform.pool)

    plan = client.trigger(stack)
    client.wait_for(stack, plan, "UNCONFIRMED")
    client.act("runDiscard", stack, plan)
    run = client.task(stack, "cat variables.tf; wc -c < variables.tf")
    client.wait_for(stack, run, "FINISHED")

    [printed] = [
        body for (state, _), body in client.log(stack, run).items() if "PERF" in state
    ]
    assert printed.decode() == f"*****{len(declared)}\n"


def variable(name: str, value: str, *, secret: bool = False) -> dict[str, object]:
    kind = "ENVIRONMENT_VARIABLE"
    return {"id": name, "type": kind, "value": value, "writeOnly": secret}


def jobs_in_store(platform: Platform, run: str) -> list[object]:
    store = S3Store(
        BUCKETS[Bucket.METADATA],
        endpoint=f"http://{platform.store.address}",
        access_key_id=platform.store.access_key_id,
        secret_access_key=platform.store.secret_access_key,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    return [one for page in store.list(f"jobs/{run}/") for one in page]
