"""What users and strangers send that is wrong: said clearly, and nothing is lost.

After each test no slot or lock is held (`nothing_is_held`), and the stack goes on.
"""

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.support.certificates import private_pem, rsa_key, signing_request
from tests.support.client import Client, GraphQLFailedError, eventually
from tests.support.platform import Platform

from stackyard.adapters.crypto.tokens import RsaTokens
from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import new_ulid
from stackyard_protocol.mqtt import inbox, outbox

GOOD = {"main.tf": 'output "x" { value = 1 }\n'}
CANARY = "canary-0ddba11-never-shown"
TEN_MB = 10 * 1024 * 1024
numbers = count(1)


def a_repo(platform: Platform, files: dict[str, str] | None = None) -> str:
    repo = platform.client.create_repo(f"input-{next(numbers)}")
    platform.client.commit(repo, files or GOOD)
    return repo


def a_stack(
    platform: Platform, files: dict[str, str] | None = None, **given: Any
) -> str:
    repo = a_repo(platform, files)
    return platform.client.create_stack(repo, repo, platform.pool, **given)


def failed(platform: Platform, stack: str) -> tuple[str, str]:
    """Trigger a run that fails; return it and the note that says why."""
    client = platform.client
    run = client.trigger(stack)
    note = client.wait_for(stack, run, "FAILED")["history"][0]["note"]
    return run, note


def text_of(client: Client, stack: str, run: str, state: str) -> str:
    return bytes_of(client, stack, run, state).decode()


def bytes_of(client: Client, stack: str, run: str, state: str) -> bytes:
    """Return what the state printed, followed to its end."""
    whole = client.log(stack, run)
    return b"".join(body for (name, _), body in whole.items() if name == state)


def assert_deploys(platform: Platform, stack: str) -> None:
    """Plan, confirm and apply: whatever was refused before is not in the way."""
    client = platform.client
    run = client.trigger(stack)
    client.wait_for(stack, run, "UNCONFIRMED")
    client.act("runConfirm", stack, run)
    client.wait_for(stack, run, "FINISHED")
    assert client.outputs(stack)["x"] == "1"


# Runs that cannot succeed


def test_a_version_that_the_worker_lacks_fails_naming_wanted_and_found(
    platform: Platform,
) -> None:
    vendor = {"useSmartSanitization": False, "version": "1.0.0"}
    stack = a_stack(platform, vendorConfig={"terraform": vendor})

    _, note = failed(platform, stack)

    assert re.fullmatch(
        r"The worker does not have terraform 1\.0\.0\."
        r" It has terraform \d+\.\d+\.\d+(, \d+\.\d+\.\d+)*\.",
        note,
    )
    platform.client.update_stack(stack, stack, stack, platform.pool)
    assert_deploys(platform, stack)


def test_a_built_in_repository_that_does_not_exist_is_refused_at_once(
    platform: Platform,
) -> None:
    with pytest.raises(GraphQLFailedError, match="There is no such built-in repo"):
        platform.client.create_stack("of-nothing", "nothing", platform.pool)

    found = platform.client.ask('{ stack(id: "of-nothing") { id } }')
    assert found == {"stack": None}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"provider": "GITHUB", "vcsIntegrationId": None},
            "code cannot be fetched from GITHUB yet",
        ),
        (
            {
                "provider": "GIT",
                "vcsIntegrationId": None,
                "repositoryURL": "https://127.0.0.1/none.git",
            },
            "The address leads to a network that the platform must not call.",
        ),
        ({"branch": "missing"}, 'there is no branch "missing" in the repository {}'),
    ],
)
def test_code_that_cannot_be_had_fails_the_run_with_the_reason(
    platform: Platform, given: dict[str, Any], reason: str
) -> None:
    stack = a_stack(platform, **given)

    run, note = failed(platform, stack)

    assert note.startswith(reason.format(stack))
    assert platform.client.log(stack, run) == {}
    platform.client.update_stack(stack, stack, stack, platform.pool)
    assert_deploys(platform, stack)


def test_a_repository_without_a_commit_fails_the_run_with_the_reason(
    platform: Platform,
) -> None:
    client = platform.client
    repo = client.create_repo("empty")
    stack = client.create_stack(repo, repo, platform.pool)

    _, note = failed(platform, stack)

    assert note == 'there is no branch "main" in the repository empty'
    client.commit(repo, GOOD)
    pushed = eventually(lambda: client.runs(stack)[:-1], "the run of the first commit")
    client.wait_for(stack, pushed[0]["id"], "UNCONFIRMED")
    client.act("runDiscard", stack, pushed[0]["id"])
    assert_deploys(platform, stack)


@pytest.mark.parametrize(
    ("code", "state", "command", "complaint"),
    [
        (
            'output "x" { value = file("missing.txt") }\n',
            *("PLANNING", "terraform plan"),
            'no file exists at "missing.txt"',
        ),
        ("oops {\n", *("INITIALIZING", "terraform init"), "Unclosed configuration"),
    ],
)
def test_code_that_terraform_refuses_fails_with_its_words_in_the_log(
    platform: Platform, code: str, state: str, command: str, complaint: str
) -> None:
    client, stack = platform.client, a_stack(platform, {"main.tf": code})

    run, note = failed(platform, stack)

    assert note == f"{command} failed with exit code 1."
    text = text_of(client, stack, run, state)
    assert complaint in text
    assert text.endswith(f"{note}\n")
    mend(platform, stack)
    assert_deploys(platform, stack)


def mend(platform: Platform, stack: str) -> None:
    """Commit good code; the push makes a run of its own, which is let go of."""
    client = platform.client
    before = {run["id"] for run in client.runs(stack)}
    client.commit(stack, GOOD, "Mend", "UPDATE")

    def pushed() -> list[str]:
        return [run["id"] for run in client.runs(stack) if run["id"] not in before]

    [run] = eventually(pushed, "the run of the push")
    client.wait_for(stack, run, "UNCONFIRMED")
    client.act("runDiscard", stack, run)
    client.wait_for(stack, run, "DISCARDED")


def test_a_hook_that_fails_is_named_with_its_exit_code(platform: Platform) -> None:
    hooks = ["echo first", "echo second; exit 7", "echo third"]
    client, stack = platform.client, a_stack(platform, beforePlan=hooks)

    run, note = failed(platform, stack)

    assert note == "Hook 2 of before_plan failed with exit code 7."
    text = text_of(client, stack, run, "PLANNING")
    assert text == f"first\nsecond\n{note}\n"
    client.update_stack(stack, stack, stack, platform.pool, beforePlan=[])
    assert_deploys(platform, stack)


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", ".git/hooks/x", ""])
def test_a_commit_that_leaves_its_folder_is_refused_and_changes_nothing(
    platform: Platform, path: str
) -> None:
    client, stack = platform.client, a_stack(platform)
    head = tracked(platform, stack)

    with pytest.raises(GraphQLFailedError, match=r"invalid revision: .*path"):
        client.commit(stack, {"fine.tf": "", path: "y"})

    assert tracked(platform, stack) == head
    assert_deploys(platform, stack)


def tracked(platform: Platform, stack: str) -> str:
    """Ask for the head of the branch; return its hash."""
    found = platform.client.ask(
        "mutation ($id: ID!) { stackSyncCommit(id: $id) { trackedCommit { hash } } }",
        id=stack,
    )
    return str(found["stackSyncCommit"]["trackedCommit"]["hash"])


# The state


class States:
    """Terraform's HTTP backend, by hand, as the API key."""

    def __init__(self, platform: Platform, stack: str) -> None:
        self.http = platform.client.http
        self.url = f"{platform.base}/state/{stack}"
        self.auth = platform.key

    def send(self, method: str, body: Any = None, **params: str) -> httpx.Response:
        content = None if body is None else json.dumps(body)
        return self.http.request(
            method, self.url, params=params, content=content, auth=self.auth
        )


def a_state(serial: int, **given: Any) -> dict[str, Any]:
    usual = {"version": 4, "serial": serial, "lineage": "one"}
    return usual | {"outputs": {}, "resources": []} | given


def test_a_state_without_the_lock_is_refused_and_not_stored(
    platform: Platform,
) -> None:
    stack = a_stack(platform)
    states = States(platform, stack)

    answers = [states.send("POST", a_state(1)), states.send("POST", a_state(1), ID="x")]

    for answer in answers:
        assert answer.status_code == 409
        assert answer.json()["message"] == (
            "The state is not locked: whoever writes it must hold its lock."
        )
    assert states.send("GET").status_code == 204
    assert_deploys(platform, stack)


def test_a_state_under_somebody_elses_lock_is_refused_with_its_holder(
    platform: Platform,
) -> None:
    stack = a_stack(platform)
    states = States(platform, stack)
    holder = {"ID": "mine", "Who": "ada@laptop"}
    assert states.send("LOCK", holder).status_code == 200

    again = states.send("LOCK", {"ID": "other"})
    write = states.send("POST", a_state(1), ID="other")
    unlock = states.send("UNLOCK", {"ID": "other"})

    assert [one.status_code for one in (again, write, unlock)] == [423] * 3
    assert again.json() == write.json() == unlock.json() == holder
    assert states.send("GET").status_code == 204
    assert states.send("UNLOCK", holder).status_code == 200
    assert_deploys(platform, stack)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (a_state(2), "serial 2 is not newer than 3"),
        (a_state(3, check="other"), "serial 3 is not newer than 3"),
        (a_state(4, lineage="two"), "it is of another lineage"),
    ],
)
def test_a_state_that_does_not_go_forward_is_refused_and_the_current_one_kept(
    platform: Platform, state: dict[str, Any], reason: str
) -> None:
    stack = a_stack(platform)
    states = States(platform, stack)
    states.send("LOCK", {"ID": "mine"})
    assert states.send("POST", a_state(3), ID="mine").status_code == 200

    answer = states.send("POST", state, ID="mine")

    assert answer.status_code == 409
    assert reason in answer.json()["message"]
    assert states.send("GET").json() == a_state(3)
    assert states.send("POST", a_state(3), ID="mine").status_code == 200  # repeated
    assert states.send("UNLOCK", {"ID": "mine"}).status_code == 200
    assert_deploys(platform, stack)


@pytest.mark.parametrize("body", ["junk", [], {"version": 4}, {"serial": "x"}])
def test_what_is_no_state_is_refused(platform: Platform, body: Any) -> None:
    stack = a_stack(platform)
    states = States(platform, stack)
    states.send("LOCK", {"ID": "mine"})

    answer = states.send("POST", body, ID="mine")

    assert answer.status_code == 400
    assert answer.json()["message"] == "This is not a Terraform state."
    states.send("UNLOCK", {"ID": "mine"})
    assert states.send("GET").status_code == 204


# Logs


def test_a_line_of_ten_megabytes_arrives_byte_for_byte(platform: Platform) -> None:
    client, stack = platform.client, a_stack(platform)

    run = client.task(stack, f"seq 1 2000000 | tr '\\n' ' ' | head -c {TEN_MB}; echo")
    client.wait_for(stack, run, "FINISHED")

    wanted = " ".join(map(str, range(1, 2_000_001))).encode()[:TEN_MB] + b"\n"
    # not compared in an assert: pytest would explain ten megabytes
    same = bytes_of(client, stack, run, "PERFORMING") == wanted
    assert same
    as_text = "".join(graphql_log(client, stack, run, "PERFORMING")) == wanted.decode()
    assert as_text


def test_bytes_that_are_no_utf_8_arrive_as_they_are_and_as_marks_in_graphql(
    platform: Platform,
) -> None:
    client, stack = platform.client, a_stack(platform)

    run = client.task(stack, r"printf 'a\377\376 \303\251 b\303\nlast \360\237'")
    client.wait_for(stack, run, "FINISHED")

    body = b"a\xff\xfe \xc3\xa9 b\xc3\nlast \xf0\x9f"
    assert bytes_of(client, stack, run, "PERFORMING") == body
    shown = "".join(graphql_log(client, stack, run, "PERFORMING"))
    assert shown == body.decode(errors="replace")
    assert shown.startswith("a\ufffd\ufffd é b\ufffd\nlast \ufffd")


def graphql_log(client: Client, stack: str, run: str, state: str) -> list[str]:
    messages, token = [], None
    while True:
        page = client.ask(
            "query ($stack: ID!, $run: ID!, $state: RunState!, $token: String) {"
            " stack(id: $stack) { run(id: $run) { logs(state: $state, token: $token)"
            " { exists finished messages { message } nextToken } } } }",
            stack=stack,
            run=run,
            state=state,
            token=token,
        )["stack"]["run"]["logs"]
        assert page["exists"]
        messages += [one["message"] for one in page["messages"]]
        token = page["nextToken"]
        if page["finished"]:
            return messages


# Tokens


def claims_of(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=="))
    return found


def signed(platform: Platform, key: rsa.RSAPrivateKey | None, **given: Any) -> str:
    """Return our own token with other claims; with *key*, signed by somebody else."""
    if key is None:
        own = load_pem_private_key(
            (platform.folder / "platform.pem").read_bytes(), None
        )
        assert isinstance(own, rsa.RSAPrivateKey)
        key = own
    claims = claims_of(platform.client.token) | given
    return RsaTokens.of(key, clock=system_clock).sign(claims)


TOKENS: dict[str, Callable[[Platform], str]] = {
    "garbage": lambda _: "garbage",
    "a broken signature": lambda platform: platform.client.token[:-8] + "AAAAAAAA",
    "another's signature": lambda platform: signed(platform, rsa_key()),
    "expired": lambda platform: signed(platform, None, exp=int(time.time()) - 60),
    "not valid yet": lambda platform: signed(platform, None, nbf=time.time() + 600),
    "for another site": lambda platform: signed(platform, None, aud="https://x.test"),
    "of another issuer": lambda platform: signed(platform, None, iss="somebody"),
    "of a key that is gone": lambda platform: signed(platform, None, sub="01GONE"),
}


def test_the_tokens_of_these_tests_would_do_if_nothing_were_wrong_with_them(
    platform: Platform,
) -> None:
    with httpx.Client(timeout=30) as http:
        client = Client(platform.base, signed(platform, None), http)
        assert client.ask("{ viewer { name } }") == {"viewer": {"name": "tests"}}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_that_is_not_good_opens_nothing_and_changes_nothing(
    platform: Platform, kind: str
) -> None:
    stack = a_stack(platform)
    bad = {"Authorization": f"Bearer {TOKENS[kind](platform)}"}
    with httpx.Client(base_url=platform.base, headers=bad, timeout=30) as http:
        asked = http.post("/graphql", json={"query": "{ viewer { id } }"})
        assert asked.json() == {"data": {"viewer": None}}  # nobody in particular
        for document in ("{ stacks { id } }", lock(stack)):
            answer = http.post("/graphql", json={"query": document})
            assert answer.status_code == 200
            [error] = answer.json()["errors"]
            assert "unauthorized" in error["message"]
            assert answer.json()["data"] is None
        for path in (
            f"/stacks/{stack}/events",
            f"/state/{stack}",
            "/session",
            f"/git/{stack}.git/info/refs?service=git-upload-pack",
        ):
            assert http.get(path).status_code == 401, path
        for path in ("reports", "logs/1/0", "logs/1/end", "workspace-url"):
            answer = http.post(f"/worker/legs/01NOSUCHLEG/{path}", content=b"{}")
            assert answer.status_code == 410, path
    locked = platform.client.ask(f'{{ stack(id: "{stack}") {{ lockedBy }} }}')
    assert locked == {"stack": {"lockedBy": None}}


def lock(stack: str) -> str:
    return f'mutation {{ stackLock(id: "{stack}") {{ id }} }}'


def test_the_leg_of_a_run_in_progress_takes_no_bearer_but_its_own(
    platform: Platform,
) -> None:
    client, stack = platform.client, a_stack(platform)
    run = client.task(stack, "echo begun; sleep 2; echo ended")
    [(leg,)] = eventually(
        lambda: platform.query(
            f"SELECT id FROM run_legs WHERE run_id = '{run}'"
            " AND accepted_at IS NOT NULL"
        ),
        "the leg",
    )
    report = {"sequence": 1, "body": {"kind": "ended", "state": "FAILED"}}

    for token in ("garbage", client.token):
        for path, body in (("reports", report), ("logs/4/0", "intruded")):
            answer = client.http.post(
                f"{platform.base}/worker/legs/{leg}/{path}",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            )
            assert answer.status_code == 410

    client.wait_for(stack, run, "FINISHED")
    assert text_of(client, stack, run, "PERFORMING") == "begun\nended\n"


# The broker


class Guest:
    """A stranger's mosquitto with the certificate of a pool of its own."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        created = platform.client.ask(
            "mutation ($name: String!, $csr: String!) { workerPoolCreate(name: $name,"
            " certificateSigningRequest: $csr) { id config } }",
            name=f"pool-{next(numbers)}",
            csr=signing_request(),
        )["workerPoolCreate"]
        self.platform, self.folder, self.id = platform, folder, str(created["id"])
        token = json.loads(base64.b64decode(created["config"]))
        self._file("ca").write_text(token["broker"]["ca"])
        self._file("cert").write_text(token["certificate"])
        self._file("key").write_bytes(private_pem(rsa_key()))

    def start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        files = {"cafile": "ca", "cert": "cert", "key": "key"}
        return subprocess.Popen(
            [
                *(program, "-h", "127.0.0.1", "-p", str(self.platform.mqtt_port)),
                *(word for o, f in files.items() for word in (f"--{o}", self._path(f))),
                *("-V", "mqttv5", "-q", "1", *arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, program: str, *arguments: str) -> tuple[str, str]:
        with self.start(program, *arguments) as process:
            try:
                return process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def workers(self) -> list[str]:
        found = self.platform.client.ask(
            "query ($id: ID!) { workerPool(id: $id) { workers { id } } }", id=self.id
        )
        return [one["id"] for one in found["workerPool"]["workers"]]

    def _file(self, kind: str) -> Path:
        return self.folder / f"{self.id}-{kind}.pem"

    def _path(self, kind: str) -> str:
        return str(self._file(kind))


REGISTER = '{"kind": "register", "version": "1"}'


def test_a_message_on_a_foreign_pools_topic_is_refused_and_not_delivered(
    platform: Platform, tmp_path: Path
) -> None:
    mine, foreign = Guest(platform, tmp_path), Guest(platform, tmp_path)
    worker = new_ulid()
    topics = outbox(foreign.id, worker), outbox(mine.id, worker)

    refusal, said = (
        mine.run("mosquitto_pub", "-t", topic, "-m", REGISTER)[1] for topic in topics
    )

    assert "Not authorized" in refusal
    assert said == ""
    eventually(lambda: mine.workers() == [worker], "the message on the own topic")
    assert foreign.workers() == []


def test_a_foreign_pools_messages_cannot_be_read(
    platform: Platform, tmp_path: Path
) -> None:
    client, stranger = platform.client, Guest(platform, tmp_path)
    with stranger.start(
        "mosquitto_sub", *("-t", inbox(platform.pool, "+"), "-C", "1", "-W", "20")
    ) as process:
        stack = a_stack(platform)
        run = client.task(stack, "true")
        client.wait_for(stack, run, "FINISHED")
        read, refusal = process.communicate(timeout=40)

    assert "denied" in refusal
    assert read == ""


# Secrets


def test_a_secret_variable_is_masked_in_the_log_and_found_nowhere_else(
    platform: Platform,
) -> None:
    client = platform.client
    hook = 'echo "it is $TOP_SECRET."; echo "$TOP_SECRET" | cut -c1-10; printenv'
    stack = a_stack(platform, beforePlan=[hook], afterPlan=['exit "$TOP_SECRET"'])
    answers = [
        client.ask(
            "mutation ($stack: ID!, $config: ConfigInput!) {"
            " stackConfigAdd(stack: $stack, config: $config) { id value checksum } }",
            stack=stack,
            config={
                "id": "TOP_SECRET",
                "type": "ENVIRONMENT_VARIABLE",
                "value": CANARY,
                "writeOnly": True,
            },
        )
    ]

    run, note = failed(platform, stack)

    text = text_of(client, stack, run, "PLANNING")
    assert "it is *****.\n" in text
    assert "TOP_SECRET=*****\n" in text
    task = client.task(stack, f"echo {CANARY}; sh -c 'echo $TOP_SECRET >&2; exit 3'")
    client.wait_for(stack, task, "FAILED")
    assert text_of(client, stack, task, "PERFORMING").startswith("*****\n*****\n")
    answers += [
        {"note": note, "graphql": graphql_log(client, stack, run, "PLANNING")},
        client.run(stack, run),
        client.run(stack, task),
        client.ask(
            "query ($stack: ID!) { stack(id: $stack) {"
            " config { id value checksum writeOnly }"
            " runtimeConfig { element { id value checksum writeOnly } } } }",
            stack=stack,
        ),
        {name: body.decode() for (name, _), body in client.log(stack, run).items()},
    ]
    assert CANARY not in json.dumps(answers)
    logs = list(platform.folder.glob("*.log"))
    assert {"server.log", "drain.log", "worker-0.log"} <= {one.name for one in logs}
    for path in logs:
        assert CANARY not in path.read_text(errors="replace"), path.name
