"""The environment of each child: the same names that an operator would set."""

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import stackyard
from stackyard.embedded.folder import DataFolder
from stackyard.embedded.postgres import EmbeddedPostgres
from stackyard.embedded.store import EmbeddedStore

BUCKETS: Final = (
    "DELIVERIES",
    "LARGE_QUEUE_MESSAGES",
    "METADATA",
    "MODULES",
    "POLICY_INPUTS",
    "RUN_LOGS",
    "STATES",
    "UPLOADS",
    "USER_UPLOADED_WORKSPACES",
    "WORKSPACE",
)
# Nobody's settings for another installation may leak into this one.
_OURS: Final = (
    "ADMIN_",
    "DATABASE_",
    "DRAIN_",
    "ENCRYPTION_",
    "MESSAGE_",
    "MQTT_",
    "OBJECT_STORAGE_",
    "PYTHON",
    "SERVER_DOMAIN",
    "SPACELIFT_",
    "STACKYARD_",
)


def bucket_names() -> dict[str, str]:
    return {
        bucket: f"stackyard-{bucket.lower().replace('_', '-')}" for bucket in BUCKETS
    }


def inherited() -> dict[str, str]:
    """Return what children keep of the environment `stackyard up` was started in."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
    # children start elsewhere: a relative path in PYTHONPATH would lead nowhere
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [Path(stackyard.__file__).parents[1], *map(Path, filter(None, given))]
    kept["PYTHONPATH"] = os.pathsep.join(str(path.resolve()) for path in paths)
    kept["PYTHONUNBUFFERED"] = "1"
    return kept


def bare() -> dict[str, str]:
    """Return the little that a foreign server needs: no secret of ours or of others."""
    return {k: os.environ[k] for k in ("PATH", "LANG", "TZ") if k in os.environ}


@dataclass(frozen=True, slots=True)
class Site:
    """Where the control plane is, and what it works with."""

    folder: DataFolder
    ports: Mapping[str, int]
    postgres: EmbeddedPostgres
    store: EmbeddedStore
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.domain}"

    @property
    def domain(self) -> str:
        return f"{self.host}:{self.ports['http']}"

    @property
    def broker(self) -> str:
        return f"tls://{self.host}:{self.ports['mqtt']}"

    def of_control_plane(self, process: str) -> dict[str, str]:
        kept = self.folder.kept
        key = base64.b64encode(kept("encryption.pem", make_rsa_key).encode()).decode()
        return inherited() | {
            "SERVER_DOMAIN": self.domain,
            "DATABASE_URL": self.postgres.url,
            "ENCRYPTION_TYPE": "rsa",
            "ENCRYPTION_RSA_PRIVATE_KEY": key,
            "MESSAGE_QUEUE_TYPE": "postgres",
            "MQTT_BROKER_TYPE": "builtin",
            "MQTT_BROKER_ENDPOINT": self.broker,
            "OBJECT_STORAGE_TYPE": "minio",
            "OBJECT_STORAGE_MINIO_ENDPOINT": self.store.address,
            "OBJECT_STORAGE_MINIO_ACCESS_KEY_ID": self.store.access_key_id,
            "OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY": self.store.secret_access_key,
            "OBJECT_STORAGE_BUCKET_UPLOADS_URL": f"http://{self.store.address}",
            **{f"OBJECT_STORAGE_BUCKET_{k}": v for k, v in bucket_names().items()},
            "ADMIN_USERNAME": "admin",
            "ADMIN_PASSWORD": kept("admin-password", make_password),
            "ENABLE_INSTRUMENTATION_ENDPOINTS": "true",
            "STACKYARD_SCHEME": "http",
            "STACKYARD_HTTP_HOST": self.host,
            "STACKYARD_HTTP_PORT": str(self.ports["http"]),
            "STACKYARD_MQTT_PORT": str(self.ports["mqtt"]),
            "STACKYARD_INSTRUMENTATION_PORT": str(self.ports.get(process, 0) or 8080),
            "STACKYARD_CACHE_FOLDER": str(self.folder.root / "cache"),
        }


def make_password() -> str:

    return secrets.token_urlsafe(24)


def make_rsa_key() -> str:
    """Return a new key as PEM. Takes a second, and memory: so only when needed."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    return (
        rsa.generate_private_key(public_exponent=65537, key_size=4096)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
