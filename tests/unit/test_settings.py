import base64
import json
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from tests.support.edge import rsa_key

from stackyard.kernel.blobs import Bucket
from stackyard.kernel.queue import Queue
from stackyard.settings import (
    DrainSettings,
    Endpoint,
    MigrateSettings,
    SchedulerSettings,
    ServerSettings,
    SettingsError,
    load,
)
from stackyard.settings.values import region_of

CANARY = "canary-7f3a"
START = """
from stackyard.logs import configure_logs
from stackyard.settings import ServerSettings, load_or_exit
configure_logs("server")
print(load_or_exit(ServerSettings))
"""


def wrapped(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    pem = key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())
    return base64.b64encode(pem).decode()


def complete() -> dict[str, str]:
    return {
        "SERVER_DOMAIN": "yard.example.org",
        "DATABASE_URL": "postgres://u:p@db:5432/yard?statement_cache_capacity=0",
        "ENCRYPTION_TYPE": "rsa",
        "ENCRYPTION_RSA_PRIVATE_KEY": wrapped(rsa_key()) + "\n",
        "MESSAGE_QUEUE_TYPE": "postgres",
        "MQTT_BROKER_TYPE": "builtin",
        "MQTT_BROKER_ENDPOINT": "tls://mqtt.example.org:1984",
        "OBJECT_STORAGE_TYPE": "minio",
        "OBJECT_STORAGE_MINIO_ENDPOINT": "minio:9000",
        "OBJECT_STORAGE_MINIO_ACCESS_KEY_ID": "id",
        "OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY": "secret",
        **{f"OBJECT_STORAGE_BUCKET_{name}": name.lower() for name in Bucket},
        "LICENSE_TYPE": "jwt",
        "LICENSE_TOKEN": "ignored",
    }


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return a dictionary; what is put in it is the environment's, after `use`."""
    for name in [*complete(), "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]:
        monkeypatch.delenv(name, raising=False)
    return complete()


def use(values: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def problems(values: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    use(values, monkeypatch)
    with pytest.raises(SettingsError) as caught:
        load(ServerSettings)
    return {one.variable: one.problem for one in caught.value.problems}


def test_a_complete_environment_is_read(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(environment, monkeypatch)
    settings = load(ServerSettings)

    assert settings.site.base_url == "https://yard.example.org"
    assert settings.database_url.parameters["host"] == "db"
    assert settings.mqtt_broker_endpoint == Endpoint("mqtt.example.org", 1984, tls=True)
    assert settings.buckets[Bucket.STATES] == "states"
    assert settings.rsa_private_key.key_size == 2048
    assert load(DrainSettings).concurrency


def test_an_empty_address_is_one_that_was_not_given(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(environment | {"STACKYARD_DATABASE_DIRECT_URL": ""}, monkeypatch)
    settings = load(MigrateSettings)
    assert settings.direct_database is settings.database_url

    monkeypatch.setenv("STACKYARD_DATABASE_DIRECT_URL", "postgres://direct/yard")
    assert load(MigrateSettings).direct_database.parameters["host"] == "direct"


def test_a_wrong_address_is_named_and_not_repeated(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {
        "DATABASE_URL": f"postgres://u:{CANARY}%@db/yard",
        "STACKYARD_DATABASE_DIRECT_URL": f"mysql://u:{CANARY}@db/yard",
    }
    found = problems(environment | wrong, monkeypatch)

    assert found.keys() == wrong.keys()
    assert CANARY not in str(found)


def test_a_process_does_not_fail_for_what_it_does_not_use(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del environment["OBJECT_STORAGE_BUCKET_METADATA"]
    use(environment, monkeypatch)
    load(ServerSettings)
    with pytest.raises(SettingsError, match="OBJECT_STORAGE_BUCKET_METADATA"):
        load(DrainSettings)

    monkeypatch.delenv("OBJECT_STORAGE_BUCKET_UPLOADS")
    monkeypatch.setenv("OBJECT_STORAGE_BUCKET_METADATA", "metadata")
    load(DrainSettings)
    for name in environment:
        if name not in {"DATABASE_URL", "MESSAGE_QUEUE_TYPE"}:
            monkeypatch.delenv(name, raising=False)
    load(SchedulerSettings)
    load(MigrateSettings)


def test_an_empty_environment_names_everything_that_is_missing(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = problems({}, monkeypatch)

    for name in ("SERVER_DOMAIN", "DATABASE_URL", "ENCRYPTION_RSA_PRIVATE_KEY"):
        assert found[name] == "is required"
    assert found["ENCRYPTION_TYPE"] == "is not supported here; supported: rsa"
    assert "AWS_DEFAULT_REGION" in found


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SERVER_DOMAIN", "https://yard.example.org"),
        ("SERVER_DOMAIN", "yard.example.org/path"),
        ("SERVER_DOMAIN", "yard:99999"),
        ("DATABASE_URL", f"mysql://u:{CANARY}@db/yard"),
        ("DATABASE_URL", f"postgres://u:{CANARY}@[db/yard"),
        ("DATABASE_URL", f"postgres://u:{CANARY}@db"),
        ("DATABASE_URL", f"postgres://u:{CANARY}@db:port/yard"),
        ("DATABASE_URL", f"postgres://u:{CANARY}/with-a-slash@db/yard"),
        ("DATABASE_URL", f"postgres://u:{CANARY}@db\u2100/yard"),
        ("ENCRYPTION_TYPE", "kms"),
        ("ENCRYPTION_RSA_PRIVATE_KEY", CANARY),
        ("ENCRYPTION_RSA_PRIVATE_KEY", base64.b64encode(CANARY.encode()).decode()),
        ("MESSAGE_QUEUE_TYPE", "rabbitmq"),
        ("MQTT_BROKER_TYPE", "iotcore"),
        ("MQTT_BROKER_ENDPOINT", "mqtt.example.org"),
        ("MQTT_BROKER_ENDPOINT", "mqtts://mqtt.example.org:1"),
        ("MQTT_BROKER_ENDPOINT", "mqtt.example.org:0"),
        ("OBJECT_STORAGE_TYPE", "gcp"),
        ("OBJECT_STORAGE_BUCKET_STATES", "states/"),
        ("OBJECT_STORAGE_BUCKET_STATES", " states"),
        ("OBJECT_STORAGE_MINIO_ENDPOINT", "http://minio:9000"),
        ("OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY", ""),
        ("OBSERVABILITY_VENDOR", "Datadog"),
        ("OBSERVABILITY_VENDOR", "AWS"),
        ("OBSERVABILITY_VENDOR", "opentelemetry"),
        ("HTTPS_PROXY", f"user:{CANARY}@proxy:3128"),
        ("STACKYARD_HTTP_PORT", CANARY),
        ("STACKYARD_SCHEME", "ftp"),
        ("STACKYARD_OUTBOUND_ALLOWED_NETWORKS", "10.0.0.0/8,nonsense"),
        ("STACKYARD_WORKER_LEASE_SECONDS", "-1"),
    ],
)
def test_a_wrong_value_is_named_without_being_shown(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    found = problems(environment | {variable: value}, monkeypatch)

    assert list(found) == [variable]
    assert CANARY not in str(found)


OPEN_TELEMETRY = {
    "OBSERVABILITY_VENDOR": "OpenTelemetry",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317",
}


def test_a_vendor_that_is_not_built_yet_is_refused_by_name(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = problems(environment | {"OBSERVABILITY_VENDOR": "Datadog"}, monkeypatch)

    said = "is not supported here; supported: Disabled, OpenTelemetry"
    assert found == {"OBSERVABILITY_VENDOR": said}


@pytest.mark.parametrize("kind", [ServerSettings, DrainSettings, SchedulerSettings])
def test_every_process_knows_where_its_collector_is(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    kind: type[ServerSettings] | type[DrainSettings] | type[SchedulerSettings],
) -> None:
    use(environment | OPEN_TELEMETRY, monkeypatch)

    assert load(kind).otel_exporter_otlp_endpoint == "http://collector:4317"
    assert load(kind).otel_metric_export_interval == 60_000


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://u:{CANARY}@collector:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "60s"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1"),
    ],
)
def test_what_opentelemetry_needs_is_asked_of_it_only(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    wrong = environment | OPEN_TELEMETRY | {variable: value}
    found = problems(wrong, monkeypatch)
    assert list(found) == [variable]
    assert CANARY not in str(found)

    for vendor in ("Disabled", ""):
        monkeypatch.setenv("OBSERVABILITY_VENDOR", vendor)
        load(ServerSettings)


AMAZON = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
ELSEWHERE = "http://queues.internal:9324/000000000000/"
DRAIN_ONLY = {Queue.DLQ, Queue.DLQ_FIFO, Queue.IOT}


def with_sqs(*queues: Queue, at: str = AMAZON) -> dict[str, str]:
    urls = {one.setting: f"{at}{one}{'.fifo' * one.fifo}" for one in queues}
    return {"MESSAGE_QUEUE_TYPE": "sqs"} | urls


def test_each_process_names_the_queues_of_sqs_that_it_needs(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(environment | with_sqs(), monkeypatch)

    shared = {queue.setting for queue in set(Queue) - DRAIN_ONLY}
    for kind in (ServerSettings, SchedulerSettings):
        assert missing(kind) == shared
    assert missing(DrainSettings) == {queue.setting for queue in Queue}


def missing(
    kind: type[ServerSettings] | type[DrainSettings] | type[SchedulerSettings],
) -> set[str]:
    with pytest.raises(SettingsError) as raised:
        load(kind)
    assert {one.problem for one in raised.value.problems} == {
        "is required when MESSAGE_QUEUE_TYPE is sqs"
    }
    return {one.variable for one in raised.value.problems}


def test_the_urls_of_queues_are_used_as_they_are_given(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(environment | with_sqs(*Queue), monkeypatch)

    drain = load(DrainSettings)
    assert drain.queue_urls[Queue.ASYNC_FIFO] == f"{AMAZON}async-fifo.fifo"
    assert drain.queue_region == "eu-west-1"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("eu-central-1.queue.amazonaws.com", "eu-central-1"),
        ("vpce-0a1b-c2d3.sqs.eu-west-2.vpce.amazonaws.com", "eu-west-2"),
        ("queue.amazonaws.com", None),
        ("sqs.eu-west-1.example.com", None),
    ],
)
def test_a_url_of_amazon_s_names_its_region(host: str, region: str | None) -> None:
    assert region_of(f"https://{host}/123456789012/async") == region


def test_a_queue_that_names_no_region_needs_one_to_be_set(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(environment | with_sqs(*Queue, at=ELSEWHERE), monkeypatch)
    with pytest.raises(SettingsError, match="set AWS_REGION as well"):
        load(SchedulerSettings)

    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert load(SchedulerSettings).queue_region == "eu-north-1"
    assert load(DrainSettings).queue_region == "eu-north-1"


@pytest.mark.parametrize(
    ("queue", "url"),
    [
        (Queue.ASYNC_FIFO, f"{AMAZON}async"),
        (Queue.ASYNC, f"{AMAZON}async.fifo"),
        (Queue.IOT, "arn:aws:sqs:eu-west-1:123456789012:iot"),
        (Queue.IOT, "https://sqs.eu-west-1.amazonaws.com"),
        (Queue.IOT, f"{AMAZON}iot "),
    ],
)
def test_the_wrong_queue_is_named(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    queue: Queue,
    url: str,
) -> None:
    use(environment | with_sqs(*Queue) | {queue.setting: url}, monkeypatch)

    with pytest.raises(SettingsError) as raised:
        load(DrainSettings)
    assert [one.variable for one in raised.value.problems] == [queue.setting]


def test_what_sqs_needs_is_not_asked_of_the_built_in_queue(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(environment | {Queue.ASYNC.setting: f"{ELSEWHERE}async"}, monkeypatch)

    assert load(DrainSettings).message_queue_type == "postgres"


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        (
            wrapped(rsa_key(), encryption=BestAvailableEncryption(b"x")),
            "must not be encrypted with a password",
        ),
        (
            base64.b64encode(
                rsa_key()
                .public_key()
                .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            ).decode(),
            "must be an unencrypted PEM private key",
        ),
        (wrapped(ec.generate_private_key(ec.SECP256R1())), "must be an RSA key"),
        (
            wrapped(
                rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - that is the point
            ),
            "must have 2048 bits or more",
        ),
    ],
    ids=["encrypted", "public", "elliptic", "short"],
)
def test_only_a_plain_rsa_key_of_some_size_will_do(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    complaint: str,
) -> None:
    found = problems(environment | {"ENCRYPTION_RSA_PRIVATE_KEY": key}, monkeypatch)

    assert found == {"ENCRYPTION_RSA_PRIVATE_KEY": complaint}


def test_the_older_form_of_a_key_is_read(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = wrapped(rsa_key(), form=PrivateFormat.TraditionalOpenSSL)
    use(environment | {"ENCRYPTION_RSA_PRIVATE_KEY": old}, monkeypatch)

    assert load(ServerSettings).rsa_private_key.key_size == 2048


def test_secrets_are_in_no_repr(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "DATABASE_URL": f"postgres://u:{CANARY}@db/yard",
        "ADMIN_PASSWORD": CANARY,
        "OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY": CANARY,
        "HTTPS_PROXY": f"http://u:{CANARY}@proxy",
    }
    use(environment | secrets, monkeypatch)
    settings = load(ServerSettings)

    assert CANARY not in repr(settings) + str(settings)
    assert environment["ENCRYPTION_RSA_PRIVATE_KEY"].strip() not in repr(settings)


def test_a_process_says_all_problems_on_json_lines_and_stops_with_status_2() -> None:
    wrong = {
        "DATABASE_URL": f"postgres://u:{CANARY}@[db/yard",
        "ENCRYPTION_RSA_PRIVATE_KEY": CANARY,
        "OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY": CANARY,
        "ADMIN_PASSWORD": CANARY,
        "STACKYARD_HTTP_PORT": CANARY,
    }
    ended = subprocess.run(
        [sys.executable, "-c", START],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "src"} | wrong,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 2
    assert ended.stderr == ""
    assert CANARY not in ended.stdout
    named = {line["variable"] for line in lines}
    assert {"DATABASE_URL", "SERVER_DOMAIN", "STACKYARD_HTTP_PORT"} <= named
    assert all(line["level"] == "critical" for line in lines)


def test_what_others_have_to_know_of_us_is_read(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment |= {
        "STACKYARD_OUTGOING_IPS": " 192.0.2.7, 2001:DB8::7,192.0.2.7",
        "AWS_ACCOUNT_ID": "123456789012",
        "WEBHOOKS_ENDPOINT": "https://in.example/hooks/",
        "VCS_GATEWAY_ENDPOINT": "agents.example:1984",
    }
    use(environment, monkeypatch)
    reach = load(ServerSettings).reach

    assert reach.outgoing == ("192.0.2.7", "2001:db8::7")
    assert reach.aws_account == "123456789012"
    assert reach.webhooks == "https://in.example/hooks"
    assert reach.agents == "agents.example:1984"


def test_what_is_wrong_with_it_is_said_at_the_start(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment |= {
        "STACKYARD_OUTGOING_IPS": "192.0.2.0/24",
        "AWS_ACCOUNT_ID": "me",
        "WEBHOOKS_ENDPOINT": "in.example",
        "VCS_GATEWAY_ENDPOINT": "https://agents.example",
    }
    use(environment, monkeypatch)
    with pytest.raises(SettingsError) as stopped:
        load(ServerSettings)

    said = {one.variable for one in stopped.value.problems}
    assert said == {
        "STACKYARD_OUTGOING_IPS",
        "AWS_ACCOUNT_ID",
        "WEBHOOKS_ENDPOINT",
        "VCS_GATEWAY_ENDPOINT",
    }
    assert load(DrainSettings)  # it does not show them
