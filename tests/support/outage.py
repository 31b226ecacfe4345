"""What an outage may not do to the control plane."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.platform import Platform


@contextmanager
def weathered(platform: Platform) -> Iterator[None]:
    """Fail if anybody but the database was restarted, or took it for our mistake."""
    pids = {
        name: process.pid
        for name, process in platform.processes.items()
        if name != "postgres"
    }
    yield
    for name, pid in pids.items():
        assert platform.processes[name].pid == pid
        assert platform.processes[name].poll() is None, name
    found = mistakes(platform)
    assert not found, found[0]


def mistakes(platform: Platform) -> list[str]:
    return [
        f"{name}: {str(said)[:3000]}"
        for name in ("server", "drain", "scheduler")
        for said in platform.said_by(name)
        if said["level"] in {"error", "critical"}
    ]
