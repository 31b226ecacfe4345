"""The data folder: everything the embedded platform keeps, and one owner at a time."""

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stackyard.embedded.sockets import is_blocked
from stackyard.kernel.errors import ConflictError, InvalidError


class FolderInUseError(ConflictError):
    """Another `stackyard up` works in that data folder."""


class FolderUnreachableError(InvalidError):
    """Started by root, PostgreSQL runs as `nobody`, who cannot enter that folder."""


class PortTakenError(ConflictError):
    """Somebody listens on that port already."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    root: Path

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the folder; the kernel lets go of it for us if we are killed."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711)  # PostgreSQL passes through; what matters is 0700
        self._be_reachable()
        for private in (self.secrets, self.logs, self.running):
            private.mkdir(mode=0o700, exist_ok=True)
        with (self.root / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderInUseError(folder=str(self.root)) from None
            yield

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def running(self) -> Path:
        return self.root / "run"

    def kept(self, name: str, make: Callable[[], str]) -> str:
        """Return the secret of that name; the first time, make it and keep it."""
        path = self.secrets / name
        if not path.exists():
            self.keep(name, make())
        return path.read_text(encoding="utf-8")

    def keep(self, name: str, value: str) -> None:
        """Write the secret, readable by us only, whole or not at all."""
        path = self.secrets / name
        draft = path.with_name(f".{name}.draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def has(self, name: str) -> bool:
        return (self.secrets / name).exists()

    def choose_ports(
        self, wanted: dict[str, int | None], given: dict[str, int]
    ) -> dict[str, int]:
        """Return a free port for each name.

        One that was *given* is taken or refused. Otherwise the port of the last start,
        else the one *wanted*, else any that is free.
        """
        path = self.root / "ports.json"
        last = json.loads(path.read_text()) if path.exists() else {}
        chosen: dict[str, int] = {}
        # every probe stays open until all are chosen: no port is chosen twice
        with ExitStack() as probes:
            for name, default in wanted.items():
                if name in given:
                    candidates = [given[name]]
                else:
                    candidates = [last.get(name) or default or 0, 0]
                chosen[name] = _first_free(candidates, probes)
        path.write_text(json.dumps(chosen, indent=2))
        return chosen

    def _be_reachable(self) -> None:
        if os.geteuid() != 0:
            return
        for folder in self.root.resolve().parents:
            if not folder.stat().st_mode & 0o001:
                raise FolderUnreachableError(folder=str(folder))


def _first_free(candidates: list[int], probes: ExitStack) -> int:
    for port in candidates:
        probe = probes.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        bound = int(probe.getsockname()[1])
        if not is_blocked(bound):
            return bound
    raise PortTakenError(port=candidates[0])
