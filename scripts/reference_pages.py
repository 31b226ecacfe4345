# ruff: noqa: INP001 - a script's other half, not a package
"""What `generate-docs` writes: settings, API and telemetry, as the code has them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pydantic.fields import FieldInfo
from scripts.access_matrix import matrix_page
from scripts.api_page import api_page, contract

from stackyard.adapters.queue.traffic import COUNTERS, GAUGES
from stackyard.graphql.schema import build_schema
from stackyard.kernel.actions import Action
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.metrics import Instrument
from stackyard.kernel.queue import Queue
from stackyard.settings import (
    DrainSettings,
    MigrateSettings,
    SchedulerSettings,
    ServerSettings,
)
from stackyard.settings.parts import Common, QueuePart, StoragePart
from stackyard.spaces import SYSTEM_ROLES

NOTE: Final = "<!-- Written by scripts/generate-docs from the code. Do not edit. -->"

PROCESSES: Final[dict[str, type[Common]]] = {
    "server": ServerSettings,
    "drain": DrainSettings,
    "scheduler": SchedulerSettings,
    "migrate": MigrateSettings,
}

# What the classes cannot say in a word. A name that no class reads is an error.
MEANINGS: Final = {
    "ADMIN_PASSWORD": "the administrator's; without both the sign-in is off",
    "ADMIN_USERNAME": "the administrator's name",
    "AWS_DEFAULT_REGION": "used where `AWS_REGION` is not set",
    "AWS_REGION": "one of the two must be set with `aws`; with `sqs`, see there",
    "DATABASE_READ_ONLY_URL": "a replica for lists and metrics; else `DATABASE_URL`",
    "DATABASE_URL": "`postgres://user:password@host:port/database`",
    "DRAIN_CONCURRENCY_ASYNC_JOBS": "messages of `async` at once",
    "DRAIN_CONCURRENCY_ASYNC_JOBS_FIFO": "groups of `async-fifo` at once",
    "DRAIN_CONCURRENCY_CRONJOBS": "messages of `cronjobs` at once",
    "DRAIN_CONCURRENCY_DLQ": "messages of `dlq` at once",
    "DRAIN_CONCURRENCY_DLQ_FIFO": "groups of `dlq-fifo` at once",
    "DRAIN_CONCURRENCY_EVENTS": "messages of `events-inbox` at once",
    "DRAIN_CONCURRENCY_IOT": "messages of `iot` at once",
    "DRAIN_CONCURRENCY_WEBHOOKS": "messages of `webhooks` at once",
    "DRAIN_SCHEDULER_ENABLED": "be the scheduler as well",
    "ENABLE_INSTRUMENTATION_ENDPOINTS": "serve `/readiness`, `/startup`; not `migrate`",
    "ENCRYPTION_RSA_PRIVATE_KEY": "base64 of an unencrypted PEM, 2048 bits or more",
    "ENCRYPTION_TYPE": "only `rsa` is supported: set it",
    "HTTPS_PROXY": "its form is checked; calls to git do not use it yet",
    "HTTP_PROXY": "its form is checked; calls to git do not use it yet",
    "MESSAGE_PROCESSING_TIMEOUT_SECONDS": "how long one message may take",
    "MESSAGE_QUEUE_TYPE": "`sqs`, or `postgres` for the built-in queue",
    "MQTT_BROKER_ENDPOINT": "what workers dial: `host:port` or `tls://host:port`",
    "MQTT_BROKER_TYPE": "only `builtin` is supported: set it",
    "OBJECT_STORAGE_BUCKET_UPLOADS_URL": "origin that browsers may send uploads to",
    "OBJECT_STORAGE_MINIO_ACCESS_KEY_ID": "needed with `minio`",
    "OBJECT_STORAGE_MINIO_ALLOW_INSECURE": "take any certificate of the store",
    "OBJECT_STORAGE_MINIO_ENDPOINT": "`host` or `host:port`; needed with `minio`",
    "OBJECT_STORAGE_MINIO_SECRET_ACCESS_KEY": "needed with `minio`",
    "OBJECT_STORAGE_MINIO_USE_SSL": "https to the store",
    "OBJECT_STORAGE_TYPE": "set `minio`, for any S3-compatible store",
    "OBSERVABILITY_VENDOR": "`OpenTelemetry`: see Telemetry; other vendors are refused",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "of the collector: `http://host:4317`, or `https://`"
    " for TLS; needed with `OpenTelemetry`",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "only `grpc` is supported",
    "OTEL_METRIC_EXPORT_INTERVAL": "milliseconds between two exports",
    "AWS_ACCOUNT_ID": "what `spaceliftAwsAccountId` says; unset: zeros",
    "FEDERATION_CUSTOM_ISSUER": "who is said to issue the tokens by which clouds know"
    " runs; unset: the server's own address",
    "FEDERATION_CUSTOM_JWKS_URI": "where clouds find the keys of those tokens; unset:"
    " below the issuer",
    "VCS_GATEWAY_ENDPOINT": "`host:port` that is written into what VCS agents are"
    " given; unset: the server's host, port 443",
    "WEBHOOKS_ENDPOINT": "the base of the URLs for webhooks that are shown; unset:"
    " the server's, with `/webhooks`",
    "SERVER_DOMAIN": "where people, git and workers find the server",
    "STACKYARD_ACCOUNT_NAME": "what the installation is called",
    "STACKYARD_AUDIT_RETENTION_DAYS": "how long entries of the audit trail are kept",
    "STACKYARD_CACHE_FOLDER": "where clones of repositories are cached",
    "STACKYARD_GIT_POLL_SECONDS": "how often a git server elsewhere is asked for news",
    "STACKYARD_DATABASE_DIRECT_URL": "past a pooler in transaction mode, to listen",
    "STACKYARD_HANDOVER_SECONDS": "how long a worker may take to accept a run",
    "STACKYARD_HTTP_HOST": "where to listen",
    "STACKYARD_HTTP_PORT": "page, API, git, state, worker calls",
    "STACKYARD_INSTRUMENTATION_PORT": "of `/readiness` and `/startup`",
    "STACKYARD_OUTGOING_IPS": "what `outgoingIPAddresses` says: a list with commas",
    "STACKYARD_MQTT_PORT": "of the broker",
    "STACKYARD_OUTBOUND_ALLOWED_NETWORKS": "private ones that may be called",
    "STACKYARD_SCHEME": "`https` or `http`, of `SERVER_DOMAIN`",
    "STACKYARD_TRUSTED_PROXIES": "networks of the proxies in front of the server, whose"
    " `X-Forwarded-For` is believed",
    "STACKYARD_WEB_FOLDER": "the built page, if not the package's",
    "STACKYARD_WORKER_LEASE_SECONDS": "silence after which a worker is suspected",
}


_QUEUES: Final = {
    queue.setting: f"URL of `{queue}`, a {'FIFO' if queue.fifo else 'standard'} queue"
    for queue in Queue
}


class WorkerVariable(NamedTuple):
    name: str
    default: str
    meaning: str


# By hand: the worker reads its environment without classes (`worker/settings.py`).
WORKER: Final = (
    WorkerVariable("SPACELIFT_TOKEN", "required, secret", "the pool's `config`"),
    WorkerVariable(
        "SPACELIFT_POOL_PRIVATE_KEY",
        "required, secret",
        "base64 of the PEM key that the signing request was made with",
    ),
    WorkerVariable(
        "SPACELIFT_DEBUG", "`false`", "write the exact commands into the run's log"
    ),
    WorkerVariable("SPACELIFT_LAUNCHER_LOGS_TIMEOUT", "`7m`", "longest silence"),
    WorkerVariable("SPACELIFT_LAUNCHER_RUN_TIMEOUT", "`70m`", "longest leg"),
    WorkerVariable(
        "SPACELIFT_MASK_ENVS", "", "names whose values are masked in logs, with commas"
    ),
    WorkerVariable("SPACELIFT_METADATA_…", "", "tags that the worker shows"),
    WorkerVariable(
        "SPACELIFT_RUN_LOGS_ON_STANDARD_OUTPUT_ENABLED",
        "`false`",
        "print the runs' logs as well",
    ),
    WorkerVariable(
        "SPACELIFT_SENSITIVE_OUTPUT_UPLOAD_ENABLED",
        "`false`",
        "let sensitive outputs leave the worker where the stack wants it",
    ),
    WorkerVariable(
        "SPACELIFT_WHITELIST_ENVS",
        "",
        "names that runs are given of the launcher's environment, with commas",
    ),
    WorkerVariable("STACKYARD_WORKER_FOLDER", "see below", "journal and workspaces"),
    WorkerVariable(
        "STACKYARD_WORKER_GRACE_SECONDS",
        "the longest leg",
        "time that runs in hand have to finish when the launcher is told to go",
    ),
    WorkerVariable("STACKYARD_WORKER_HEARTBEAT_SECONDS", "`3`", "between heartbeats"),
    WorkerVariable("STACKYARD_WORKER_SANDBOX", "`bubblewrap`", "or `process`"),
    WorkerVariable("STACKYARD_WORKER_SLOTS", "`1`", "runs at the same time"),
    WorkerVariable(
        "STACKYARD_WORKER_TOOLS", "", "absolute folders with `terraform` or `tofu`"
    ),
    WorkerVariable(
        "STACKYARD_WORKER_TRUSTED",
        "`false`",
        "must be `true` for the sandbox `process`, which isolates nothing",
    ),
)

_LEVELS: Final = {"debug", "info", "warning", "error", "critical", "exception"}
# These pass an event on to the log: which argument it is, and at which level.
_SPOKESMEN: Final = {"end": (1, "info"), "_cut_off": (0, "info")}
_EVENT: Final = re.compile(r"[a-z_]+\.[a-z_]+")


def pages(root: Path) -> dict[str, str]:
    """Return the text of every generated page by its name."""
    return {
        "settings.md": settings_page(),
        "access.md": access_page(),
        "access-matrix.md": matrix_page(),
        "api.md": api_page(build_schema(), contract(root)),
        "telemetry.md": telemetry_page(root / "src"),
    }


# --- settings ---------------------------------------------------------------------


def settings_page() -> str:
    lines = [
        "# Settings",
        "",
        NOTE,
        "",
        "Environment variables are the only source. An empty variable is one that was",
        "not set. Each process checks what it reads at start, says every problem in",
        "a log line (`settings.refused`) and ends with status 2. Secrets are marked,",
        "and have no default. Variables that are not listed are ignored.",
        "",
        "## Control plane",
        "",
        "| variable | default | read by | meaning |",
        "|---|---|---|---|",
    ]
    lines += [_row(name, *found) for name, found in sorted(_variables().items())]
    lines += [
        "",
        "Which buckets a process cannot do without: "
        + "; ".join(f"{name}: {_required(kind)}" for name, kind in _with_buckets())
        + ".",
        "",
        "Which queues it must be told of when `MESSAGE_QUEUE_TYPE` is `sqs`: "
        + "; ".join(f"{name}: {_queues(kind)}" for name, kind in _with_queues())
        + ". URLs are used as they are given. Where they are not Amazon's own,",
        "and so do not name a region, `AWS_REGION` must be set as well. Credentials",
        "are looked for where Amazon's programs do.",
        "",
        "With `OBSERVABILITY_VENDOR=OpenTelemetry`, `OTEL_RESOURCE_ATTRIBUTES` and",
        "`OTEL_EXPORTER_OTLP_` with `HEADERS`, `COMPRESSION`, `CERTIFICATE`,",
        "`CLIENT_CERTIFICATE`, `CLIENT_KEY` mean what OpenTelemetry says. Without it,",
        "no variable of these names is looked at.",
        "",
        "`stackyard up` reads `STACKYARD_DATA`, the folder where it keeps everything;",
        "by default `./data`.",
        "",
        "## Worker",
        "",
        "Problems are printed to standard error; the status is 2.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{one.name}` | {one.default} | {one.meaning} |" for one in WORKER]
    lines += [
        "",
        "Durations are numbers with units, such as `90s`, `70m`, `1h30m`. The folder",
        "is `$XDG_STATE_HOME/stackyard/worker`, or `~/.local/state/stackyard/worker`",
        "where that is not set; it is held by one launcher at a time.",
        "",
    ]
    return "\n".join(lines)


def _variables() -> dict[str, tuple[FieldInfo, list[str]]]:
    found: dict[str, tuple[FieldInfo, list[str]]] = {}
    for process, kind in PROCESSES.items():
        for name, field in kind.model_fields.items():
            found.setdefault(name.upper(), (field, []))[1].append(process)
    unknown = MEANINGS.keys() - found.keys()
    if unknown:
        message = f"no process reads {', '.join(sorted(unknown))}"
        raise ValueError(message)
    return found


def _row(name: str, field: FieldInfo, processes: list[str]) -> str:
    meaning = MEANINGS.get(name) or _QUEUES.get(name) or _of_bucket(name)
    readers = "all" if len(processes) == len(PROCESSES) else ", ".join(processes)
    return f"| `{name}` | {_default(name, field)} | {readers} | {meaning} |"


def _default(name: str, field: FieldInfo) -> str:
    kind = str(field.annotation)
    secret = ", secret" if "SecretStr" in kind or "DatabaseUrl" in kind else ""
    if field.is_required():
        return f"required{secret}"
    value = field.default
    if value is None or value == ():
        return f"none{secret}"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if name in {"ENCRYPTION_TYPE", "MQTT_BROKER_TYPE"}:
        return f"`{value}`, refused"
    return f"`{value}`"


def _of_bucket(name: str) -> str:
    kind = name.removeprefix("OBJECT_STORAGE_BUCKET_")
    if kind == name:
        message = f"{name} has no meaning here"
        raise ValueError(message)
    if kind not in set(Bucket):
        return "accepted; nothing is kept there yet"
    return f"the bucket `{kind}`"


def _with_buckets() -> Iterator[tuple[str, type[StoragePart]]]:
    for name, kind in PROCESSES.items():
        if issubclass(kind, StoragePart):
            yield name, kind


def _with_queues() -> Iterator[tuple[str, type[QueuePart]]]:
    for name, kind in PROCESSES.items():
        if issubclass(kind, QueuePart):
            yield name, kind


def _queues(kind: type[QueuePart]) -> str:
    if kind.required_queues == set(Queue):
        return "all"
    return ", ".join(f"`{queue}`" for queue in sorted(kind.required_queues))


def _required(kind: type[StoragePart]) -> str:
    return ", ".join(f"`{bucket}`" for bucket in sorted(kind.required_buckets))


# --- API --------------------------------------------------------------------------


def access_page() -> str:
    lines = [
        "# Access",
        "",
        NOTE,
        "",
        "[Who may do what](../explanation/access.md) says how roles, spaces and",
        "actions hang together.",
        "",
        "## System roles",
        "",
        "| slug | name | actions | what for |",
        "|---|---|---|---|",
    ]
    for role in SYSTEM_ROLES:
        actions = ", ".join(f"`{one}`" for one in role.actions)
        lines.append(
            f"| `{role.slug}` | {role.name} | {actions} | {role.description} |"
        )
    lines += [
        "",
        "## Actions",
        "",
        "An action is allowed by a role that names it, or to whoever has the level:",
        "readers hold a role with `SPACE_READ`, writers with `SPACE_WRITE`,",
        "administrators with `SPACE_ADMIN`; each is all that those before are.",
        "",
        "| action | level that is enough |",
        "|---|---|",
    ]
    lines += [f"| `{one}` | {one.level.name.lower()} |" for one in Action]
    return "\n".join(lines) + "\n"


# --- telemetry --------------------------------------------------------------------


class Line(NamedTuple):
    event: str
    level: str
    module: str


def telemetry_page(source: Path) -> str:
    lines = [
        "# Telemetry",
        "",
        NOTE,
        "",
        "Every process writes one JSON object per line to standard output. Lines of",
        "the control plane have `event`, `level`, `logger`, `process`, `timestamp`;",
        "those of a worker `event`, `level`, `ts`. Beside them are the facts of the",
        "event. What is said while an HTTP request is answered has its `request_id`,",
        "which the response has as `x-request-id`. Lines of libraries have the same",
        "form, with a sentence as `event`. An exception is one field of its line,",
        "without the values of variables.",
        "",
        "## Metrics",
        "",
        "With `OBSERVABILITY_VENDOR=OpenTelemetry`, server, drain and scheduler send",
        "these to a collector by OTLP over gRPC: see",
        "[Watch the queue](../howto/watch-the-queue.md). All are about the tables of",
        "the built-in queue, which with SQS are the outbox. The label `queue` has the",
        "queue's name. Counters begin at zero with the process, whose name is the",
        "resource's `service.name`. There are no traces yet.",
        "",
        "| metric | kind | sent by | messages |",
        "|---|---|---|---|",
        *(_metric_row(one, "counter", "all three") for one in COUNTERS),
        *(_metric_row(one, "gauge", "drain") for one in GAUGES),
        "",
        "## Log events",
        "",
        "| event | level | module |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{e}` | {level} | `{module}` |" for e, level, module in events(source)
    ]
    return "\n".join([*lines, ""])


def _metric_row(instrument: Instrument, kind: str, by: str) -> str:
    return f"| `{instrument.name}` | {kind} | {by} | {instrument.meaning} |"


def events(source: Path) -> list[Line]:
    """Return every log line with a constant name, found in the code below *source*."""
    found: set[Line] = set()
    for path in source.rglob("*.py"):
        relative = path.relative_to(source).with_suffix("")
        module = ".".join(relative.parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (said := _said(node)):
                found.add(Line(*said, module))
    return sorted(found)


def _said(call: ast.Call) -> tuple[str, str] | None:
    if not isinstance(call.func, ast.Attribute):
        return None
    name = call.func.attr
    place, level = _SPOKESMEN.get(name, (0, "error" if name == "exception" else name))
    if name not in _LEVELS | _SPOKESMEN.keys() or len(call.args) <= place:
        return None
    event = call.args[place]
    if not isinstance(event, ast.Constant) or not isinstance(event.value, str):
        return None
    return (event.value, level) if _EVENT.fullmatch(event.value) else None
