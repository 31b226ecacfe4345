"""Servers of tests that run side by side do not take each other's ports."""

import os
import socket
import subprocess
import sys

from tests.support.ports import BLOCK, free_port

OTHER = """
from tests.support.ports import BLOCK, free_port
print(*(free_port() for _ in range(BLOCK)))
"""


def test_two_processes_never_get_the_same_port() -> None:
    ours = {free_port() for _ in range(BLOCK)}
    said = subprocess.run(
        [sys.executable, "-c", OTHER],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout

    theirs = {int(port) for port in said.split()}
    assert theirs
    assert not ours & theirs


def test_a_port_where_somebody_listens_is_not_given_out() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]

        assert taken not in {free_port() for _ in range(2 * BLOCK)}
