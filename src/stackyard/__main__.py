"""The commands."""

import argparse
import gc
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Final

# What each command starts; imported only then, since they need different things.
COMMANDS: Final = {
    "server": ("stackyard.processes.server", "page, API, git, state, broker"),
    "drain": ("stackyard.processes.drain", "carries out what the queues hold"),
    "scheduler": ("stackyard.processes.scheduler", "enqueues what is due"),
    "worker": ("stackyard_worker.__main__", "carries out runs"),
    "migrate": ("stackyard.processes.migrate", "brings the schema up to date"),
    "queue": ("stackyard.processes.queue", "shows dead letters, and replays them"),
    "audit": ("stackyard.processes.audit", "verifies the audit trail"),
    "up": ("stackyard.embedded.up", "all of it, on one machine, with nothing else"),
    "demo": ("stackyard.embedded.demo", "a real stack from code to applied"),
}
# How the reference product spells them: its charts fit.
ALIASES: Final = {
    "backend server": "server",
    "backend drain": "drain",
    "backend drain-local": "drain",
    "backend scheduler": "scheduler",
}


def main(arguments: Sequence[str] | None = None) -> None:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if alias := ALIASES.get(" ".join(given[:2])):
        given[:2] = [alias]
    parser = argparse.ArgumentParser(prog="stackyard")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, about) in COMMANDS.items():
        commands.add_parser(name, help=about, add_help=False)
    chosen, rest = parser.parse_known_args(given[:1])[0], given[1:]
    run = _load(COMMANDS[chosen.command][0])
    if chosen.command in {"audit", "queue", "up", "demo", "migrate"}:
        run(rest)
    else:
        run()


def _load(name: str) -> Callable[..., None]:
    """Import what a command needs: its classes stay for good, so no collector looks.

    That is a tenth of the time that a process takes to start. Afterwards it looks less
    often than is usual: a request makes some thousand objects, and nearly none of them
    wait for a collector. That is a seventh of the time that requests take.
    """
    gc.disable()
    run: Callable[..., None] = importlib.import_module(name).main
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()
    return run


if __name__ == "__main__":
    main()
