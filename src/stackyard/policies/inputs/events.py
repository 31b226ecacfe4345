"""What comes from outside, or goes there: pushes, sign-ins, notifications."""

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from stackyard.policies.inputs.runs import EndedRun
from stackyard.policies.inputs.shared import (
    Commit,
    Module,
    Moment,
    Nanoseconds,
    Part,
    Request,
    RunSummary,
    Session,
    Space,
    Stack,
)


class Push(Part, frozen=True):
    """Commits, or a tag, that came to a repository."""

    affected_files: list[str]
    author: str
    branch: str
    created_at: Nanoseconds
    hash: str
    message: str
    tag: str


class Revision(Commit, frozen=True):
    """A commit, and the files that it touches."""

    affected_files: list[str]


class PullRequest(Part, frozen=True):
    """A pull or merge request, and what was just done to it (`action`)."""

    action: str
    action_initiator: str
    approved: bool
    author: str
    base: Revision
    closed: bool
    comment: str
    diff: list[str]
    draft: bool
    head: Revision
    head_owner: str
    id: int
    labels: list[str]
    mergeable: bool
    title: str
    undiverged: bool


class GitServer(Part, frozen=True):
    """The integration by which it came."""

    id: str
    name: str
    description: str
    provider: str
    is_default: bool
    labels: list[str]
    space: Space
    created_at: Nanoseconds
    updated_at: Nanoseconds


class Pushed(Part, frozen=True):
    """Code was pushed, or a pull request changed. `in_progress` runs are unconfirmed
    or wait.
    """

    in_progress: list[RunSummary]
    pull_request: PullRequest | None
    push: Push
    vcs_integration: GitServer | None


class PushedToStack(Pushed, frozen=True):
    """As it is asked of a stack's policies."""

    stack: Stack


class PushedToModule(Pushed, frozen=True):
    """As it is asked of a module's policies."""

    module: Module


class RoleToGive(Part, frozen=True):
    """A role that there is; `slug` is what a policy calls it by."""

    id: str
    name: str
    slug: str
    ulid: str


class SignIn(Part, frozen=True):
    """Somebody signs in, or an API key is exchanged for a token."""

    attachment: dict[str, Any] | None
    request: Request
    roles: list[RoleToGive]
    session: Session
    spaces: list[Space]


class Named(Part, frozen=True):
    """Something of Slack's."""

    id: str
    name: str


class SlackCommand(Part, frozen=True):
    """What somebody wrote, and where."""

    channel: Named
    command: str
    team: Named
    user: dict[str, Any]


class SignInBySlack(Part, frozen=True):
    """Somebody asks for something in Slack."""

    request: Moment
    slack: SlackCommand
    spaces: list[Space]


class StackAccess(Part, frozen=True):
    """Somebody asks for a stack."""

    request: Request
    session: Session
    stack: Stack


class ModuleAccess(Part, frozen=True):
    """Somebody asks for a module."""

    request: Request
    session: Session
    module: Module


class Account(Part, frozen=True):
    name: str


class WebhookEndpoint(Part, frozen=True):
    """A named webhook that the policy may have called."""

    id: str
    labels: list[str]


class Happening(Part, frozen=True):
    """What every notification is told."""

    account: Account
    webhook_endpoints: list[WebhookEndpoint]


class Decision(Part, frozen=True):
    """What the policies said of the plan."""

    deny: list[str]
    warn: list[str]


class Receipt(Part, frozen=True):
    """That a policy was evaluated for the run, and what came of it."""

    type: str
    name: str
    outcome: str
    flags: list[str]


class NotifiedRun(EndedRun, frozen=True):
    """The run, with the receipts once more, where policies look for them too."""

    policy_receipts: list[Receipt]


class TimeSpent(Part, frozen=True):
    """How long the run was in a state, in nanoseconds."""

    duration: int
    state: str


class RunUrls(Part, frozen=True):
    run: str


class RunUpdate(Part, frozen=True):
    """The run came into another state."""

    note: str
    plan_policy_decision: Decision
    policy_receipts: list[Receipt]
    run: NotifiedRun
    stack: Stack
    state: str
    timing: list[TimeSpent]
    urls: RunUrls
    username: str


class RunHappening(Happening, frozen=True):
    run_updated: RunUpdate


class TestRun(Part, frozen=True):
    """A test case of a version."""

    id: str
    title: str
    state: str
    created_at: Nanoseconds
    updated_at: Nanoseconds


class Version(Part, frozen=True):
    """A version whose tests have ended."""

    id: str
    number: str
    created_at: Nanoseconds
    state: Literal["ACTIVE", "FAILED"]
    latest: bool
    commit: Commit
    test_runs: list[TestRun]


class VersionUpdate(Part, frozen=True):
    module: Module
    version: Version


class VersionHappening(Happening, frozen=True):
    module_version: VersionUpdate


class InternalError(Part, frozen=True):
    """Something went wrong that no run shows."""

    error: str
    message: str
    severity: Literal["INFO", "WARNING", "ERROR"]


class ErrorHappening(Happening, frozen=True):
    internal_error: InternalError


class Operation(Part, frozen=True):
    """What is to be done to a resource."""

    resource_type: str
    operation: str
    provider: str | UnsetType = UNSET


class Intent(Part, frozen=True):
    """A resource is to be changed without a stack. More may be said, later."""

    resource: Operation
