"""The rules that are read of a policy, by its type, and what each may be.

A rule that a policy does not have is what it is here. Sets come as lists.
"""

from typing import Any, Literal

from msgspec import Struct


class Result(Struct, frozen=True, kw_only=True):
    """`sample`: keep what was asked and answered, to be looked at."""

    sample: bool = False


class Flagging(Result, frozen=True):
    """Flags are set on the run, or taken off it, and seen by policies after."""

    flag: tuple[str, ...] = ()
    reset_flag: tuple[str, ...] = ()


class LoginResult(Result, frozen=True):
    """`deny` beats all. `roles`: by space, the slugs of roles in it."""

    allow: bool = False
    admin: bool = False
    deny: bool = False
    deny_admin: bool = False
    roles: dict[str, tuple[str, ...]] = {}
    team: tuple[str, ...] = ()
    space_admin: tuple[str, ...] = ()
    space_write: tuple[str, ...] = ()
    space_read: tuple[str, ...] = ()


class AccessResult(Result, frozen=True):
    """`write` is `read` as well; what denies beats what allows."""

    read: bool = False
    write: bool = False
    deny: bool = False
    deny_write: bool = False


class ApprovalResult(Flagging, frozen=True):
    """Neither: nothing is decided yet. With a note, the reasons are shown."""

    approve: bool = False
    reject: bool = False
    approve_with_note: tuple[str, ...] = ()
    reject_with_note: tuple[str, ...] = ()


class DenyResult(Result, frozen=True):
    """Any reason to deny is enough."""

    deny: tuple[str, ...] = ()


class PlanResult(Flagging, frozen=True):
    """`deny` fails the run; `warn` makes it wait for a person."""

    deny: tuple[str, ...] = ()
    warn: tuple[str, ...] = ()


class PushResult(Flagging, frozen=True):
    """`ignore` beats all, `track` beats `propose`. An empty text is none."""

    track: bool = False
    propose: bool = False
    ignore: bool = False
    ignore_track: bool = False
    notrigger: bool = False
    notify: bool = False
    fail: bool = False
    prioritize: bool = False
    allow_fork: bool = False
    message: tuple[str, ...] = ()
    cancel: tuple[str, ...] = ()
    external_dependency: tuple[str, ...] = ()
    lock: str = ""
    unlock: str = ""
    module_version: str = ""


class TriggerResult(Flagging, frozen=True):
    """The ids of stacks; each is run at its tracked commit."""

    trigger: tuple[str, ...] = ()


class Inbox(Struct, frozen=True, omit_defaults=True):
    title: str | None = None
    body: str | None = None
    severity: Literal["INFO", "WARNING", "ERROR"] | None = None


class Slack(Struct, frozen=True, omit_defaults=True):
    """Without `thread_key` one message per run is edited."""

    channel_id: str
    message: str | None = None
    mention_users: tuple[str, ...] = ()
    mention_groups: tuple[str, ...] = ()
    thread_key: str | None = None


class Webhook(Struct, frozen=True, omit_defaults=True):
    """`endpoint_id` is a named webhook's. The payload is otherwise the event's."""

    endpoint_id: str
    headers: dict[str, str] = {}
    payload: Any = None
    method: str = "POST"


class PullRequestComment(Struct, frozen=True, omit_defaults=True):
    """To one pull request, or to those of a commit, or of a base branch."""

    id: int | None = None
    commit: str | None = None
    branch: str | None = None
    body: str | None = None
    deduplication_key: str | None = None


class NotificationResult(Result, frozen=True):
    """Who is told, by which way; nobody if there is nothing here."""

    inbox: tuple[Inbox, ...] = ()
    slack: tuple[Slack, ...] = ()
    webhook: tuple[Webhook, ...] = ()
    pull_request: tuple[PullRequestComment, ...] = ()


class IntentResult(Result, frozen=True):
    """The reasons to let it be done, and those not to."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
