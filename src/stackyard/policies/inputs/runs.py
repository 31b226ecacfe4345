"""What is asked about a run: to begin, to go on, to be followed by others."""

from typing import Any

from msgspec import UNSET, UnsetType, field

from stackyard.policies.inputs.shared import (
    Commit,
    Module,
    Moment,
    Part,
    Request,
    Run,
    Session,
    Stack,
)


class Initialization(Part, frozen=True):
    """A run is about to begin."""

    commit: Commit
    request: Moment
    run: Run
    stack: Stack


class TaskRequest(Request, frozen=True):
    """Somebody wants to run a command."""

    command: str


class Task(Part, frozen=True):
    """A task is asked for."""

    request: TaskRequest
    session: Session
    stack: Stack


class TerraformAction(Part, frozen=True):
    """What is done to a resource. Secret values are hashed."""

    actions: list[str]
    before: Any
    after: Any


class ResourceChange(Part, frozen=True):
    """A resource of a plan, also one that stays as it is (`no-op`)."""

    address: str
    type: str
    name: str
    provider_name: str
    change: TerraformAction


class TerraformPlan(Part, frozen=True):
    """A plan in Terraform's own JSON, without its `configuration`."""

    resource_changes: list[ResourceChange]
    terraform_version: str


class PlannedRun(Part, frozen=True):
    """The run that has planned; `previous_run` is not there the first time."""

    commit: Commit
    request: Request
    run: Run
    stack: Stack
    previous_run: Run | UnsetType = UNSET


class Metadata(Part, frozen=True):
    """What tools beside the vendor's own said; `custom` by the name of their file."""

    infracost: dict[str, Any] | None = None
    custom: dict[str, Any] = field(default_factory=dict)


class Plan(Part, frozen=True):
    """A plan is ready. It is under the name of its vendor; the others are null."""

    ansible: dict[str, Any] | None
    cloudformation: dict[str, Any] | None
    kubernetes: dict[str, Any] | None
    pulumi: dict[str, Any] | None
    terraform: TerraformPlan | None
    terragrunt: dict[str, Any] | None
    spacelift: PlannedRun
    third_party_metadata: Metadata


class AuthorRole(Part, frozen=True):
    """A role that a reviewer has; `id` is its slug too."""

    ulid: str
    slug: str
    id: str
    name: str


class Reviewer(Part, frozen=True):
    """Who reviewed, as of their sign-in."""

    login: str
    name: str
    teams: list[str]


class Review(Part, frozen=True):
    """What somebody said of the run when it was in `state`."""

    author: str
    author_roles: list[AuthorRole]
    request: Request
    session: Reviewer
    state: str
    state_version: int


class ReviewsOfState(Part, frozen=True):
    """Of each person the newest review only."""

    approvals: list[Review]
    rejections: list[Review]


class Reviews(Part, frozen=True):
    """Those made since the run is in its state, and those made before."""

    current: ReviewsOfState
    older: ReviewsOfState


class ReviewedRun(Run, frozen=True):
    """A run that waits for reviews."""

    repository_runtime_config_changed: bool


class Approval(Part, frozen=True):
    """A run waits to be reviewed, or was reviewed."""

    reviews: Reviews
    run: ReviewedRun
    stack: Stack


class StateChange(Part, frozen=True):
    """A state that a run came into."""

    new_state: str


class EndedRun(Run, frozen=True):
    """A run with all the states that it was in, the first one first."""

    states_history: list[StateChange]


class QueueingStack(Stack, frozen=True):
    """A stack, and how many runs wait on it."""

    queued_runs: int


class WorkflowRun(Part, frozen=True):
    """A run that the first one triggered, or that such a run did."""

    id: str
    stack_id: str
    state: str
    type: str


class RunEnded(Part, frozen=True):
    """A run has ended. `stacks` are all that the policy's space lets it see."""

    run: EndedRun
    stack: Stack
    stacks: list[QueueingStack]
    workflow: list[WorkflowRun]


class VersionPublished(Part, frozen=True):
    """A module has a new version. `stacks` use the one that was newest before."""

    module: Module
    stacks: list[Stack]
