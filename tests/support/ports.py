"""Ports for servers of tests that nobody else can take before they listen.

A port that the kernel chose is free for a moment only: the next connection of anybody
may leave from it. These lie below the kernel's range. Each process that wants some has
a block to itself, held by its first port, so test runs side by side do not meet.
"""

import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from typing import Final

BLOCK: Final = 500
# Linux gives out 32768 and above; `terraform login` listens below 10,010
FIRST: Final = range(10_500, 32_000, BLOCK)


def free_port() -> int:
    """Return one where nobody listens; it comes again after many others only."""
    ports = _block()
    for _ in range(BLOCK):
        port = next(ports)
        if probe := _bound(port):
            probe.close()
            return port
    raise AssertionError("no port of this process's block is free")


@cache
def _block() -> Iterator[int]:
    for first in FIRST:
        if holder := _bound(first):
            holder.detach()  # stays bound for as long as this process lives
            return cycle(range(first + 1, first + BLOCK))
    raise AssertionError("every block of ports is taken")


def _bound(port: int) -> socket.socket | None:
    probe = socket.socket()
    try:
        probe.bind(("", port))
    except OSError:
        probe.close()
        return None
    return probe
