"""What a stack or a module has of its own: a role in AWS, an account of Google's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.clouds.errors import CloudProblemsError
from stackyard.clouds.model.aws import USUAL_SECONDS, role_problems
from stackyard.kernel.ids import StackId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import storable

_MOST_SCOPES: Final = 100
_LONGEST_SCOPE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRoleSpec:
    role_arn: str
    generate_credentials_in_worker: bool = False
    external_id: str | None = None
    duration_seconds: int | None = None
    region: str | None = None


class AwsRole(Entity):
    """The older way: a role for one project alone."""

    __tablename__ = "stack_aws_roles"

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True
    )
    role_arn: Mapped[str]
    generate_credentials_in_worker: Mapped[bool]
    external_id: Mapped[str | None]
    duration_seconds: Mapped[int]
    region: Mapped[str | None]
    updated_at: Mapped[datetime]

    def change(self, spec: AwsRoleSpec, *, at: datetime) -> None:
        """Make it what *spec* says, or raise `CloudProblemsError`."""
        seconds = spec.duration_seconds or USUAL_SECONDS
        in_worker = spec.generate_credentials_in_worker
        problems = role_problems(spec.role_arn, seconds=seconds, in_worker=in_worker)
        texts = (spec.role_arn, spec.external_id or "", spec.region or "")
        if not all(storable(text) for text in texts):
            problems = ["a role is described by text without NUL characters"]
        if problems:
            raise CloudProblemsError(*problems)
        self.role_arn = spec.role_arn
        self.generate_credentials_in_worker = in_worker
        self.external_id = spec.external_id or None
        self.duration_seconds = seconds
        self.region = spec.region or None
        self.updated_at = at

    def facts(self) -> dict[str, object]:
        """Return what the audit trail keeps of it."""
        return {"RoleARN": self.role_arn, "DurationSeconds": self.duration_seconds}


class GcpAccount(Entity):
    """Nothing is made at Google's so far: its address is one that nobody can have."""

    __tablename__ = "stack_gcp_accounts"

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True
    )
    email: Mapped[str]
    token_scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    updated_at: Mapped[datetime]

    @classmethod
    def create(cls, stack_id: StackId) -> Self:
        # reserved by RFC 2606: what is granted to it is granted to nobody
        return cls(stack_id=stack_id, email=f"{new_ulid().lower()}@gcp.invalid")

    def change(self, scopes: tuple[str, ...], *, at: datetime) -> None:
        """Ask for these scopes, or raise `CloudProblemsError`."""
        problems = []
        if not scopes:
            problems.append("tokenScopes: at least one")
        if len(scopes) > _MOST_SCOPES:
            problems.append(f"tokenScopes: at most {_MOST_SCOPES}")
        if not all(
            scope.strip() and storable(scope) and len(scope) <= _LONGEST_SCOPE
            for scope in scopes
        ):
            problems.append("tokenScopes: a scope is a short text, not an empty one")
        if problems:
            raise CloudProblemsError(*problems)
        self.token_scopes = list(scopes)
        self.updated_at = at

    def facts(self) -> dict[str, object]:
        """Return what the audit trail keeps of it."""
        return {"Email": self.email, "TokenScopes": self.token_scopes}


def own_external_id(project: StackId, role: AwsRole | None, *, account: str) -> str:
    """Return what a role of the project's own may ask for, be it set yet or not."""
    if role and role.generate_credentials_in_worker and role.external_id:
        return role.external_id
    return f"{account}@{project}"
