"""One process of the control plane, without what it does not need for the test."""

import base64
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from stackyard.kernel.blobs import Bucket
from tests.support.edge import rsa_key
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]


@dataclass
class Part:
    process: subprocess.Popen[bytes]
    folder: Path

    def end(self, seconds: float) -> int:
        """Tell it to go, as a cluster does; fail if it is not gone in time."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    @property
    def log(self) -> str:
        return (self.folder / "stdout").read_text()

    @property
    def standard_error(self) -> str:
        return (self.folder / "stderr").read_text()


@contextmanager
def running_part(name: str, database_url: str, **settings: str) -> Iterator[Part]:
    """Run `stackyard <name>`; its object store is not there."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place,
        (Path(place) / "stdout").open("ab") as said,
        (Path(place) / "stderr").open("ab") as complained,
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "stackyard", name],
            env=_environment(database_url, place) | settings,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=complained,
        )
        part = Part(process, Path(place))
        try:
            yield part
        finally:
            process.kill()
            process.wait(10)
            print(part.log[-6000:], part.standard_error[-2000:])  # noqa: T201 - pytest shows it
            assert part.standard_error == ""


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def _environment(database_url: str, folder: str) -> dict[str, str]:
    pem = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "PYTHONPATH": str(ROOT / "src"),
        "LANG": "C.UTF-8",
        "SERVER_DOMAIN": "127.0.0.1",
        "STACKYARD_HTTP_HOST": "127.0.0.1",
        "STACKYARD_HTTP_PORT": str(free_port()),
        "STACKYARD_MQTT_PORT": str(free_port()),
        "STACKYARD_CACHE_FOLDER": f"{folder}/cache",
        "DATABASE_URL": database_url,
        "ENCRYPTION_TYPE": "rsa",
        "ENCRYPTION_RSA_PRIVATE_KEY": base64.b64encode(pem).decode(),
        "MESSAGE_QUEUE_TYPE": "postgres",
        "MQTT_BROKER_TYPE": "builtin",
        "MQTT_BROKER_ENDPOINT": "tls://127.0.0.1:1",
        "OBJECT_STORAGE_TYPE": "minio",
        "OBJECT_STORAGE_MINIO_ENDPOINT": "127.0.0.1:1",
        "OBJECT_STORAGE_MINIO_ACCESS_KEY_ID": "nobody",
        "OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY": "nobody's",
        **{f"OBJECT_STORAGE_BUCKET_{kind}": kind.lower() for kind in Bucket},
    }
