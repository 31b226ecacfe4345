from sqlalchemy import ARRAY, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import LEGACY, ROOT, SpaceId
from stackyard.kernel.orm import Entity


class Space(Entity):
    """`inherits`: what lives here may use what lives in the parent."""

    __tablename__ = "spaces"

    id: Mapped[SpaceId] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    parent_id: Mapped[SpaceId | None] = mapped_column(
        ForeignKey("spaces.id"), index=True
    )
    inherits: Mapped[bool]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text()))


def built_in() -> tuple[Space, ...]:
    """Return the two spaces that every account has, parents first."""
    return (
        Space(
            id=ROOT,
            name="root",
            description="",
            parent_id=None,
            inherits=False,
            labels=[],
        ),
        Space(
            id=LEGACY,
            name="legacy",
            description="",
            parent_id=ROOT,
            inherits=True,
            labels=[],
        ),
    )
