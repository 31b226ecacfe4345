"""What the documents of several types have in common."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

Nanoseconds: TypeAlias = Annotated[int, Meta(description="Unix time in nanoseconds")]


class Part(Struct, frozen=True, kw_only=True):
    """A part of a document. What has no default is always there."""


class Moment(Part, frozen=True):
    """When it was asked for."""

    timestamp_ns: Nanoseconds


class Request(Moment, frozen=True):
    """From where, and when, it was asked for."""

    remote_ip: str


class Session(Part, frozen=True):
    """Who asks: a person, an API key (`machine`) or a run of a stack."""

    account_name: str
    admin: bool
    creator_ip: str
    login: str
    machine: bool
    member: bool
    name: str
    stack_id: str | None
    teams: list[str]


class Space(Part, frozen=True):
    """A space, by its slug."""

    id: str
    labels: list[str]
    name: str


class Role(Part, frozen=True):
    """A role that something has; `id` is its slug."""

    id: str
    name: str


class WorkerPool(Part, frozen=True):
    """Where runs are carried out; the public pool has no id and no name."""

    public: bool
    id: str | None
    name: str | None
    labels: list[str]


class Commit(Part, frozen=True):
    """A commit. `author` is a login where the git server knows one, else a name."""

    author: str
    branch: str
    created_at: Nanoseconds
    exist_on_tracked_branch: bool
    hash: str
    message: str
    pull_request_id: int | None
    tag: str
    url: str


class ChangedEntity(Part, frozen=True):
    """A resource, an output or a task. The vendor decides which fields it has."""

    address: str | None = None
    name: str | None = None
    type: str | None = None
    entity_vendor: str | None = None
    entity_type: str | None = None
    data: dict[str, Any] | None = None
    host_name: str | None = None
    playbook_name: str | None = None
    role_name: str | None = None
    task_name: str | None = None
    task_action: str | None = None


class Change(Part, frozen=True):
    """One thing that a run changes, or has changed."""

    action: str
    phase: Literal["plan", "apply"]
    moved: bool
    entity: ChangedEntity


class RuntimeConfig(Part, frozen=True):
    """How a run is carried out: hooks by their phase, environment, image, version."""

    after_apply: list[str]
    after_destroy: list[str]
    after_init: list[str]
    after_perform: list[str]
    after_plan: list[str]
    after_run: list[str]
    before_apply: list[str]
    before_destroy: list[str]
    before_init: list[str]
    before_perform: list[str]
    before_plan: list[str]
    environment: dict[str, str]
    git_sparse_checkout_paths: list[str]
    project_root: str
    runner_image: str
    terraform_version: str


class RunSummary(Part, frozen=True):
    """A run, without what it changes."""

    based_on_local_workspace: bool
    branch: str
    command: Annotated[str | None, Meta(description="Of a task; null otherwise")]
    commit: Commit
    created_at: Nanoseconds
    drift_detection: bool
    id: str
    state: str
    triggered_by: Annotated[
        str | None,
        Meta(description="A policy, a schedule, … ; null if a person or a push did"),
    ]
    type: str
    updated_at: Nanoseconds
    user_provided_metadata: list[str]


class Run(RunSummary, frozen=True):
    """A run, with what it changes and how it is carried out."""

    changes: list[Change]
    creator_session: Session | None
    flags: list[str]
    runtime_config: RuntimeConfig


class Stack(Part, frozen=True):
    """A stack. `contexts` are the ids of those that it has."""

    additional_project_globs: list[str]
    administrative: bool
    autodeploy: bool
    autoretry: bool
    branch: str
    contexts: list[str]
    id: str
    labels: list[str]
    locked_by: str | None
    name: str
    namespace: str
    project_root: str | None
    repository: str
    roles: list[Role]
    space: Space
    state: str
    terraform_version: str | None
    terraform_workflow_tool: str
    tracked_commit: Commit | None
    worker_pool: WorkerPool


class Module(Part, frozen=True):
    """A module of the registry."""

    administrative: bool
    branch: str
    current_version: str | None
    id: str
    labels: list[str]
    name: str
    namespace: str
    project_root: str | None
    repository: str
    space: Space
    terraform_provider: str
    terraform_version: str | None
    worker_pool: WorkerPool
