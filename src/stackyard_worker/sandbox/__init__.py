"""Where commands of a run are carried out: a driver makes a command line, no more.

`bubblewrap` isolates; `process` does not and is for code that is trusted. Both start a
new session, drop to an unprivileged user when we are root, and can be interrupted and
killed as a whole.
"""

from stackyard_worker.host import Host
from stackyard_worker.room import Room
from stackyard_worker.sandbox.bubblewrap import Bubblewrap
from stackyard_worker.sandbox.driver import Driver
from stackyard_worker.sandbox.process import Process
from stackyard_worker.sandbox.running import Running, start

__all__ = ["Driver", "Running", "make_driver", "start"]


def make_driver(host: Host, room: Room) -> Driver:
    if host.driver == "process":
        return Process(host, room)
    return Bubblewrap(host, room)
