"""A launcher's environment: read whole, refused whole, and never printed."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.authority import Authority, key_pem, make_key

from stackyard_protocol.mqtt import ApiEndpoint, BrokerEndpoint, PoolToken
from stackyard_worker.settings import SettingsError, load_settings

AUTHORITY = Authority()
KEY = make_key()
TOKEN = PoolToken(
    pool_ulid="01POOL",
    api=ApiEndpoint("https://stackyard.example"),
    broker=BrokerEndpoint(endpoint="tls://broker.example:1984", ca=AUTHORITY.pem),
    certificate=AUTHORITY.issue("01POOL", KEY),
)


def encoded(content: bytes | str) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.b64encode(raw).decode()


def environ(**more: str) -> dict[str, str]:
    return {
        "HOME": "/home/somebody",
        "SPACELIFT_TOKEN": encoded(msgspec.json.encode(TOKEN)),
        "SPACELIFT_POOL_PRIVATE_KEY": encoded(key_pem(KEY)),
    } | more


def problems(**more: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ(**more))
    return caught.value.problems


def test_token_and_key_are_enough() -> None:
    found = load_settings(environ())

    assert (found.broker.host, found.broker.port) == ("broker.example", 1984)
    assert found.broker.pool == "01POOL"
    assert found.token.api.endpoint == "https://stackyard.example"
    assert (found.run_seconds, found.silence_seconds) == (4200, 420)
    assert (found.slots, found.sandbox, found.tools) == (1, "bubblewrap", ())
    assert found.heartbeat_seconds == 3
    assert found.grace_seconds is None
    assert not found.debug
    assert not found.upload_sensitive_outputs


def test_everything_can_be_chosen(tmp_path: Path) -> None:
    found = load_settings(
        environ(
            SPACELIFT_LAUNCHER_RUN_TIMEOUT="2h",
            SPACELIFT_LAUNCHER_LOGS_TIMEOUT="90s",
            SPACELIFT_MASK_ENVS="ONE, TWO,,",
            SPACELIFT_WHITELIST_ENVS="HTTP_PROXY,ro_AWS_PROFILE",
            SPACELIFT_METADATA_instance_id="i-1",
            SPACELIFT_METADATA_AsgId="blue",
            SPACELIFT_SENSITIVE_OUTPUT_UPLOAD_ENABLED="true",
            SPACELIFT_DEBUG="1",
            SPACELIFT_RUN_LOGS_ON_STANDARD_OUTPUT_ENABLED="True",
            STACKYARD_WORKER_SLOTS="4",
            STACKYARD_WORKER_FOLDER=str(tmp_path),
            STACKYARD_WORKER_SANDBOX="process",
            STACKYARD_WORKER_TRUSTED="true",
            STACKYARD_WORKER_TOOLS=os.pathsep.join(["/opt/a", "/opt/b"]),
            STACKYARD_WORKER_HEARTBEAT_SECONDS="0.5",
            STACKYARD_WORKER_GRACE_SECONDS="25",
        )
    )

    assert (found.run_seconds, found.silence_seconds) == (7200, 90)
    assert found.mask_env == ("ONE", "TWO")
    assert found.pass_env == ("HTTP_PROXY", "ro_AWS_PROFILE")
    assert found.metadata == {"instance_id": "i-1", "AsgId": "blue"}
    assert found.upload_sensitive_outputs
    assert found.debug
    assert found.echo_logs
    assert (found.slots, found.folder, found.sandbox) == (4, tmp_path, "process")
    assert found.tools == (Path("/opt/a"), Path("/opt/b"))
    assert (found.heartbeat_seconds, found.grace_seconds) == (0.5, 25)


def test_all_problems_are_said_at_once() -> None:
    told = problems(
        SPACELIFT_TOKEN="",
        SPACELIFT_POOL_PRIVATE_KEY="!",
        SPACELIFT_LAUNCHER_RUN_TIMEOUT="70",
        STACKYARD_WORKER_SLOTS="0",
        STACKYARD_WORKER_SANDBOX="docker",
    )

    assert told == [
        "SPACELIFT_TOKEN is required",
        "SPACELIFT_POOL_PRIVATE_KEY is not base64",
        "SPACELIFT_LAUNCHER_RUN_TIMEOUT is not a duration such as 70m or 1h30m",
        "STACKYARD_WORKER_SLOTS must be more than zero",
        "STACKYARD_WORKER_SANDBOX must be bubblewrap or process",
    ]


def test_no_isolation_needs_a_second_word() -> None:
    told = problems(STACKYARD_WORKER_SANDBOX="process")

    assert "STACKYARD_WORKER_TRUSTED=true" in told[0]


def _token(change: Callable[[dict[str, object]], None]) -> str:
    content = msgspec.to_builtins(TOKEN)
    change(content)
    return encoded(msgspec.json.encode(content))


@pytest.mark.parametrize(
    "token",
    [
        encoded("{}"),
        encoded("not json"),
        encoded(b"\xff\xfe"),
        _token(lambda content: content.update(version=2)),
        _token(lambda content: content.update(broker={"endpoint": "x:1"})),
    ],
)
def test_a_token_of_another_kind_is_refused(token: str) -> None:
    assert problems(SPACELIFT_TOKEN=token) == [
        "SPACELIFT_TOKEN is not a worker pool token of this version"
    ]


@pytest.mark.parametrize("endpoint", ["", "http://x:1", "a b:1", "host:port", "x:1/y"])
def test_a_broker_that_cannot_be_reached_is_refused(endpoint: str) -> None:
    broker = {"endpoint": endpoint, "ca": AUTHORITY.pem}
    token = _token(lambda content: content.update(broker=broker))

    assert problems(SPACELIFT_TOKEN=token) == ["SPACELIFT_TOKEN names no usable broker"]


def test_a_key_that_is_not_the_certificates_is_refused() -> None:
    told = problems(SPACELIFT_POOL_PRIVATE_KEY=encoded(key_pem(make_key())))

    (problem,) = told
    assert "does not belong to the certificate in SPACELIFT_TOKEN" in problem


def test_a_key_of_another_kind_is_refused() -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    assert problems(SPACELIFT_POOL_PRIVATE_KEY=encoded(pem)) == [
        "SPACELIFT_POOL_PRIVATE_KEY is not an RSA key"
    ]


def test_secrets_are_in_no_repr_and_in_no_problem() -> None:
    told = repr(load_settings(environ())) + str(problems(SPACELIFT_DEBUG="maybe"))

    assert "PRIVATE KEY" not in told
    assert "CERTIFICATE" not in told
    assert "RSAPrivateKey" not in told
