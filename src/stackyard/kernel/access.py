"""Who is asking, and whether they may."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from stackyard.kernel.ids import SpaceId, StackId


class Level(IntEnum):
    """What somebody is in a space when no finer right was given."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3


class Action(StrEnum):
    """Names of the API's enum `Action`."""

    SPACE_READ = "SPACE_READ"
    SPACE_WRITE = "SPACE_WRITE"
    SPACE_ADMIN = "SPACE_ADMIN"
    RUN_CANCEL = "RUN_CANCEL"
    RUN_CANCEL_BLOCKING = "RUN_CANCEL_BLOCKING"
    RUN_CONFIRM = "RUN_CONFIRM"
    RUN_DISCARD = "RUN_DISCARD"
    RUN_PRIORITIZE_SET = "RUN_PRIORITIZE_SET"
    RUN_RETRY = "RUN_RETRY"
    RUN_RETRY_BLOCKING = "RUN_RETRY_BLOCKING"
    RUN_STOP = "RUN_STOP"
    RUN_STOP_BLOCKING = "RUN_STOP_BLOCKING"
    RUN_TRIGGER = "RUN_TRIGGER"
    TASK_CREATE = "TASK_CREATE"
    STACK_ADD_CONFIG = "STACK_ADD_CONFIG"
    STACK_CREATE = "STACK_CREATE"
    STACK_DELETE = "STACK_DELETE"
    STACK_DELETE_CONFIG = "STACK_DELETE_CONFIG"
    STACK_DISABLE = "STACK_DISABLE"
    STACK_ENABLE = "STACK_ENABLE"
    STACK_LOCK = "STACK_LOCK"
    STACK_MANAGED_STATE_IMPORT = "STACK_MANAGED_STATE_IMPORT"
    STACK_MANAGED_STATE_ROLLBACK = "STACK_MANAGED_STATE_ROLLBACK"
    STACK_SET_CURRENT_COMMIT = "STACK_SET_CURRENT_COMMIT"
    STACK_STATE_DOWNLOAD = "STACK_STATE_DOWNLOAD"
    STACK_STATE_READ = "STACK_STATE_READ"
    STACK_SYNC_COMMIT = "STACK_SYNC_COMMIT"
    STACK_UNLOCK = "STACK_UNLOCK"
    STACK_UNLOCK_FORCE = "STACK_UNLOCK_FORCE"
    STACK_UPDATE = "STACK_UPDATE"
    WORKER_DRAIN_SET = "WORKER_DRAIN_SET"
    WORKER_POOL_CREATE = "WORKER_POOL_CREATE"
    WORKER_POOL_CYCLE = "WORKER_POOL_CYCLE"
    WORKER_POOL_DELETE = "WORKER_POOL_DELETE"
    WORKER_POOL_RESET = "WORKER_POOL_RESET"
    WORKER_POOL_UPDATE = "WORKER_POOL_UPDATE"
    SPACELIFT_VCS_COMMIT_FILES = "SPACELIFT_VCS_COMMIT_FILES"
    SPACELIFT_VCS_CREATE = "SPACELIFT_VCS_CREATE"
    SPACELIFT_VCS_DELETE = "SPACELIFT_VCS_DELETE"
    SPACELIFT_VCS_UPDATE = "SPACELIFT_VCS_UPDATE"

    @property
    def level(self) -> Level:
        """Return the lowest level that grants this action without a role of its own."""
        if self in _READERS:
            return Level.READ
        return Level.WRITE if self in _WRITERS else Level.ADMIN


# The fallback column of the reference product's catalogue; what is missing is ADMIN.
_READERS: Final = {
    Action.SPACE_READ,
    Action.RUN_CANCEL,
    Action.RUN_RETRY,
    Action.RUN_STOP,
}
_WRITERS: Final = {
    Action.SPACE_WRITE,
    Action.RUN_CANCEL_BLOCKING,
    Action.RUN_CONFIRM,
    Action.RUN_DISCARD,
    Action.RUN_PRIORITIZE_SET,
    Action.RUN_RETRY_BLOCKING,
    Action.RUN_STOP_BLOCKING,
    Action.RUN_TRIGGER,
    Action.TASK_CREATE,
    Action.STACK_ADD_CONFIG,
    Action.STACK_DELETE_CONFIG,
    Action.STACK_LOCK,
    Action.STACK_SET_CURRENT_COMMIT,
    Action.STACK_STATE_DOWNLOAD,
    Action.STACK_STATE_READ,
    Action.STACK_SYNC_COMMIT,
    Action.STACK_UNLOCK,
    Action.SPACELIFT_VCS_COMMIT_FILES,
    Action.SPACELIFT_VCS_UPDATE,
}


class SubjectKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    RUN = "run"  # a token inside a run: this run's stack and nothing else
    WORKER = "worker"  # a worker carrying out one leg; `id` is the leg's
    SYSTEM = "system"  # the platform itself
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, an API key, a run, a worker or the platform itself.

    `name` is what history and locks show. `admin` is set for an administrator of the
    whole account. `stack_id` is set for a run: the one stack its token is good for.
    """

    kind: SubjectKind
    id: str
    name: str
    admin: bool = False
    stack_id: StackId | None = None


SYSTEM: Final = Subject(SubjectKind.SYSTEM, "system", "system", admin=True)
NOBODY: Final = Subject(SubjectKind.NOBODY, "", "nobody")


class Access(Protocol):
    async def require(self, by: Subject, action: Action, *, space: SpaceId) -> None:
        """Return in silence, or raise.

        Raises `UnauthorizedError` for nobody, `NotFoundError` if *by* may not even read
        the space, so that a refusal never tells a stranger what exists, and
        `ForbiddenError` if they may read but not do this.
        """

    async def level(self, by: Subject, *, space: SpaceId) -> Level:
        """Return what *by* is in the space."""
