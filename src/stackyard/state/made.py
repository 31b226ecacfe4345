"""What a stack has made, as its latest state tells it; and by which runs."""

from dataclasses import dataclass
from typing import ClassVar, Self

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import RunId, StackId
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed, Vault
from stackyard_protocol.report import Output


@dataclass(frozen=True, slots=True)
class OutputValue:
    """An output's value, JSON text, in clear on its way to a worker."""

    value: str
    secret: bool

    def __repr__(self) -> str:
        return "OutputValue()"


class Traced:
    """The run that a thing came about with, and the last one that changed it.

    Null where that is not known: it was there before anybody looked.
    """

    _told: ClassVar[tuple[str, ...]]  # what shows that it was changed

    creator_id: Mapped[RunId | None] = mapped_column(default=None)
    updater_id: Mapped[RunId | None] = mapped_column(default=None)

    def trace(self, before: Self | None, run_id: RunId | None) -> None:
        """Say whose work it is; *before* is the same thing as it was until now."""
        self.creator_id = run_id if before is None else before.creator_id
        is_same = before is not None and all(
            getattr(before, name) == getattr(self, name) for name in self._told
        )
        self.updater_id = before.updater_id if before and is_same else run_id


class StackOutput(Traced, Entity):
    """An output of the latest apply. A sensitive value is sealed."""

    __tablename__ = "stack_outputs"
    _told = ("sensitive", "digest")

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    sensitive: Mapped[bool]
    value: Mapped[str | None]  # JSON text; None for a sensitive one
    sealed: Mapped[bytes | None]
    description: Mapped[str | None] = mapped_column(default=None)
    digest: Mapped[str] = mapped_column(server_default="")

    @classmethod
    def of(cls, stack_id: StackId, output: Output, vault: Vault) -> Self:
        sealed = None
        if output.sensitive and output.value is not None:
            context = f"stack_outputs/{stack_id}/{output.name}"
            sealed = vault.seal(output.value.encode(), context=context)
        return cls(
            stack_id=stack_id,
            id=output.name,
            sensitive=output.sensitive,
            value=None if output.sensitive else output.value,
            sealed=sealed,
            digest=output.digest,
        )

    def clear(self, vault: Vault) -> OutputValue | None:
        """Return its value; None if that has not left the worker."""
        value = self.value
        if self.sealed is not None:
            context = f"stack_outputs/{self.stack_id}/{self.id}"
            value = vault.unseal(Sealed(self.sealed), context=context).decode()
        return None if value is None else OutputValue(value, self.sensitive)


class StackResource(Traced, Entity):
    """A resource instance of the latest state."""

    __tablename__ = "stack_resources"
    _told = ("type", "name", "provider", "module", "mode", "tainted", "attributes")

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True
    )
    address: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    name: Mapped[str]
    provider: Mapped[str]
    module: Mapped[str | None]
    mode: Mapped[str]
    tainted: Mapped[bool] = mapped_column(server_default=false())
    # JSON with digests in the place of what is not to be seen
    attributes: Mapped[str] = mapped_column(server_default="{}")
