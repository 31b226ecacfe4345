"""The whole platform as separate processes, so that a test can kill each of them."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from stackyard.embedded.buckets import Buckets
from stackyard.embedded.postgres import EmbeddedPostgres
from stackyard.embedded.store import PORTS, EmbeddedStore
from stackyard.kernel.blobs import Bucket
from stackyard_worker.shim import install_shim
from tests.support.client import Client, eventually
from tests.support.ports import free_port
from tests.support.postgres import administer, postgres_at
from tests.support.proxy import CuttableProxy
from tests.support.room import quick_folder

ADMIN, PASSWORD = "admin", "correct-horse-battery-staple"
ROOT = Path(__file__).parents[2]
BUCKETS = {bucket: f"tests-{bucket.lower().replace('_', '-')}" for bucket in Bucket}
# Short, for tests that wait for it; but a server must be back within the lease, or its
# workers are taken for dead, and on a busy machine a start takes more than ten seconds.
IMPATIENT = {"STACKYARD_WORKER_LEASE_SECONDS": "15", "STACKYARD_HANDOVER_SECONDS": "8"}


@dataclass
class Platform:
    """Each part is a process of its own; `kill` is SIGKILL, nothing is said before."""

    folder: Path
    postgres: EmbeddedPostgres
    store: EmbeddedStore
    http_port: int = field(default_factory=free_port)
    mqtt_port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    client: Client = field(init=False)
    broker_network: CuttableProxy = field(init=False)  # between broker and workers
    pool: str = ""
    key: tuple[str, str] = ("", "")
    _pool_key: str = ""
    _token: str = ""

    def __post_init__(self) -> None:
        self.broker_network = CuttableProxy(self.mqtt_port)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def start_all(self, workers: int = 1) -> None:
        self.start("postgres")
        self.start("store")
        for part in ("server", "drain", "scheduler"):
            self.start(part)
        self.prepare()
        for number in range(workers):
            self.start_worker(f"worker-{number}")
        self.wait_for_workers(workers)

    def prepare(self) -> None:
        """Sign in at the server that runs, and make a pool for workers."""
        self.client = Client(self.base)
        self._wait_for_health()
        self._make_key()
        self._make_pool()

    def stop_all(self) -> None:
        order = ["worker", "scheduler", "drain", "server", "store", "postgres"]
        for kind in order:
            for name in [one for one in self.processes if one.startswith(kind)]:
                # it takes long to say goodbye, and nobody reads it any more
                self.kill(name) if kind == "store" else self.stop(name)
        self.broker_network.close()
        if hasattr(self, "client"):
            self.client.http.close()

    def start(self, part: str) -> None:
        match part:
            case "postgres":
                self.postgres.prepare()
                self._start_postgres()
                self._wait_for_postgres()
            case "store":
                self.store.prepare()
                environment = {"PATH": os.environ["PATH"]} | self.store.environment()
                self._spawn(part, self.store.command(), environment)
                with ThreadPoolExecutor(1) as aside:  # a test may have a loop here
                    store = self.store
                    buckets = Buckets(
                        store.address, store.access_key_id, store.secret_access_key
                    )
                    making = buckets.make(BUCKETS.values())
                    aside.submit(asyncio.run, making).result(60)
            case _:
                self.start_replica(part, part)

    def start_replica(self, name: str, part: str, **settings: str) -> None:
        """Start one of several: *settings* are what it may not share with others."""
        command = [sys.executable, "-m", "stackyard", part]
        self._spawn(name, command, self.environment() | settings)

    def start_beside(self, part: str, name: str, **settings: str) -> None:
        """Start one more of the same, under another name."""
        command = [sys.executable, "-m", "stackyard", part]
        self._spawn(name, command, self.environment() | settings)

    def start_worker(self, name: str, **settings: str) -> None:
        """Start a launcher with one slot; the same name gets the same folder again."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        tools = self.folder / "tools"
        if not tools.exists():
            tools.mkdir()
            install_shim(tools)
        chosen = {
            "SPACELIFT_TOKEN": self._token,
            "SPACELIFT_POOL_PRIVATE_KEY": self._pool_key,
            "STACKYARD_WORKER_FOLDER": str(folder),
            "STACKYARD_WORKER_TOOLS": str(tools),
            "STACKYARD_WORKER_HEARTBEAT_SECONDS": "1",
        }
        command = [sys.executable, "-m", "stackyard", "worker"]
        self._spawn(name, command, self._bare() | chosen | settings)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes.pop(name).wait(10)

    def stop(self, name: str, seconds: float = 20) -> None:
        process = self.processes.pop(name)
        fast = signal.SIGINT if name == "postgres" else signal.SIGTERM
        process.send_signal(fast)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def restart(self, part: str, *, killed: bool = True) -> None:
        self.kill(part) if killed else self.stop(part)
        self.bring_back(part)

    def bring_back(self, part: str) -> None:
        self.start_worker(part) if part.startswith("worker") else self.start(part)
        if part == "server":
            self._wait_for_health()

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def said_by(self, name: str) -> list[dict[str, Any]]:
        """Return what is in the log of one of our processes, event by event.

        What comes after the last line feed is still being written.
        """
        *lines, _ = self.log_of(name).split("\n")
        return [json.loads(line) for line in lines]

    def wait_for_workers(self, count: int, seconds: float = 60) -> None:
        eventually(lambda: len(self.workers()) == count, f"{count} workers", seconds)

    def workers(self) -> list[dict[str, Any]]:
        found = self.client.ask(
            "query ($id: ID!) { workerPool(id: $id) { workers { id busy drained } } }",
            id=self.pool,
        )
        result: list[dict[str, Any]] = found["workerPool"]["workers"]
        return result

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        import psycopg  # noqa: PLC0415 - only here is the database looked into

        with psycopg.connect(self.postgres.url) as connection:
            return connection.execute(statement.encode()).fetchall()

    def execute(self, statements: str) -> None:
        import psycopg  # noqa: PLC0415 - the same

        with psycopg.connect(self.postgres.url) as connection:
            connection.execute(statements.encode())

    def environment(self) -> dict[str, str]:
        return (
            self._bare()
            | {
                "SERVER_DOMAIN": f"127.0.0.1:{self.http_port}",
                "STACKYARD_SCHEME": "http",
                "STACKYARD_HTTP_HOST": "127.0.0.1",
                "STACKYARD_HTTP_PORT": str(self.http_port),
                "STACKYARD_MQTT_PORT": str(self.mqtt_port),
                "STACKYARD_CACHE_FOLDER": str(self.folder / "cache"),
                "STACKYARD_WEB_FOLDER": str(ROOT / "web" / "dist"),
                "DATABASE_URL": self.postgres.url,
                "ENCRYPTION_TYPE": "rsa",
                "ENCRYPTION_RSA_PRIVATE_KEY": self._platform_key(),
                "MESSAGE_QUEUE_TYPE": "postgres",
                "MQTT_BROKER_TYPE": "builtin",
                "MQTT_BROKER_ENDPOINT": f"tls://127.0.0.1:{self.broker_network.port}",
                "ADMIN_USERNAME": ADMIN,
                "ADMIN_PASSWORD": PASSWORD,
            }
            | {
                "OBJECT_STORAGE_TYPE": "minio",
                "OBJECT_STORAGE_MINIO_ENDPOINT": self.store.address,
                "OBJECT_STORAGE_MINIO_ACCESS_KEY_ID": self.store.access_key_id,
                "OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY": (
                    self.store.secret_access_key
                ),
            }
            | {f"OBJECT_STORAGE_BUCKET_{kind}": name for kind, name in BUCKETS.items()}
            | IMPATIENT
            | self.settings
        )

    def _bare(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT / "src"),
            "LANG": "C.UTF-8",
        }

    def _spawn(
        self, name: str, command: list[str], environment: dict[str, str], **extra: Any
    ) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                env=environment or None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **extra,
            )

    def _start_postgres(self) -> None:
        command, extra = self.postgres.command(), self.postgres.identity()
        self._spawn("postgres", command, {}, **extra)

    def _wait_for_postgres(self) -> None:
        def ready() -> bool:
            if self.processes["postgres"].poll() is not None:
                # what a killed one leaves behind holds its memory for a moment
                self._start_postgres()
            with contextlib.suppress(Exception):
                administer(self.postgres.port, "SELECT 1")
                return True
            return False

        eventually(ready, "PostgreSQL", 30)
        with contextlib.suppress(Exception):  # there already
            administer(self.postgres.port, "CREATE DATABASE stackyard")

    def _wait_for_health(self) -> None:
        def healthy() -> bool:
            server = self.processes.get("server")
            if server and server.poll() is not None:
                raise AssertionError(self.log_of("server")[-3000:])
            with contextlib.suppress(httpx.HTTPError):
                return self.client.http.get(f"{self.base}/health").is_success
            return False

        eventually(healthy, "the server", 60)

    def _make_key(self) -> None:
        answer = self.client.http.post(
            f"{self.base}/session", json={"username": ADMIN, "password": PASSWORD}
        )
        answer.raise_for_status()
        created = self.client.http.post(
            f"{self.base}/graphql",
            json={
                "query": "mutation { apiKeyCreate(input: {admin: true, name: "
                '"tests"}) { id secret } }'
            },
            headers={"X-Stackyard-Csrf": "1"},
        ).json()["data"]["apiKeyCreate"]
        self.key = (created["id"], created["secret"])
        self.client.http.close()
        self.client = Client(self.base)
        self.client.sign_in(*self.key)

    def _make_pool(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anything")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name)
        pem = request.sign(key, hashes.SHA256()).public_bytes(
            serialization.Encoding.PEM
        )
        created = self.client.ask(
            'mutation ($csr: String!) { workerPoolCreate(name: "tests",'
            " certificateSigningRequest: $csr) { id config } }",
            csr=base64.b64encode(pem).decode(),
        )["workerPoolCreate"]
        self.pool, self._token = created["id"], created["config"]
        self._pool_key = base64.b64encode(_pem(key)).decode()

    def _platform_key(self) -> str:
        kept = self.folder / "platform.pem"
        if not kept.exists():
            kept.write_bytes(_pem(rsa.generate_private_key(65537, 2048)))
        return base64.b64encode(kept.read_bytes()).decode()


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@contextmanager
def running_platform(
    workers: int = 1, *, postgres_port: int = 0, **settings: str
) -> Iterator[Platform]:
    with bare_platform(postgres_port, **settings) as platform:
        platform.start_all(workers)
        yield platform


@contextmanager
def bare_platform(postgres_port: int = 0, **settings: str) -> Iterator[Platform]:
    """Lend a platform of which nothing runs yet; afterwards nothing does."""
    with (
        tempfile.TemporaryDirectory(
            prefix="stackyard-platform-", ignore_cleanup_errors=True
        ) as place,
        quick_folder() as database,
    ):
        folder = Path(place)
        folder.chmod(0o755)  # tests put servers of other versions beside it
        platform = Platform(
            folder,
            postgres_at(database, port=postgres_port),
            EmbeddedStore(
                folder / "store",
                {name: free_port() for name in PORTS},
                "tests",
                "tests-secret-key",
            ),
            settings=settings,
        )
        try:
            yield platform
        except BaseException:
            time.sleep(0.1)
            print(logs_of(platform))  # noqa: T201 - pytest shows it
            raise
        finally:
            platform.stop_all()


def logs_of(platform: Platform) -> str:
    """Return the ends of all logs."""
    return "\n".join(
        f"--- {path.name}\n{path.read_text(errors='replace')[-4000:]}"
        for path in sorted(platform.folder.glob("*.log"))
    )
