"""What a reaction may use."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from stackyard.kernel.blobs import Blobs
from stackyard.kernel.clock import Clock
from stackyard.kernel.outbound import Poster
from stackyard.kernel.site import Site
from stackyard.log_files import LogFiles
from stackyard.state_files import StateFiles
from stackyard.unit import OpenUnit
from stackyard.vcs import Contents, Heads, Upkeep


class QueueVacuum(Protocol):
    async def run(self) -> object:
        """Give back the room of messages that have passed through, if it is much."""


@dataclass(frozen=True, slots=True)
class Tools:
    open_unit: OpenUnit
    blobs: Blobs
    state_files: StateFiles
    log_files: LogFiles
    contents: Contents  # of built-in repositories
    repository_upkeep: Upkeep
    heads: Heads  # of repositories that are not ours, over the guarded HTTP client
    poster: Poster  # to endpoints that people named, over the same
    clock: Clock
    site: Site
    worker_lease: timedelta
    audit_retention: timedelta
    queue_vacuum: QueueVacuum
