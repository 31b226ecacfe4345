"""The launcher's settings, by the environment names that operators know.

All problems are found before anything starts, and said at once. What is secret is in
no message and in no repr.
"""

import base64
import binascii
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from stackyard_protocol.mqtt import PoolToken
from stackyard_worker.durations import parse_duration
from stackyard_worker.link import Broker, mutual_tls

METADATA: Final = "SPACELIFT_METADATA_"
_ENDPOINT: Final = re.compile(
    r"(?:(?:tls|ssl|mqtts)://)?(?P<host>[^:/\[\]\s]+|\[[0-9a-fA-F:]+\])"
    r"(?::(?P<port>\d{1,5}))?/?"
)
_TRUE: Final = frozenset({"1", "t", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "f", "false", "no", "off"})

Sandbox: TypeAlias = Literal["bubblewrap", "process"]


class SettingsError(Exception):
    """The environment has problems. Each is a sentence without a secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    token: PoolToken = field(repr=False)
    private_key: RSAPrivateKey = field(repr=False)
    broker: Broker = field(repr=False)
    run_seconds: float
    silence_seconds: float
    mask_env: tuple[str, ...]
    pass_env: tuple[str, ...]
    metadata: Mapping[str, str]
    upload_sensitive_outputs: bool
    debug: bool
    echo_logs: bool
    slots: int
    folder: Path
    sandbox: Sandbox
    tools: tuple[Path, ...]
    heartbeat_seconds: float
    grace_seconds: float | None


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings, or raise `SettingsError` with everything that is wrong."""
    return _Reader(environ).settings()


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def settings(self) -> Settings:
        token, key = self._token(), self._private_key()
        broker = self._broker(token, key)
        found = Settings(
            # If one of these is missing there is a problem, and nothing is returned.
            token=cast(PoolToken, token),
            private_key=cast(RSAPrivateKey, key),
            broker=cast(Broker, broker),
            run_seconds=self._duration("SPACELIFT_LAUNCHER_RUN_TIMEOUT", "70m"),
            silence_seconds=self._duration("SPACELIFT_LAUNCHER_LOGS_TIMEOUT", "7m"),
            mask_env=self._names("SPACELIFT_MASK_ENVS"),
            pass_env=self._names("SPACELIFT_WHITELIST_ENVS"),
            metadata=self._metadata(),
            upload_sensitive_outputs=self._flag(
                "SPACELIFT_SENSITIVE_OUTPUT_UPLOAD_ENABLED"
            ),
            debug=self._flag("SPACELIFT_DEBUG"),
            echo_logs=self._flag("SPACELIFT_RUN_LOGS_ON_STANDARD_OUTPUT_ENABLED"),
            slots=int(self._number("STACKYARD_WORKER_SLOTS", 1, whole=True)),
            folder=self._folder(),
            sandbox=self._sandbox(),
            tools=self._tools(),
            heartbeat_seconds=self._number("STACKYARD_WORKER_HEARTBEAT_SECONDS", 3),
            grace_seconds=self._grace(),
        )
        if self._problems:
            raise SettingsError(self._problems)
        return found

    def _text(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def _bad(self, name: str, problem: str) -> None:
        self._problems.append(f"{name} {problem}")

    def _base64(self, name: str) -> bytes | None:
        text = "".join(self._text(name).split())
        if not text:
            self._bad(name, "is required")
            return None
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            self._bad(name, "is not base64")
            return None

    def _token(self) -> PoolToken | None:
        raw = self._base64("SPACELIFT_TOKEN")
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw, type=PoolToken)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._bad("SPACELIFT_TOKEN", "is not a worker pool token of this version")
            return None

    def _private_key(self) -> RSAPrivateKey | None:
        name = "SPACELIFT_POOL_PRIVATE_KEY"
        pem = self._base64(name)
        if pem is None:
            return None
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            self._bad(name, "is not an unencrypted private key in PEM")
            return None
        if not isinstance(key, RSAPrivateKey):
            self._bad(name, "is not an RSA key")
            return None
        return key

    def _broker(
        self, token: PoolToken | None, key: RSAPrivateKey | None
    ) -> Broker | None:
        if token is None or key is None:
            return None
        endpoint = _ENDPOINT.fullmatch(token.broker.endpoint)
        if endpoint is None:
            self._bad("SPACELIFT_TOKEN", "names no usable broker")
            return None
        if not _belong_together(token.certificate, key):
            self._bad(
                "SPACELIFT_POOL_PRIVATE_KEY",
                "does not belong to the certificate in SPACELIFT_TOKEN",
            )
            return None
        return self._broker_at(endpoint, token)

    def _broker_at(self, endpoint: re.Match[str], token: PoolToken) -> Broker | None:
        pem = base64.b64decode(
            "".join(self._text("SPACELIFT_POOL_PRIVATE_KEY").split())
        )
        try:
            tls = mutual_tls(
                ca=token.broker.ca, certificate=token.certificate, private_key=pem
            )
        except (ssl.SSLError, ValueError):
            self._bad("SPACELIFT_TOKEN", "holds a certificate that cannot be used")
            return None
        return Broker(
            host=endpoint["host"].strip("[]"),
            port=int(endpoint["port"] or 8883),
            namespace=token.broker.namespace,
            pool=token.pool_ulid,
            tls=tls,
        )

    def _duration(self, name: str, default: str) -> float:
        try:
            seconds = parse_duration(self._text(name) or default)
        except ValueError as problem:
            self._bad(name, f"is {problem}")
            return 0.0
        if seconds <= 0:
            self._bad(name, "must be longer than nothing")
        return seconds

    def _names(self, name: str) -> tuple[str, ...]:
        parts = (part.strip() for part in self._text(name).split(","))
        return tuple(part for part in parts if part)

    def _metadata(self) -> dict[str, str]:
        return {
            name.removeprefix(METADATA): value
            for name, value in self._environ.items()
            if name.startswith(METADATA) and name != METADATA
        }

    def _flag(self, name: str) -> bool:
        text = self._text(name).lower()
        if text not in _TRUE | _FALSE:
            self._bad(name, "must be true or false")
        return text in _TRUE

    def _number(self, name: str, default: float, *, whole: bool = False) -> float:
        text = self._text(name)
        pattern = r"\d+" if whole else r"\d+(\.\d+)?"
        if text and not re.fullmatch(pattern, text, re.ASCII):
            self._bad(name, "must be a number")
            return default
        number = float(text) if text else default
        if number <= 0:
            self._bad(name, "must be more than zero")
        return number

    def _folder(self) -> Path:
        chosen = self._text("STACKYARD_WORKER_FOLDER")
        if chosen:
            return Path(chosen).absolute()
        kept = self._text("XDG_STATE_HOME")
        base = Path(kept) if kept else Path.home() / ".local" / "state"
        return base / "stackyard" / "worker"

    def _sandbox(self) -> Sandbox:
        name = "STACKYARD_WORKER_SANDBOX"
        text = self._text(name) or "bubblewrap"
        trusted = self._flag("STACKYARD_WORKER_TRUSTED")
        if text == "process":
            if not trusted:
                self._bad(
                    name,
                    "process isolates nothing: it needs STACKYARD_WORKER_TRUSTED=true",
                )
            return "process"
        if text != "bubblewrap":
            self._bad(name, "must be bubblewrap or process")
        return "bubblewrap"

    def _tools(self) -> tuple[Path, ...]:
        name = "STACKYARD_WORKER_TOOLS"
        paths = [Path(one) for one in self._text(name).split(os.pathsep) if one]
        if any(not path.is_absolute() for path in paths):
            self._bad(name, "must hold absolute paths")
        return tuple(paths)

    def _grace(self) -> float | None:
        name = "STACKYARD_WORKER_GRACE_SECONDS"
        return self._number(name, 1) if self._text(name) else None


def _belong_together(certificate: str, key: RSAPrivateKey) -> bool:
    try:
        shown = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return shown == key.public_key()
