"""A deployment: the stacks of a template's version, and how far they are.

Entities and rows. Every method decides; none awaits, and time is an argument.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from stackyard.blueprints.errors import (
    DeploymentDeletingError,
    OtherStacksError,
    SettingsProblemsError,
)
from stackyard.blueprints.model.inputs import DeclaredInput
from stackyard.blueprints.model.progress import DeploymentState
from stackyard.blueprints.model.settings import name_problems, text_problems
from stackyard.blueprints.model.template import TemplateVersion
from stackyard.kernel.config import checksum
from stackyard.kernel.ids import (
    DeploymentId,
    SpaceId,
    StackId,
    TemplateId,
    TemplateVersionId,
    slugify,
)
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed, Vault
from stackyard.stacks import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSpec:
    """What somebody wants. *inputs* by their ids, in their order."""

    name: str
    description: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        return [
            *name_problems(self.name),
            *text_problems("description", self.description),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentChange:
    """What somebody wants to be otherwise. What is None stays, but a description."""

    version_id: TemplateVersionId | None = None
    name: str | None = None
    description: str | None = None
    inputs: Mapping[str, str] | None = None


class Deployment(Entity):
    __tablename__ = "template_deployments"
    __table_args__ = (
        Index("ix_template_deployments_version_id", "version_id"),
        Index("ix_template_deployments_space_id", "space_id"),
        Index(
            "ix_template_deployments_deleting",
            "deletion_requested_at",
            postgresql_where=text("deletion_requested_at IS NOT NULL"),
        ),
    )

    template_id: Mapped[TemplateId] = mapped_column(
        ForeignKey("templates.id"), primary_key=True
    )
    id: Mapped[DeploymentId] = mapped_column(primary_key=True)
    version_id: Mapped[TemplateVersionId] = mapped_column(
        ForeignKey("template_versions.id")
    )
    version: Mapped[TemplateVersion] = relationship(lazy="joined", innerjoin=True)
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    name: Mapped[str]
    description: Mapped[str | None]
    seed: Mapped[str]  # of what is random in it, and stays as it is
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deletion_requested_at: Mapped[datetime | None]

    @classmethod
    def create(
        cls,
        version: TemplateVersion,
        spec: DeploymentSpec,
        *,
        space_id: SpaceId,
        seed: str,
        at: datetime,
    ) -> "Deployment":
        """Return a new one; its id comes from its name, and never changes."""
        made = cls(
            template_id=version.template_id,
            id=DeploymentId(slugify(spec.name)),
            space_id=space_id,
            seed=seed,
            created_at=at,
        )
        made.change(version, spec, at=at)
        return made

    def change(
        self, version: TemplateVersion, spec: DeploymentSpec, *, at: datetime
    ) -> None:
        problems = spec.problems()
        if problems:
            raise SettingsProblemsError(*problems)
        if self.deletion_requested_at is not None:
            raise DeploymentDeletingError(deployment=self.id)
        self.version = version
        self.name = spec.name
        self.description = spec.description
        self.updated_at = at

    def request_deletion(self, *, at: datetime) -> None:
        self.deletion_requested_at = self.deletion_requested_at or at

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Template": self.template_id, "Version": self.version.id}


def _of_deployment(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["template_id", "deployment_id"],
        ["template_deployments.template_id", "template_deployments.id"],
        ondelete="CASCADE",
        name=f"fk_{table}_deployment",
    )


class DeploymentInput(Entity):
    """What was filled in for one input. A secret has no `value`, only a sealed one."""

    __tablename__ = "template_deployment_inputs"
    __table_args__ = (
        _of_deployment("template_deployment_inputs"),
        CheckConstraint(
            "(value IS NULL) = secret AND (sealed IS NULL) <> secret",
            name="ck_template_deployment_inputs_secret_is_sealed",
        ),
    )

    template_id: Mapped[TemplateId] = mapped_column(primary_key=True)
    deployment_id: Mapped[DeploymentId] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    secret: Mapped[bool]
    value: Mapped[str | None]
    sealed: Mapped[Sealed | None] = mapped_column(LargeBinary)
    checksum: Mapped[str]

    @classmethod
    def hold(
        cls,
        deployment: Deployment,
        declared: DeclaredInput,
        value: str,
        *,
        position: int,
        vault: Vault,
    ) -> "DeploymentInput":
        held = cls(
            template_id=deployment.template_id,
            deployment_id=deployment.id,
            id=declared.id,
            position=position,
            secret=declared.secret,
            value=None if declared.secret else value,
            checksum=checksum(value),
        )
        if declared.secret:
            held.sealed = vault.seal(value.encode(), context=held._row)
        return held

    def clear(self, vault: Vault) -> str:
        if self.sealed is None:
            return self.value or ""
        return vault.unseal(self.sealed, context=self._row).decode()

    @property
    def _row(self) -> str:
        return (
            f"template_deployment_inputs/{self.template_id}"
            f"/{self.deployment_id}/{self.id}"
        )


class DeployedStack(Entity):
    """Which stack of the body, by its key, became which. It goes with the stack."""

    __tablename__ = "template_deployment_stacks"
    __table_args__ = (
        _of_deployment("template_deployment_stacks"),
        Index("uq_template_deployment_stacks_stack_id", "stack_id", unique=True),
    )

    template_id: Mapped[TemplateId] = mapped_column(primary_key=True)
    deployment_id: Mapped[DeploymentId] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    going: Mapped[bool] = mapped_column(default=False)  # its deletion was asked for


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment with all that is shown of it."""

    deployment: Deployment
    inputs: Sequence[DeploymentInput]
    stacks: Sequence[Stack]
    state: DeploymentState


def ensure_same_stacks(had: Sequence[str], wanted: Sequence[str]) -> None:
    """A version may change what its stacks are, and not which there are."""
    if set(had) != set(wanted):
        raise OtherStacksError(
            had=", ".join(sorted(had)), wanted=", ".join(sorted(wanted))
        )
