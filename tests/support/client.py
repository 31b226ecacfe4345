"""A client of the platform, as outsiders are: GraphQL, git and server-sent events."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from tests.support.documents import hear

T = TypeVar("T")

FINAL = {"FINISHED", "FAILED", "CANCELED", "DISCARDED", "STOPPED", "SKIPPED"}


class GraphQLFailedError(Exception):
    """The first message of an answer with errors."""


def eventually(
    look: Callable[[], T | None], what: str, seconds: float = 60, every: float = 0.5
) -> T:
    """Return the first true answer of *look*, or fail at a deadline.

    It is asked for soon, and then less and less often: whoever is asked has work to do.
    """
    deadline, pause = time.monotonic() + seconds, 0.05
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            message = f"waited {seconds} s in vain for {what}"
            raise AssertionError(message)
        time.sleep(min(pause, every))
        pause *= 1.5


def stack_input(name: str, repo: str, pool: str, **given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "administrative": False,
        "autodeploy": False,
        "autoretry": False,
        "branch": "main",
        "githubActionDeploy": True,
        "localPreviewEnabled": False,
        "enableWellKnownSecretMasking": False,
        "enableSensitiveOutputUpload": True,
        "name": name,
        "protectFromDeletion": False,
        "provider": "SPACELIFT",
        "repository": repo,
        "vcsIntegrationId": repo,
        "workerPool": pool,
        "vendorConfig": {"terraform": {"useSmartSanitization": False}},
    }
    return usual | given


@dataclass
class Client:
    base: str
    token: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def __post_init__(self) -> None:
        self.http.event_hooks = {"response": [hear]}

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        answer = self.http.post(
            f"{self.base}/graphql",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"} if self.token else {},
        )
        answer.raise_for_status()
        body = answer.json()
        if body.get("errors"):
            raise GraphQLFailedError(body["errors"][0]["message"])
        data: dict[str, Any] = body["data"]
        return data

    def sign_in(self, key: str, secret: str) -> None:
        user = self.ask(
            "mutation ($id: ID!, $secret: String!)"
            " { apiKeyUser(id: $id, secret: $secret) { jwt } }",
            id=key,
            secret=secret,
        )["apiKeyUser"]
        self.token = user["jwt"]

    def create_stack(self, name: str, repo: str, pool: str, **given: Any) -> str:
        created = self.ask(
            "mutation ($input: StackInput!)"
            " { stackCreate(input: $input, manageState: true) { id } }",
            input=stack_input(name, repo, pool, **given),
        )
        return str(created["stackCreate"]["id"])

    def update_stack(
        self, stack: str, name: str, repo: str, pool: str, **given: Any
    ) -> None:
        self.ask(
            "mutation ($id: ID!, $input: StackInput!)"
            " { stackUpdate(id: $id, input: $input) { id } }",
            id=stack,
            input=stack_input(name, repo, pool, **given),
        )

    def create_repo(self, name: str) -> str:
        created = self.ask(
            "mutation ($input: RepoCreateInput!) { repoCreate(input: $input) { id } }",
            input={"name": name, "spaceID": "root"},
        )
        return str(created["repoCreate"]["id"])

    def commit(
        self,
        repo: str,
        files: dict[str, str],
        message: str = "Change",
        action: str = "CREATE",
        *,
        encrypt: bool | None = None,
    ) -> str:
        created = self.ask(
            "mutation ($input: RevisionCreateInput!)"
            " { revisionCreate(input: $input) { sha } }",
            input={
                "repoID": repo,
                "message": message,
                "authorName": "Ada",
                "files": [
                    {
                        "path": path,
                        "content": base64.b64encode(text.encode()).decode(),
                        "action": action,
                        "fileMode": "0644",
                        "encrypt": encrypt,
                    }
                    for path, text in files.items()
                ],
            },
        )
        return str(created["revisionCreate"]["sha"])

    def trigger(self, stack: str, kind: str = "TRACKED") -> str:
        created = self.ask(
            "mutation ($stack: ID!, $kind: RunType)"
            " { runTrigger(stack: $stack, runType: $kind) { id } }",
            stack=stack,
            kind=kind,
        )
        return str(created["runTrigger"]["id"])

    def task(self, stack: str, command: str, *, skip_init: bool = True) -> str:
        created = self.ask(
            "mutation ($stack: ID!, $command: String!, $skip: Boolean)"
            " { taskCreate(stack: $stack, command: $command, skipInitialization: $skip)"
            " { id } }",
            stack=stack,
            command=command,
            skip=skip_init,
        )
        return str(created["taskCreate"]["id"])

    def act(self, verb: str, stack: str, run: str) -> None:
        self.ask(
            f"mutation ($stack: ID!, $run: ID!) {{ {verb}(stack: $stack, run: $run)"
            " { id } }",
            stack=stack,
            run=run,
        )

    def run(self, stack: str, run: str) -> dict[str, Any]:
        found = self.ask(
            "query ($stack: ID!, $run: ID!) { stack(id: $stack) { run(id: $run) {"
            " id state stateVersion type waitingFor triggeredBy commit { hash }"
            " delta { addCount changeCount deleteCount resources }"
            " history { state stateVersion note username hasLogs timestamp } } } }",
            stack=stack,
            run=run,
        )
        result: dict[str, Any] = found["stack"]["run"]
        return result

    def runs(self, stack: str) -> list[dict[str, Any]]:
        found = self.ask(
            "query ($stack: ID!) { stack(id: $stack)"
            " { runs { id state type commit { hash } } } }",
            stack=stack,
        )
        result: list[dict[str, Any]] = found["stack"]["runs"]
        return result

    def wait_for(
        self, stack: str, run: str, *states: str, seconds: float = 60
    ) -> dict[str, Any]:
        """Return the run when it is in one of *states*; fail early in another end."""

        def look() -> dict[str, Any] | None:
            found = self.run(stack, run)
            if found["state"] in states:
                return found
            if found["state"] in FINAL:
                message = f"run ended {found['state']}: {found['history'][:3]}"
                raise AssertionError(message)
            return None

        return eventually(look, f"run {run} to be {states}", seconds)

    def outputs(self, stack: str) -> dict[str, str | None]:
        found = self.ask(
            "query ($stack: ID!) { stack(id: $stack) { outputs { id value } } }",
            stack=stack,
        )
        return {one["id"]: one["value"] for one in found["stack"]["outputs"]}

    def log(self, stack: str, run: str) -> dict[tuple[str, int], bytes]:
        """Return the whole log of each state that printed, byte for byte."""
        history = self.run(stack, run)["history"]
        return {
            (step["state"], step["stateVersion"]): b"".join(
                self.follow(run, step["stateVersion"])
            )
            for step in reversed(history)
            if step["hasLogs"]
        }

    def follow(self, run: str, version: int, offset: int = 0) -> Iterator[bytes]:
        """Yield the log's bytes as they come, until the phase has ended."""
        with self.http.stream(
            "GET",
            f"{self.base}/runs/{run}/logs/{version}/stream",
            params={"offset": offset},
            headers={"Authorization": f"Bearer {self.token}"},
        ) as answer:
            answer.raise_for_status()
            name = ""
            for line in answer.iter_lines():
                field_name, _, value = line.partition(": ")
                if field_name == "event":
                    name = value
                elif field_name == "data" and name == "chunk":
                    yield base64.b64decode(value)
                elif field_name == "data" and name == "end":
                    return

    def states(self, run: str) -> Iterator[tuple[str, int]]:
        with self.http.stream(
            "GET",
            f"{self.base}/runs/{run}/events",
            headers={"Authorization": f"Bearer {self.token}"},
        ) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    said = json.loads(line.removeprefix("data: "))
                    yield said["state"], said["stateVersion"]
