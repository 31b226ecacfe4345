"""One line of the trail: who did what, to what, from where. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.audit.model.chain import digest_of
from stackyard.audit.model.masking import canonical, masked
from stackyard.kernel.access import Action, Subject, SubjectKind
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.ids import SpaceId, new_ulid
from stackyard.kernel.origin import Origin
from stackyard.kernel.orm import Entity

_LONGEST: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# How the contents follow one another where they are hashed: never change the order.
CONTENTS: Final = (
    "id",
    "at",
    "action",
    "event_type",
    "outcome",
    "actor_kind",
    "actor_id",
    "actor",
    "actor_name",
    "actor_roles",
    "affected_kind",
    "affected_id",
    "related_kind",
    "related_id",
    "space_id",
    "address",
    "client",
    "user_agent",
    "request_id",
    "mutation",
    "data",
)
_CREATING: Final = frozenset({"add", "create", "import", "retry", "trigger"})
_DELETING: Final = frozenset({"delete", "purge", "remove"})
# What stands first in the names of actions: the longer ones come first.
_ENTITIES: Final = ("spacelift_vcs", "worker_pool", "worker", "stack", "space")


class Outcome(StrEnum):
    DONE = "done"
    DENIED = "denied"
    SIGN_IN_FAILED = "sign_in_failed"


class EventType(StrEnum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, or tried."""

    action: str
    affected: Resource
    related: Resource | None = None
    space: SpaceId | None = None
    facts: Mapping[str, Any] | None = None
    outcome: Outcome = Outcome.DONE


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody may not do *action* in *space*."""

    by: Subject
    action: Action
    space: SpaceId

    @property
    def deed(self) -> Deed:
        return Deed(
            action=name_of(self.action),
            affected=Resource(ResourceType.SPACE, self.space),
            space=self.space,
            outcome=Outcome.DENIED,
        )


class Entry(Entity):
    """Text where others have enums, so that even what was tampered with can be read.

    `digest` is of the contents, made with them. `position`, `previous` and `hash` come
    when the entry is sealed, a moment after its transaction.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_at_id", "at", "id"),
        Index("ix_audit_entries_actor_at_id", "actor", "at", "id"),
        Index("ix_audit_entries_action_at_id", "action", "at", "id"),
        Index("ix_audit_entries_event_type_at_id", "event_type", "at", "id"),
        Index("ix_audit_entries_outcome_at_id", "outcome", "at", "id"),
        Index("ix_audit_entries_affected_id_at_id", "affected_id", "at", "id"),
        Index("ix_audit_entries_affected_kind_at_id", "affected_kind", "at", "id"),
        Index("ix_audit_entries_related_id_at_id", "related_id", "at", "id"),
        Index("ix_audit_entries_related_kind_at_id", "related_kind", "at", "id"),
        Index("ix_audit_entries_space_id_at_id", "space_id", "at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str]
    event_type: Mapped[str]
    outcome: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor: Mapped[str]  # as clients show it: a login, `api::<key>`, `<stack>/<run>`
    actor_name: Mapped[str]
    actor_roles: Mapped[list[str] | None] = mapped_column(ARRAY(TEXT))
    affected_kind: Mapped[str]
    affected_id: Mapped[str | None]
    related_kind: Mapped[str | None]
    related_id: Mapped[str | None]
    space_id: Mapped[SpaceId | None]
    address: Mapped[str]
    client: Mapped[str]
    user_agent: Mapped[str]
    request_id: Mapped[str]
    mutation: Mapped[str | None]
    data: Mapped[str]  # JSON, as text: its digest must not depend on who stores it
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    previous: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)

    @classmethod
    def write(
        cls,
        deed: Deed,
        origin: Origin,
        *,
        by: Subject,
        roles: tuple[str, ...] | None = None,
        at: datetime,
        after: str = "",
    ) -> Self:
        """Return the entry, to be sealed behind the one of id *after*."""
        related = deed.related
        arguments = {"args": masked(origin.arguments)} if origin.mutation else {}
        entry = cls(
            id=new_ulid(after),
            at=at,
            action=deed.action,
            event_type=event_type(deed.action),
            outcome=deed.outcome,
            actor_kind=by.kind,
            actor_id=_kept(by.id),
            actor=_kept(shown(by)),
            actor_name=_kept(by.name),
            actor_roles=None if roles is None else list(roles),
            affected_kind=deed.affected.kind,
            affected_id=_kept_or_none(deed.affected.id),
            related_kind=related and related.kind,
            related_id=related and _kept_or_none(related.id),
            space_id=deed.space,
            address=_kept(origin.address),
            client=_kept(origin.client),
            user_agent=_kept(origin.user_agent),
            request_id=_kept(origin.request_id),
            mutation=origin.mutation,
            data=_storable(canonical(dict(deed.facts or {}) | arguments)),
        )
        entry.digest = digest_of(entry.contents)
        return entry

    @property
    def contents(self) -> list[Any]:
        """Return everything that the digest is of, in its order; times as integers."""
        values = [getattr(self, name) for name in CONTENTS]
        values[1] = microseconds(self.at)
        return values

    @property
    def facts(self) -> Any:
        """Return the data. Who tampered with it may have left something unreadable."""
        try:
            return json.loads(self.data)
        except ValueError:
            return {"Unreadable": self.data}


def microseconds(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def event_type(action: str) -> EventType:
    """Return which of the three kinds that the API filters by *action* is of."""
    verb = action.rpartition(".")[2].partition("_")[0]
    if verb in _CREATING:
        return EventType.CREATE
    return EventType.DELETE if verb in _DELETING else EventType.UPDATE


def shown(by: Subject) -> str:
    return f"api::{by.id}" if by.kind is SubjectKind.API_KEY else by.name


def name_of(action: Action) -> str:
    """Return `stack.create` for `STACK_CREATE`, which somebody was refused."""
    name = action.lower()
    known = (one for one in _ENTITIES if name.startswith(f"{one}_"))
    entity = next(known, name.partition("_")[0])
    return f"{entity}.{name.removeprefix(f'{entity}_')}"


def _kept(text: str) -> str:
    """Return what a column can hold; some of it was chosen by strangers."""
    return _storable(text.replace("\0", "")[:_LONGEST])


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _kept_or_none(text: str | None) -> str | None:
    return None if text is None else _kept(text)
