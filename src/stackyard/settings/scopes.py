"""Which process reads what."""

from typing import ClassVar

from stackyard.kernel.blobs import Bucket
from stackyard.kernel.queue import Queue
from stackyard.settings.parts import (
    AdminPart,
    AuditPart,
    DatabasePart,
    DrainPart,
    EncryptionPart,
    HttpPart,
    MqttPart,
    OutboundPart,
    QueuePart,
    ReachPart,
    ReplicaPart,
    SitePart,
    StoragePart,
    TelemetryPart,
    WorkersPart,
)

_BOTH = {
    Bucket.LARGE_QUEUE_MESSAGES,
    Bucket.MODULES,
    Bucket.RUN_LOGS,
    Bucket.STATES,
    Bucket.WORKSPACE,
}


class ServerSettings(
    SitePart,
    DatabasePart,
    ReplicaPart,
    EncryptionPart,
    QueuePart,
    MqttPart,
    StoragePart,
    AdminPart,
    HttpPart,
    ReachPart,
    WorkersPart,
    OutboundPart,
    AuditPart,
    TelemetryPart,
):
    """`stackyard server`."""

    required_buckets: ClassVar = frozenset(_BOTH | {Bucket.UPLOADS})


class DrainSettings(
    SitePart,
    DatabasePart,
    ReplicaPart,
    EncryptionPart,
    QueuePart,
    MqttPart,
    StoragePart,
    WorkersPart,
    OutboundPart,
    DrainPart,
    AuditPart,
    TelemetryPart,
):
    """`stackyard drain`."""

    required_buckets: ClassVar = frozenset(_BOTH | {Bucket.METADATA})
    required_queues: ClassVar = frozenset(Queue)


class SchedulerSettings(DatabasePart, QueuePart, TelemetryPart):
    """`stackyard scheduler`: it only enqueues."""


class MigrateSettings(DatabasePart):
    """`stackyard migrate`, and an operator's tools: `stackyard queue`, `… audit`."""
