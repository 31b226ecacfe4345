"""The environment of each child: the same names that an operator would set."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stackyard.embedded.folder import DataFolder
from stackyard.embedded.inheritance import inherited
from stackyard.embedded.keys import make_rsa_key
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


def bucket_names() -> dict[str, str]:
    return {
        bucket: f"stackyard-{bucket.lower().replace('_', '-')}" for bucket in BUCKETS
    }


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

    def of_storage(self) -> dict[str, str]:
        """Return what finds the object store and its buckets."""
        return inherited() | {
            "OBJECT_STORAGE_TYPE": "minio",
            "OBJECT_STORAGE_MINIO_ENDPOINT": self.store.address,
            "OBJECT_STORAGE_MINIO_ACCESS_KEY_ID": self.store.access_key_id,
            "OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY": self.store.secret_access_key,
            "OBJECT_STORAGE_BUCKET_UPLOADS_URL": f"http://{self.store.address}",
            **{f"OBJECT_STORAGE_BUCKET_{k}": v for k, v in bucket_names().items()},
        }

    def of_control_plane(self) -> dict[str, str]:
        kept = self.folder.kept
        key = base64.b64encode(kept("encryption.pem", make_rsa_key).encode()).decode()
        return self.of_storage() | {
            "SERVER_DOMAIN": self.domain,
            "DATABASE_URL": self.postgres.url,
            "ENCRYPTION_TYPE": "rsa",
            "ENCRYPTION_RSA_PRIVATE_KEY": key,
            "MESSAGE_QUEUE_TYPE": "postgres",
            "MQTT_BROKER_TYPE": "builtin",
            "MQTT_BROKER_ENDPOINT": self.broker,
            "ADMIN_USERNAME": "admin",
            "ADMIN_PASSWORD": kept("admin-password", make_password),
            "STACKYARD_SCHEME": "http",
            "STACKYARD_HTTP_HOST": self.host,
            "STACKYARD_HTTP_PORT": str(self.ports["http"]),
            "STACKYARD_MQTT_PORT": str(self.ports["mqtt"]),
            "STACKYARD_CACHE_FOLDER": str(self.folder.root / "cache"),
        }


def make_password() -> str:
    return secrets.token_urlsafe(24)
