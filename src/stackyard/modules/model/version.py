"""One version of a module: a commit under a number. Entity and row."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import RepoId, RunId, StackId, VersionId
from stackyard.kernel.orm import Entity
from stackyard.modules.model.numbers import Number
from stackyard.runs import RunState


class VersionState(StrEnum):
    PENDING = "PENDING"  # its test cases have still to be run
    ACTIVE = "ACTIVE"
    FAILED = "FAILED"


class ModuleVersion(Entity):
    __tablename__ = "module_versions"
    __table_args__ = (
        # The number of one that failed may be tried again.
        Index(
            "uq_module_versions_number",
            "module_id",
            "major",
            "minor",
            "patch",
            unique=True,
            postgresql_where=text("state <> 'FAILED'"),
        ),
        Index("ix_module_versions_module_id_id", "module_id", "id"),
    )

    id: Mapped[VersionId] = mapped_column(primary_key=True)
    module_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    major: Mapped[int]
    minor: Mapped[int]
    patch: Mapped[int]
    state: Mapped[VersionState]
    yanked: Mapped[bool]
    notes: Mapped[str | None]
    # As they were: the module's may change. None: its code is not kept here.
    repo_id: Mapped[RepoId | None]
    project_root: Mapped[str | None]
    source_url: Mapped[str | None]
    commit: Mapped[dict[str, Any]] = mapped_column(JSONB)
    described: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), deferred=True, deferred_raiseload=True
    )
    created_at: Mapped[datetime]

    @property
    def parsed(self) -> Number:
        return Number(self.major, self.minor, self.patch)

    @property
    def number(self) -> str:
        return str(self.parsed)

    @property
    def offered(self) -> bool:
        """Whether whoever asks for the newest may be given this one."""
        return self.state is VersionState.ACTIVE and not self.yanked

    def settle(self, cases: Collection[RunState]) -> bool:
        """Take how its tests came out; False if there is nothing to say yet."""
        if self.state is not VersionState.PENDING:
            return False
        if not cases or not all(state.is_final for state in cases):
            return False
        well = all(state is RunState.FINISHED for state in cases)
        self.state = VersionState.ACTIVE if well else VersionState.FAILED
        return True

    def withdraw(self) -> None:
        """Offer it no longer. Who has it keeps it: it can still be downloaded."""
        self.yanked = True


class CaseRun(Entity):
    """A run is of a test case of the version."""

    __tablename__ = "module_case_runs"

    run_id: Mapped[RunId] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    version_id: Mapped[VersionId] = mapped_column(
        ForeignKey("module_versions.id", ondelete="CASCADE"), index=True
    )


class ModuleUse(Entity):
    """The newest run of a stack that took modules from here took this version."""

    __tablename__ = "module_uses"
    __table_args__ = (Index("ix_module_uses_version_id", "version_id"),)

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True
    )
    version_id: Mapped[VersionId] = mapped_column(
        ForeignKey("module_versions.id", ondelete="CASCADE"), primary_key=True
    )
    run_id: Mapped[RunId]
