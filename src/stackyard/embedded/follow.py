"""Follow a run on a terminal: its states as they change, its log as it is written."""

import base64
import json
import sys
import time
from collections.abc import Iterator
from typing import Final

from stackyard.embedded.client import Client, PlatformError
from stackyard.embedded.up import tell

# The end, whichever it is: no state comes after these.
FINAL: Final = frozenset(
    {"FINISHED", "FAILED", "DISCARDED", "CANCELED", "STOPPED", "SKIPPED"}
)
_LOGGED: Final = frozenset(
    {"PREPARING", "INITIALIZING", "PLANNING", "PREPARING_APPLY", "APPLYING"}
)
_PATIENCE_SECONDS: Final = 300


def follow(client: Client, run: str, *, until: set[str], after: str = "") -> str:
    """Print what happens until the run is in one of *until*, or at its end.

    *after* is a state to pass over: the one that the run is about to leave. Returns
    the state. Raises `PlatformError` after minutes without an end.
    """
    for state, version in _states(client, run):
        if state != after:
            tell(f"state {state}")
        if state in _LOGGED:
            _print_log(client, run, version)
        if state in FINAL or state in until:
            return state
    raise PlatformError(run=run, problem="did not end in time")


def _states(client: Client, run: str) -> Iterator[tuple[str, int]]:
    """Yield each state once, whatever becomes of the connection."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    seen = -1
    while time.monotonic() < deadline:
        try:
            for kind, _, data in client.events(f"/runs/{run}/events"):
                told = json.loads(data) if kind == "state" else {}
                version = int(told.get("stateVersion", seen))
                if version > seen:
                    seen = version
                    yield str(told["state"]), version
        except PlatformError:  # idle for long, or the server went away
            pass
        time.sleep(0.2)


def _print_log(client: Client, run: str, version: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    offset = 0
    while time.monotonic() < deadline:
        path = f"/runs/{run}/logs/{version}/stream?offset={offset}"
        try:
            for kind, identity, data in client.events(path):
                if kind == "end":
                    return
                if kind == "chunk":
                    offset = int(identity)
                    sys.stdout.write(base64.b64decode(data).decode(errors="replace"))
                    sys.stdout.flush()
        except PlatformError:  # the same
            pass
        time.sleep(0.2)
