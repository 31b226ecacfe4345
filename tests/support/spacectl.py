"""spacectl: what it sends, how it waits, and what an answer is to it."""

from typing import Any, Final

import httpx

from tests.support.client import Client, eventually
from tests.support.wire import PROVIDER, SPACECTL, body, headers

_NOTE: Final = "Spacelift-User-Provided-Run-Metadata"


class Program:
    """A client that sends its own documents, one at a time."""

    name = SPACECTL

    def __init__(self, client: Client) -> None:
        self.client = client
        self.note = ""  # what it is told to say of the runs that it asks for

    def answer(self, document: str, **variables: Any) -> dict[str, Any]:
        note = {_NOTE: self.note} if self.note else {}
        answer = self.client.http.post(
            f"{self.client.base}/graphql",
            json=body(self.name, document, variables),
            headers=headers(self.name, document, self.client.token) | note,
        )
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def ask(self, document: str, **variables: Any) -> Any:
        answer = self.answer(document, **variables)
        assert "errors" not in answer, (document, answer["errors"])
        [data] = answer["data"].values()
        return data

    def put(self, url: str, content: bytes, **more: str) -> httpx.Response:
        """Put something where an answer said: the address alone is the secret."""
        put = self.client.http.put(url, content=content, headers=more)
        assert put.is_success, (url, put.status_code, put.text)
        return put

    def get(self, url: str, **asked: str) -> httpx.Response:
        """Ask for something that is not of the graph, in the name of the session."""
        own = {"Authorization": f"Bearer {self.client.token}"}
        got = self.client.http.get(
            url, params=asked, headers=own, follow_redirects=True
        )
        assert got.is_success, (url, got.status_code, got.text)
        return got


class Provider(Program):
    name = PROVIDER


class Spacectl(Program):
    """The client's side: its documents, its loops, its ideas of what an answer is."""

    def stack(self, document: str, **variables: Any) -> Any:
        found = self.ask(document, **variables)
        assert found is not None, document
        return found

    def run(self, stack: str, run: str) -> Any:
        document = "StackMcpRegisterGetStackRunTool"
        return self.ask(document, stackId=stack, runId=run)["run"]

    def history(self, stack: str, run: str) -> list[dict[str, Any]]:
        """Return the steps of the run, the newest first."""
        found = self.ask("LogsExplorerGetHistory", stack=stack, run=run)
        steps: list[dict[str, Any]] = found["run"]["history"]
        return steps

    def until(self, stack: str, run: str, state: str) -> None:
        eventually(
            lambda: self.history(stack, run)[0]["state"] == state,
            f"{run} to be {state}",
        )

    def follow(self, stack: str, run: str) -> dict[str, str]:
        """Go through the run's states as they come; return what each printed."""
        printed: dict[str, str] = {}
        done: set[int] = set()

        def over() -> bool:
            steps = self.history(stack, run)
            for step in reversed(steps):
                version = step["stateVersion"]
                if step["hasLogs"] and version not in done:
                    done.add(version)
                    printed[step["state"]] = self._phase(stack, run, step)
            return bool(steps[0]["terminal"] or steps[0]["state"] == "UNCONFIRMED")

        eventually(over, "the end of the run")
        return printed

    def _phase(self, stack: str, run: str, step: dict[str, Any]) -> str:
        """Ask for page after page, each from where the last one ended."""
        messages: list[str] = []
        token: str | None = None

        def finished() -> bool:
            nonlocal token
            page = self.ask(
                "LogsQueryRunStateLogs",
                stack=stack,
                run=run,
                state=step["state"],
                stateVersion=step["stateVersion"],
                token=token,
            )["run"]["logs"]
            assert page["exists"]
            messages.extend(one["message"] for one in page["messages"])
            token = page["nextToken"]
            return bool(page["finished"])

        eventually(finished, f"the log of {step['state']}")
        return "".join(messages)


def deploy(spacectl: Spacectl, stack: str) -> str:
    run = spacectl.ask(
        "StackRunTriggerRunTrigger",
        stack=stack,
        sha=None,
        type="TRACKED",
        runtimeConfig=None,
    )["id"]
    assert isinstance(run, str)
    return run


def apply(spacectl: Spacectl, stack: str) -> str:
    run = deploy(spacectl, stack)
    spacectl.until(stack, run, "UNCONFIRMED")
    confirm(spacectl, stack, run)
    spacectl.until(stack, run, "FINISHED")
    return run


def confirm(spacectl: Spacectl, stack: str, run: str) -> None:
    confirmed = spacectl.ask(
        "StackMcpRegisterConfirmStackRunTool", stack=stack, run=run
    )
    assert confirmed == {"id": run}
