"""Where a process is in its life. The process sets it, the probes read it.

Apart from the probes: a process that is not probed loads no HTTP server for them.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Condition:
    started: bool = False
    stopping: bool = False

    @property
    def ready(self) -> bool:
        return self.started and not self.stopping
