"""A policy: a text that says what may happen, of one type.

Entity and row. Every method decides; none awaits, and time is an argument.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.ids import LEGACY, ROOT, PolicyId, SpaceId, slugify
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import label_problems, storable
from stackyard.policies.errors import PolicyProblemsError

LONGEST_NAME: Final = 256
LONGEST_BODY: Final = 2**18


class PolicyType(StrEnum):
    """What is decided by it, by today's names. A policy is of one type for good."""

    ACCESS = "ACCESS"
    APPROVAL = "APPROVAL"
    GIT_PUSH = "GIT_PUSH"
    INITIALIZATION = "INITIALIZATION"
    INTENT = "INTENT"
    LOGIN = "LOGIN"
    NOTIFICATION = "NOTIFICATION"
    PLAN = "PLAN"
    TASK = "TASK"
    TRIGGER = "TRIGGER"

    @classmethod
    def named(cls, name: str) -> "PolicyType":
        """Return the type of that name, which may be one that clients still use."""
        return cls(FORMER_NAMES.get(name, name))


FORMER_NAMES: Final = {
    "STACK_ACCESS": "ACCESS",
    "TASK_RUN": "TASK",
    "TERRAFORM_PLAN": "PLAN",
}


class EngineType(StrEnum):
    """The language of the body."""

    REGO_V0 = "REGO_V0"
    REGO_V1 = "REGO_V1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpec:
    """All that somebody wants a policy to be. *space_id* None: where it is."""

    name: str
    body: str
    description: str | None = None
    labels: tuple[str, ...] = ()
    engine_type: EngineType = EngineType.REGO_V0
    space_id: SpaceId | None = None

    def texts(self) -> Iterator[str]:
        yield from (self.name, self.body, self.description or "", *self.labels)


class Policy(Entity):
    __tablename__ = "policies"
    __table_args__ = (
        Index("ix_policies_space_id", "space_id"),
        Index("uq_policies_name", "name", unique=True),
    )

    id: Mapped[PolicyId] = mapped_column(primary_key=True)
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    type: Mapped[PolicyType]
    engine_type: Mapped[EngineType]
    name: Mapped[str]
    description: Mapped[str | None]
    body: Mapped[str]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(cls, spec: PolicySpec, kind: PolicyType, *, at: datetime) -> "Policy":
        """Return a new one; its id comes from its name, and never changes."""
        policy = cls(
            id=PolicyId(slugify(spec.name)),
            type=kind,
            space_id=spec.space_id or usual_space(kind),
            created_at=at,
        )
        policy.change(spec, at=at)
        return policy

    def change(self, spec: PolicySpec, *, at: datetime) -> None:
        """Make all settings what *spec* says, or raise `PolicyProblemsError`."""
        problems = spec_problems(spec, self.type)
        if problems:
            raise PolicyProblemsError(*problems)
        self.space_id = spec.space_id or self.space_id
        self.engine_type = spec.engine_type
        self.name = spec.name
        self.description = spec.description
        self.body = spec.body
        self.labels = list(spec.labels)
        self.updated_at = at

    @property
    def is_attachable(self) -> bool:
        """Whether stacks may have it: who signs in does so to the whole account."""
        return self.type is not PolicyType.LOGIN

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name, "Type": self.type.value}


def usual_space(kind: PolicyType) -> SpaceId:
    """Return where a policy is of which nobody says so."""
    return ROOT if kind is PolicyType.LOGIN else LEGACY


def spec_problems(spec: PolicySpec, kind: PolicyType) -> list[str]:
    """Return everything that is wrong with it, but for what its engine finds."""
    if not all(storable(text) for text in spec.texts()):
        return ["a policy is described by text without NUL characters"]
    wrong = {
        "name: must have a letter a-z or a digit": not slugify(spec.name),
        f"name: at most {LONGEST_NAME} characters": len(spec.name) > LONGEST_NAME,
        "body: must not be empty": not spec.body.strip(),
        f"body: at most {LONGEST_BODY} characters": len(spec.body) > LONGEST_BODY,
        "space: a login policy holds for the account, so it is in root": (
            kind is PolicyType.LOGIN and spec.space_id not in {None, ROOT}
        ),
    }
    found = [problem for problem, is_so in wrong.items() if is_so]
    return [*found, *label_problems(spec.labels)]
