"""How one value is read. A complaint never repeats the value: it may be a secret."""

import base64
import binascii
import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from stackyard.kernel.database_url import DatabaseUrl

SMALLEST_KEY: Final = 2048
_HOST: Final = re.compile(
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
)
_BUCKET: Final = re.compile(r"[^\s/\\]{1,255}")
_REGION: Final = re.compile(r"(?:^|\.)([a-z]{2}(?:-[a-z]+)+-[0-9]+)\.")
_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where something is dialled."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _host(value: str) -> str:
    found = _HOST.fullmatch(value)
    if found is None or int(found["port"] or 1) not in range(1, _HIGHEST_PORT + 1):
        raise ValueError("must be a host, perhaps with :port, and no scheme or path")
    return value


def _endpoint(value: object) -> object:
    if not isinstance(value, str):
        return value
    scheme, separator, rest = value.rpartition("://")
    found = _HOST.fullmatch(rest)
    if found is None or found["port"] is None or scheme not in {"", "tls"}:
        raise ValueError("must be host:port or tls://host:port")
    if int(found["port"]) not in range(1, _HIGHEST_PORT + 1):
        raise ValueError("must have a port between 1 and 65535")
    return Endpoint(found["host"].strip("[]"), int(found["port"]), bool(separator))


def _bucket(value: str) -> str:
    if _BUCKET.fullmatch(value) is None:
        raise ValueError("must be a bucket's name: no white space, no slash")
    return value


def _origin_url(value: str) -> str:
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL")
    return value.rstrip("/")


def _collector_url(value: str) -> str:
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in value:
        raise ValueError("must be http://host:port, or https:// for TLS")
    return value


def _queue_url(value: str) -> str:
    parts = _split(value)
    whole = parts.scheme in {"http", "https"} and parts.hostname and not parts.query
    if not whole or not parts.path.strip("/") or re.search(r"\s", value):
        raise ValueError("must be the URL of a queue, as SQS shows it")
    return value


def region_of(url: str) -> str | None:
    """Return the region that *url* names, if its host is one of Amazon's."""
    host = urlsplit(url).hostname or ""
    found = _REGION.search(host)
    return found[1] if found and re.search(r"\.(amazonaws|api\.aws)", host) else None


def _proxy(value: SecretStr) -> SecretStr:
    parts = _split(value.get_secret_value())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must have a scheme: http://host:port")
    return value


def _database(value: object) -> object:
    return DatabaseUrl.parse(value.strip()) if isinstance(value, str) else value


def _split(value: str) -> Any:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:  # the library's message would show the password
        raise ValueError("is not a URL") from None
    return parts


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    names = [name.strip() for name in value.split(",") if name.strip()]
    try:
        return tuple(ip_network(name) for name in names)
    except ValueError:
        raise ValueError("must be networks like 10.0.0.0/8, with commas") from None


def _addresses(value: object) -> object:
    if not isinstance(value, str):
        return value
    names = [name.strip() for name in value.split(",") if name.strip()]
    try:
        return tuple(dict.fromkeys(ip_address(name) for name in names))
    except ValueError:
        raise ValueError("must be addresses like 192.0.2.7, with commas") from None


def parse_rsa_key(value: str) -> rsa.RSAPrivateKey:
    """Read a base64-wrapped, unencrypted PEM key (PKCS#8 or PKCS#1).

    Raises `ValueError`, with a message that holds nothing of the key.
    """
    try:
        pem = base64.b64decode("".join(value.split()), validate=True)
        key = load_pem_private_key(pem, password=None)
    except binascii.Error:
        raise ValueError("must be base64 of a PEM file") from None
    except TypeError:  # the library's way to ask for a password
        raise ValueError("must not be encrypted with a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("must be an unencrypted PEM private key") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("must be an RSA key")  # noqa: TRY004 - pydantic reads this one
    if key.key_size < SMALLEST_KEY:
        raise ValueError(f"must have {SMALLEST_KEY} bits or more")
    return key


def _rsa_key(value: SecretStr) -> SecretStr:
    parse_rsa_key(value.get_secret_value())
    return value


def _trimmed(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


Host: TypeAlias = Annotated[str, AfterValidator(_host)]
BrokerEndpoint: TypeAlias = Annotated[Endpoint, NoDecode, BeforeValidator(_endpoint)]
BucketName: TypeAlias = Annotated[str, AfterValidator(_bucket)]
OriginUrl: TypeAlias = Annotated[
    str, BeforeValidator(_trimmed), AfterValidator(_origin_url)
]
CollectorUrl: TypeAlias = Annotated[str, AfterValidator(_collector_url)]
QueueUrl: TypeAlias = Annotated[str, AfterValidator(_queue_url)]
ProxyUrl: TypeAlias = Annotated[SecretStr, AfterValidator(_proxy)]
DatabaseAddress: TypeAlias = Annotated[
    DatabaseUrl, NoDecode, BeforeValidator(_database)
]
RsaKey: TypeAlias = Annotated[SecretStr, AfterValidator(_rsa_key)]
Networks: TypeAlias = Annotated[
    tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)
]
Addresses: TypeAlias = Annotated[
    tuple[IPv4Address | IPv6Address, ...], NoDecode, BeforeValidator(_addresses)
]
