"""Roles, and who holds which one where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.actions import Action, Level
from stackyard.kernel.ids import (
    ApiKeyId,
    BindingId,
    GroupId,
    RoleId,
    SpaceId,
    StackId,
    UserId,
    new_ulid,
    slugify,
)
from stackyard.kernel.orm import Entity
from stackyard.spaces.errors import RoleProblemsError, SystemRoleError

LONGEST_NAME: Final = 200
LONGEST_DESCRIPTION: Final = 10_000


class Role(Entity):
    """A set of actions. System roles are ours, and stay as they are."""

    __tablename__ = "roles"

    id: Mapped[RoleId] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str | None]
    actions: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    is_system: Mapped[bool]

    @classmethod
    def create(
        cls, *, name: str, description: str | None, actions: Iterable[Action]
    ) -> Self:
        wanted = _in_order(actions)
        _check(name, description, wanted)
        return cls(
            id=RoleId(new_ulid()),
            slug=slugify(name),
            name=name,
            description=description,
            actions=wanted,
            is_system=False,
        )

    def change(
        self,
        *,
        name: str | None,
        description: str | None,
        actions: Iterable[Action] | None,
    ) -> None:
        """Change what is given, None keeps what there is. The slug stays."""
        self.require_custom()
        new_name = self.name if name is None else name
        new_text = self.description if description is None else description
        wanted = self.actions if actions is None else _in_order(actions)
        _check(new_name, new_text, wanted)
        self.name, self.description, self.actions = new_name, new_text, wanted

    def require_custom(self) -> None:
        if self.is_system:
            raise SystemRoleError(role=self.slug)


@dataclass(frozen=True, slots=True)
class SystemRole:
    slug: str
    name: str
    description: str
    actions: tuple[Action, ...]


_READER: Final = (Action.SPACE_READ,)
_WRITER: Final = (*_READER, Action.SPACE_WRITE)
ADMIN_ROLE: Final = "space-admin"
SYSTEM_ROLES: Final = (
    SystemRole(
        ADMIN_ROLE,
        "Space admin",
        "May do everything in the space and in the spaces below it.",
        (*_WRITER, Action.SPACE_ADMIN),
    ),
    SystemRole(
        "space-writer",
        "Space writer",
        "May trigger, confirm and discard runs, run tasks, and change environments.",
        _WRITER,
    ),
    SystemRole(
        "space-reader",
        "Space reader",
        "May look at everything in the space, and comment.",
        _READER,
    ),
    SystemRole(
        "worker-pool-controller",
        "Worker pool controller",
        "May make, change and delete worker pools.",
        (
            *_READER,
            Action.WORKER_POOL_CREATE,
            Action.WORKER_POOL_DELETE,
            Action.WORKER_POOL_UPDATE,
        ),
    ),
)
# What an access rule of the older kind stands for.
ROLE_OF_LEVEL: Final[Mapping[Level, str]] = MappingProxyType(
    {
        Level.READ: "space-reader",
        Level.WRITE: "space-writer",
        Level.ADMIN: ADMIN_ROLE,
    }
)


class HolderKind(StrEnum):
    API_KEY = "api_key"
    USER = "user"
    GROUP = "group"
    STACK = "stack"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a role is given to."""

    kind: HolderKind
    id: str


_COLUMN: Final = MappingProxyType(
    {
        HolderKind.API_KEY: "api_key_id",
        HolderKind.USER: "user_id",
        HolderKind.GROUP: "group_id",
        HolderKind.STACK: "stack_id",
    }
)
_HOLDERS: Final = tuple(_COLUMN.values())


def _cascading(target: str) -> ForeignKey:
    return ForeignKey(target, ondelete="CASCADE")


class RoleBinding(Entity):
    """One holder, one role, one space and all below it. Made and removed, not changed.

    Exactly one of the four holders is set.
    """

    __tablename__ = "role_bindings"
    __table_args__ = (
        CheckConstraint(
            f"num_nonnulls({', '.join(_HOLDERS)}) = 1",
            name="ck_role_bindings_one_holder",
        ),
        Index("ix_role_bindings_role_id", "role_id"),
        Index("ix_role_bindings_space_id", "space_id"),
        *(
            Index(
                f"uq_role_bindings_{column}",
                column,
                "role_id",
                "space_id",
                unique=True,
            )
            for column in _HOLDERS
        ),
    )

    id: Mapped[BindingId] = mapped_column(primary_key=True)
    role_id: Mapped[RoleId] = mapped_column(ForeignKey("roles.id"))
    space_id: Mapped[SpaceId] = mapped_column(_cascading("spaces.id"))
    api_key_id: Mapped[ApiKeyId | None] = mapped_column(_cascading("api_keys.id"))
    user_id: Mapped[UserId | None] = mapped_column(_cascading("users.id"))
    group_id: Mapped[GroupId | None] = mapped_column(_cascading("user_groups.id"))
    stack_id: Mapped[StackId | None] = mapped_column(_cascading("stacks.id"))
    created_at: Mapped[datetime]

    @classmethod
    def create(
        cls, holder: Holder, role: Role, space_id: SpaceId, *, at: datetime
    ) -> Self:
        return cls(
            id=BindingId(new_ulid()),
            role_id=role.id,
            space_id=space_id,
            created_at=at,
            **{_COLUMN[holder.kind]: holder.id},
        )

    @property
    def holder(self) -> Holder:
        kind, column = next(
            (kind, column)
            for kind, column in _COLUMN.items()
            if getattr(self, column) is not None
        )
        return Holder(kind, getattr(self, column))


def holder_column(kind: HolderKind) -> str:
    return _COLUMN[kind]


def _in_order(actions: Iterable[Action]) -> list[str]:
    return [str(one) for one in dict.fromkeys(actions)]


def _check(name: str, description: str | None, actions: list[str]) -> None:
    problems = []
    if not slugify(name):
        problems.append("name: must have a letter a-z or a digit")
    if len(name) > LONGEST_NAME or not name.isprintable():
        problems.append(
            f"name: at most {LONGEST_NAME} characters, without control characters"
        )
    if len(description or "") > LONGEST_DESCRIPTION:
        problems.append(f"description: at most {LONGEST_DESCRIPTION} characters")
    if not actions:
        problems.append("actions: at least one is needed")
    if problems:
        raise RoleProblemsError(*problems)
