"""The audit trail of a whole platform, through an outage of the drain, to its end."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.support.client import eventually
from tests.support.platform import ROOT, Platform, running_platform
from tests.support.registry import Heard

KEY = "5ecre7"
DOCUMENT = ROOT / "tests" / "operations" / "spacectl"
SET = (
    "mutation ($input: AuditTrailWebhookInput!)"
    " { auditTrailSetWebhook(input: $input) { enabled } }"
)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform(
        workers=0, STACKYARD_OUTBOUND_ALLOWED_NETWORKS="127.0.0.0/8"
    ) as platform:
        yield platform


@dataclass
class Endpoint:
    url: str = ""
    heard: list[Heard] = field(default_factory=list)

    def actions(self) -> list[str]:
        return [one.said["action"] for one in self.heard]


@contextmanager
def listening() -> Iterator[Endpoint]:
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            endpoint.heard.append(Heard(headers, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        endpoint.url = f"http://127.0.0.1:{server.server_port}/hook"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            serving.join()


def verify(platform: Platform) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stackyard", "audit", "verify"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "DATABASE_URL": platform.postgres.url,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def unsealed(platform: Platform) -> int:
    [(count,)] = platform.query(
        "SELECT count(*) FROM audit_entries WHERE position IS NULL"
    )
    return int(count)


def test_what_is_done_while_no_drain_runs_is_sealed_and_told_afterwards(
    platform: Platform,
) -> None:
    client = platform.client
    with listening() as endpoint:
        client.ask(
            SET,
            input={
                "enabled": True,
                "endpoint": endpoint.url,
                "includeRuns": False,
                "secret": KEY,
                "retryOnFailure": True,
            },
        )
        eventually(lambda: "audit_trail_webhook.set" in endpoint.actions(), "the first")
        platform.kill("drain")
        repo = client.create_repo("trail")
        assert unsealed(platform) == 1
        platform.start("drain")
        eventually(lambda: "repository.create" in endpoint.actions(), "the second")
        eventually(lambda: not unsealed(platform), "everything to be sealed")

    told = endpoint.heard[-1]
    assert told.is_signed_with(KEY)
    assert told.said["data"]["ID"] == repo
    assert told.said["context"] == {"mutation": "repoCreate"}
    assert told.said["remoteIP"] == "127.0.0.1"

    document = (DOCUMENT / "AudittrailListSearchAuditTrailEntries.graphql").read_text()
    found = client.ask(document, input={"first": 1})["searchAuditTrailEntries"]
    [node] = [edge["node"] for edge in found["edges"]]
    assert node["action"] == "repository.create"
    assert node["actor"]["username"] == f"api::{platform.key[0]}"

    sound = verify(platform)
    assert (sound.returncode, sound.stderr) == (0, "")
    assert "verified\t" in sound.stdout
    platform.execute("UPDATE audit_entries SET actor = 'eve' WHERE position = 1")
    wrong = verify(platform)
    assert wrong.returncode == 1
    assert wrong.stdout.startswith("WRONG\taltered\t1\t")
