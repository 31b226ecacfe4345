"""Who may write which state over which. Pure."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import RunId, StackId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.state.errors import (
    StateConflictError,
    StateLockedError,
    StateMalformedError,
    StateNotLockedError,
)

VERSION: Final = 4  # of the format: what every Terraform and OpenTofu of today writes


@dataclass(frozen=True, slots=True)
class Given:
    """A state that somebody wants to be the current one."""

    serial: int
    lineage: str
    sha256: str
    size: int


def parse(body: bytes) -> Given:
    """Read what must be known of a state. Slow for a large one: not on the loop."""
    try:
        state = json.loads(body)
        serial, lineage = state["serial"], state["lineage"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StateMalformedError from None
    if not isinstance(serial, int) or not isinstance(lineage, str) or serial < 0:
        raise StateMalformedError
    return Given(serial, lineage, hashlib.sha256(body).hexdigest(), len(body))


def is_bare(body: bytes) -> bool:
    """Whether a state is of nothing that could be destroyed. Slow for a large one.

    What is not understood is taken for something.
    """
    try:
        state = json.loads(body)
        return state["version"] == VERSION and all(
            one["mode"] == "data" for one in state["resources"]
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


class StateVersion(Entity):
    """One state as it was written. `aside`: rescued, but not the current one."""

    __tablename__ = "state_versions"
    __table_args__ = (Index("ix_state_versions_stack_id", "stack_id", "serial", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    serial: Mapped[int] = mapped_column(BigInteger)
    lineage: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    run_id: Mapped[RunId | None]
    aside: Mapped[bool] = mapped_column(default=False)

    @property
    def key(self) -> str:
        return f"{self.stack_id}/{self.id}"

    def is_followed_by(self, given: Given) -> bool:
        """Whether *given* may come after this one; False if it is this one again.

        The same content under the same serial is a repeated write whose answer was
        lost. Anything else that does not go forward is somebody's lost change.
        """
        if given.lineage != self.lineage:
            reason = "it is of another lineage, so of other infrastructure"
            raise StateConflictError(reason=reason, stack=self.stack_id)
        if given.serial == self.serial and given.sha256 == self.sha256:
            return False
        if given.serial <= self.serial:
            reason = f"serial {given.serial} is not newer than {self.serial}"
            raise StateConflictError(reason=reason, stack=self.stack_id)
        return True


def new_version(
    *,
    stack_id: StackId,
    given: Given,
    at: datetime,
    by: str,
    run_id: RunId | None,
    aside: bool = False,
) -> StateVersion:
    return StateVersion(
        id=new_ulid(),
        stack_id=stack_id,
        serial=given.serial,
        lineage=given.lineage,
        sha256=given.sha256,
        size=given.size,
        created_at=at,
        created_by=by,
        run_id=run_id,
        aside=aside,
    )


@dataclass(frozen=True, slots=True)
class LockInfo:
    """What a client says of its lock: an id, and JSON for people to read."""

    id: str
    info: dict[str, Any]

    @classmethod
    def read(cls, body: bytes) -> Self:
        try:
            info = json.loads(body)
            identity = info["ID"]
        except (ValueError, TypeError, KeyError):
            raise StateMalformedError from None
        if not isinstance(identity, str) or not identity:
            raise StateMalformedError
        return cls(identity, info)


class StateLock(Entity):
    """One lock per stack, with owner, age and reason."""

    __tablename__ = "state_locks"

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True
    )
    lock_id: Mapped[str]
    info: Mapped[dict[str, Any]] = mapped_column(JSONB)
    owner: Mapped[str]
    run_id: Mapped[RunId | None]
    created_at: Mapped[datetime]

    def ensure_id(self, lock_id: str) -> None:
        if lock_id != self.lock_id:
            raise StateLockedError(stack=self.stack_id, holder=self.info)


def ensure_held(lock: StateLock | None, lock_id: str | None) -> None:
    """A write needs the lock, and the id of that very lock."""
    if lock is None or lock_id is None:
        raise StateNotLockedError
    lock.ensure_id(lock_id)
