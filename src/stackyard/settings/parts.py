"""The variables, by what they are about. Names are the reference product's.

Only `STACKYARD_…` are our own. Variables of features we do not have (licences, usage
reports) are accepted and ignored.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from stackyard.kernel.blobs import Bucket
from stackyard.kernel.database_url import DatabaseUrl
from stackyard.kernel.queue import Queue
from stackyard.kernel.site import NO_AWS_ACCOUNT, Reach, Site
from stackyard.settings.values import (
    Addresses,
    BrokerEndpoint,
    BucketName,
    CollectorUrl,
    DatabaseAddress,
    Host,
    Networks,
    OriginUrl,
    ProxyUrl,
    QueueUrl,
    RsaKey,
    parse_rsa_key,
    region_of,
)

T = TypeVar("T")
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Concurrency = Annotated[int, Field(ge=1, le=256)]
Milliseconds = Annotated[int, Field(ge=100, le=3_600_000)]


class Common(BaseSettings):
    """What every process reads. The environment is the only source."""

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,  # an empty variable is one that was not set
        validate_default=True,
        str_strip_whitespace=False,
    )

    stackyard_instrumentation_port: Port = 8080
    enable_instrumentation_endpoints: bool = False
    http_proxy: ProxyUrl | None = None
    https_proxy: ProxyUrl | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the same
        init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings,)


class DatabasePart(Common):
    """Behind a pooler in transaction mode, what listens has to get past it."""

    database_url: DatabaseAddress
    stackyard_database_direct_url: DatabaseAddress | None = None

    @property
    def direct_database(self) -> DatabaseUrl:
        return self.stackyard_database_direct_url or self.database_url

    @property
    def database_urls(self) -> dict[str, DatabaseUrl]:
        """Return every address that was given, by the variable's name."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name.upper(): value
            for name, value in given.items()
            if isinstance(value, DatabaseUrl)
        }


class ReplicaPart(Common):
    """A replica is read for lists and metrics only: it is a little behind."""

    database_read_only_url: DatabaseAddress | None = None


class SitePart(Common):
    server_domain: Host
    stackyard_scheme: Literal["https", "http"] = "https"
    stackyard_account_name: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    ] = "stackyard"
    federation_custom_issuer: OriginUrl | None = None
    federation_custom_jwks_uri: OriginUrl | None = None

    @property
    def site(self) -> Site:
        return Site(
            f"{self.stackyard_scheme}://{self.server_domain}",
            self.stackyard_account_name,
            self.federation_custom_issuer,
            self.federation_custom_jwks_uri,
        )


def _only(*supported: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in supported:
            raise ValueError(
                f"is not supported here; supported: {', '.join(supported)}"
            )
        return value

    return AfterValidator(check)


class EncryptionPart(Common):
    """`kms` is the reference product's default, and is not built yet: it is said."""

    encryption_type: Annotated[str, _only("rsa")] = "kms"
    encryption_rsa_private_key: RsaKey

    @cached_property
    def rsa_private_key(self) -> rsa.RSAPrivateKey:
        return parse_rsa_key(self.encryption_rsa_private_key.get_secret_value())


class QueuePart(Common):
    """With SQS, each process names the queues that it cannot do without."""

    required_queues: ClassVar[frozenset[Queue]] = frozenset(
        set(Queue) - {Queue.DLQ, Queue.DLQ_FIFO, Queue.IOT}
    )

    message_queue_type: Annotated[str, _only("sqs", "postgres")] = "sqs"
    aws_region: str | None = None
    aws_default_region: str | None = None
    message_queue_sqs_async_url: QueueUrl | None = None
    message_queue_sqs_async_fifo_url: QueueUrl | None = None
    message_queue_sqs_cronjobs_url: QueueUrl | None = None
    message_queue_sqs_dlq_url: QueueUrl | None = None
    message_queue_sqs_dlq_fifo_url: QueueUrl | None = None
    message_queue_sqs_events_inbox_url: QueueUrl | None = None
    message_queue_sqs_iot_url: QueueUrl | None = None
    message_queue_sqs_webhooks_url: QueueUrl | None = None

    @field_validator(*(queue.setting.lower() for queue in Queue))
    @classmethod
    def _queue_needs(cls, value: str | None, info: ValidationInfo) -> str | None:
        queue = next(one for one in Queue if one.setting.lower() == info.field_name)
        if info.data.get("message_queue_type") != "sqs":
            return value
        if value is None:
            if queue in cls.required_queues:
                raise ValueError("is required when MESSAGE_QUEUE_TYPE is sqs")
            return None
        if value.endswith(".fifo") is not queue.fifo:
            kind = "FIFO queue: it ends" if queue.fifo else "standard queue: not one"
            raise ValueError(f"must be the URL of a {kind} in .fifo")
        given = info.data.get("aws_region") or info.data.get("aws_default_region")
        if not (given or region_of(value)):
            raise ValueError("does not name a region: set AWS_REGION as well")
        return value

    @property
    def queue_urls(self) -> dict[Queue, str]:
        """Return the URLs that were given; those this process needs are among them."""
        urls = {queue: getattr(self, queue.setting.lower()) for queue in Queue}
        return {queue: url for queue, url in urls.items() if url is not None}

    @property
    def queue_region(self) -> str:
        """Return the region of the queues: their URLs know it best."""
        named = next(filter(None, map(region_of, self.queue_urls.values())), None)
        return named or self.aws_region or self.aws_default_region or ""


class MqttPart(Common):
    mqtt_broker_type: Annotated[str, _only("builtin")] = "iotcore"
    mqtt_broker_endpoint: BrokerEndpoint


class StoragePart(Common):
    """Object storage. Each process names the buckets that it cannot do without."""

    required_buckets: ClassVar[frozenset[Bucket]] = frozenset()

    object_storage_type: Annotated[str, _only("minio", "aws")] = "aws"
    object_storage_minio_endpoint: Host | None = None
    object_storage_minio_access_key_id: str | None = None
    object_storage_minio_secret_access_key: SecretStr | None = None
    object_storage_minio_use_ssl: bool = False
    object_storage_minio_allow_insecure: bool = False
    aws_region: str | None = None
    aws_default_region: str | None = None

    object_storage_bucket_deliveries: BucketName | None = None
    object_storage_bucket_large_queue_messages: BucketName | None = None
    object_storage_bucket_metadata: BucketName | None = None
    object_storage_bucket_modules: BucketName | None = None
    object_storage_bucket_policy_inputs: BucketName | None = None
    object_storage_bucket_run_logs: BucketName | None = None
    object_storage_bucket_states: BucketName | None = None
    object_storage_bucket_uploads: BucketName | None = None
    object_storage_bucket_uploads_url: OriginUrl | None = None
    object_storage_bucket_user_uploaded_workspaces: BucketName | None = None
    object_storage_bucket_workspace: BucketName | None = None

    @field_validator(
        "object_storage_minio_endpoint",
        "object_storage_minio_access_key_id",
        "object_storage_minio_secret_access_key",
    )
    @classmethod
    def _minio_needs(cls, value: T | None, info: ValidationInfo) -> T | None:
        if value is None and info.data.get("object_storage_type") == "minio":
            raise ValueError("is required when OBJECT_STORAGE_TYPE is minio")
        return value

    @field_validator("aws_default_region")
    @classmethod
    def _aws_needs(cls, value: str | None, info: ValidationInfo) -> str | None:
        given = value or info.data.get("aws_region")
        if not given and info.data.get("object_storage_type") == "aws":
            raise ValueError(
                "or AWS_REGION is required when OBJECT_STORAGE_TYPE is aws"
            )
        return value

    @field_validator(*(f"object_storage_bucket_{kind.lower()}" for kind in Bucket))
    @classmethod
    def _bucket_needs(cls, value: str | None, info: ValidationInfo) -> str | None:
        name = str(info.field_name).removeprefix("object_storage_bucket_")
        if value is None and Bucket(name.upper()) in cls.required_buckets:
            raise ValueError("is required")
        return value

    @property
    def buckets(self) -> dict[Bucket, str]:
        """Return the names that were given; those this process needs are among them."""
        names = {
            kind: getattr(self, f"object_storage_bucket_{kind.lower()}")
            for kind in Bucket
        }
        return {kind: name for kind, name in names.items() if name is not None}

    @property
    def region(self) -> str | None:
        return self.aws_region or self.aws_default_region


class AdminPart(Common):
    """Both, or the administrator's sign-in is off."""

    admin_username: str | None = None
    admin_password: SecretStr | None = None


class ReachPart(Common):
    """What others have to know to let us in, and to reach us. Only shown to them."""

    stackyard_outgoing_ips: Addresses = ()
    aws_account_id: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = None
    webhooks_endpoint: OriginUrl | None = None
    vcs_gateway_endpoint: Host | None = None

    @property
    def reach(self) -> Reach:
        return Reach(
            tuple(map(str, self.stackyard_outgoing_ips)),
            self.aws_account_id or NO_AWS_ACCOUNT,
            self.webhooks_endpoint,
            self.vcs_gateway_endpoint,
        )


class HttpPart(Common):
    stackyard_http_host: str = "0.0.0.0"  # noqa: S104 - a container's port is its own
    stackyard_http_port: Port = 1983
    stackyard_mqtt_port: Port = 1984
    stackyard_web_folder: Path | None = None  # the built page, if not the package's
    stackyard_trusted_proxies: Networks = ()


class WorkersPart(Common):
    stackyard_worker_lease_seconds: Seconds = 20
    stackyard_handover_seconds: Seconds = 10


class OutboundPart(Common):
    """What may be called besides public addresses, and where downloads are kept."""

    stackyard_outbound_allowed_networks: Networks = ()
    stackyard_git_poll_seconds: Seconds = 120
    stackyard_cache_folder: Path = Path("/var/cache/stackyard")


class AuditPart(Common):
    stackyard_audit_retention_days: Annotated[int, Field(ge=1, le=36_500)] = 30


class TelemetryPart(Common):
    """Vendors are spelled as the reference product does; two are not built yet.

    The other names are everybody's: they mean nothing here unless that is chosen.
    """

    observability_vendor: Annotated[str, _only("Disabled", "OpenTelemetry")] = (
        "Disabled"
    )
    otel_exporter_otlp_endpoint: CollectorUrl | None = None
    otel_exporter_otlp_protocol: Annotated[str, _only("grpc")] = "grpc"
    otel_metric_export_interval: Milliseconds = 60_000

    @field_validator(
        "otel_exporter_otlp_endpoint",
        "otel_exporter_otlp_protocol",
        "otel_metric_export_interval",
        mode="before",
    )
    @classmethod
    def _only_if_chosen(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("observability_vendor") == "OpenTelemetry":
            return value
        return cls.model_fields[str(info.field_name)].default

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _vendor_needs(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("observability_vendor") == "OpenTelemetry":
            raise ValueError("is required when OBSERVABILITY_VENDOR is OpenTelemetry")
        return value


class DrainPart(Common):
    message_processing_timeout_seconds: Seconds = 900
    drain_scheduler_enabled: bool = False
    drain_concurrency_async_jobs: Concurrency = 1
    drain_concurrency_async_jobs_fifo: Concurrency = 1
    drain_concurrency_cronjobs: Concurrency = 1
    drain_concurrency_dlq: Concurrency = 1
    drain_concurrency_dlq_fifo: Concurrency = 1
    drain_concurrency_events: Concurrency = 1
    drain_concurrency_iot: Concurrency = 1
    drain_concurrency_webhooks: Concurrency = 1

    @property
    def concurrency(self) -> dict[Queue, int]:
        return {
            Queue.ASYNC: self.drain_concurrency_async_jobs,
            Queue.ASYNC_FIFO: self.drain_concurrency_async_jobs_fifo,
            Queue.CRONJOBS: self.drain_concurrency_cronjobs,
            Queue.DLQ: self.drain_concurrency_dlq,
            Queue.DLQ_FIFO: self.drain_concurrency_dlq_fifo,
            Queue.EVENTS_INBOX: self.drain_concurrency_events,
            Queue.IOT: self.drain_concurrency_iot,
            Queue.WEBHOOKS: self.drain_concurrency_webhooks,
        }
