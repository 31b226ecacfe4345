"""Messages on the broker. A message only wakes: what is true is asked over HTTPS.

Topics, seen from the worker: `<ns>/readonly/<pool>/<worker>` is read by it,
`<ns>/writeonly/<pool>/<worker>` is written by it. Who sends is the topic, never the
payload.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct, field

NAMESPACE: Final = "spacelift"
SMALL_JOB: Final = 64 * 1024  # brokers in the cloud carry messages of 128 KiB


def inbox(pool: str, worker: str, namespace: str = NAMESPACE) -> str:
    """Return the topic that this worker reads."""
    return f"{namespace}/readonly/{pool}/{worker}"


def outbox(pool: str, worker: str, namespace: str = NAMESPACE) -> str:
    """Return the topic that this worker writes."""
    return f"{namespace}/writeonly/{pool}/{worker}"


class Register(Struct, tag="register", tag_field="kind", frozen=True):
    """Sent after every connect. `legs` are those that this worker still carries out."""

    version: str
    metadata: dict[str, str] = field(default_factory=dict)
    legs: list[str] = field(default_factory=list)


class Heartbeat(Struct, tag="heartbeat", tag_field="kind", frozen=True):
    """Sent every few seconds; extends the lease of the worker and of its legs."""

    legs: list[str] = field(default_factory=list)


class Deregister(Struct, tag="deregister", tag_field="kind", frozen=True):
    """The worker leaves in good order and carries out nothing any more."""


FromWorker: TypeAlias = Register | Heartbeat | Deregister


class RunAssigned(Struct, tag="run_assigned", tag_field="kind", frozen=True):
    """Accept the leg, soon. The job is an envelope for the pool's key.

    It is in the message itself or, when it has more than `SMALL_JOB` bytes, at `url`.
    """

    run: str
    leg: str
    job: bytes | None = None
    url: str | None = None


class StopRun(Struct, tag="stop_run", tag_field="kind", frozen=True):
    """Somebody wants the run stopped; honoured while it initialises or plans."""

    run: str
    leg: str


class SelfDestruct(Struct, tag="self_destruct", tag_field="kind", frozen=True):
    """Finish the run in hand, then exit: the pool is being cycled."""


class Ping(Struct, tag="ping", tag_field="kind", frozen=True):
    """Register again: the control plane does not know this worker (any more)."""


ToWorker: TypeAlias = RunAssigned | StopRun | SelfDestruct | Ping


class PoolToken(Struct, frozen=True):
    """`SPACELIFT_TOKEN`, after base64 and JSON: what a launcher needs to dial in."""

    pool_ulid: str
    api: "ApiEndpoint"
    broker: "BrokerEndpoint"
    certificate: str  # PEM, issued from the pool's signing request
    version: Literal[1] = 1


class ApiEndpoint(Struct, frozen=True):
    endpoint: str  # base URL, no trailing slash


class BrokerEndpoint(Struct, frozen=True):
    endpoint: str  # "host:port", or "tls://host:port"
    ca: str  # PEM of the authority that signed the broker's certificate
    type: Literal["builtin", "iotcore"] = "builtin"
    namespace: str = NAMESPACE
