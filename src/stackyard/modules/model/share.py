"""With whom a module is shared: with other accounts, with spaces of this one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import ShareId, SpaceId, StackId, new_ulid
from stackyard.kernel.orm import Entity


class ModuleShare(Entity):
    """Without a space it is another account's, as it was said; there may be none."""

    __tablename__ = "module_shares"
    __table_args__ = (
        Index("ix_module_shares_module_id", "module_id"),
        Index("ix_module_shares_space_id", "space_id"),
    )

    id: Mapped[ShareId] = mapped_column(primary_key=True)
    module_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    account: Mapped[str]
    space_id: Mapped[SpaceId | None] = mapped_column(
        ForeignKey("spaces.id", ondelete="CASCADE")
    )


@dataclass(frozen=True, slots=True)
class Sharing:
    """What becomes of the shares of a module."""

    kept: Sequence[ModuleShare] = ()
    added: Sequence[ModuleShare] = ()
    removed: Sequence[ModuleShare] = field(default=())

    @property
    def all(self) -> list[ModuleShare]:
        return [*self.kept, *self.added]


def share_with(
    module_id: StackId,
    there: Sequence[ModuleShare],
    wanted: Collection[tuple[str, SpaceId | None]],
) -> Sharing:
    """Return what has to be done so that exactly *wanted* is shared with.

    Each is an account, and a space if it is our own.
    """
    targets = dict.fromkeys(wanted)  # each once, in their order
    by_target = {(one.account, one.space_id): one for one in there}
    last = max((one.id for one in there), default="")
    added = []
    for account, space in targets:
        if (account, space) not in by_target:
            last = new_ulid(after=last)
            added.append(
                ModuleShare(
                    id=ShareId(last),
                    module_id=module_id,
                    account=account,
                    space_id=space,
                )
            )
    return Sharing(
        kept=[one for target, one in by_target.items() if target in targets],
        added=added,
        removed=[one for target, one in by_target.items() if target not in targets],
    )
