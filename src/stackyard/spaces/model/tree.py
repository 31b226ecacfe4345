"""A space: a place in the tree that everything lives in."""

from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import ARRAY, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import LEGACY, ROOT, SpaceId, new_ulid, slugify
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import CONTROLS
from stackyard.spaces.errors import BuiltInSpaceError, SpaceProblemsError

LONGEST_NAME: Final = 200
LONGEST_DESCRIPTION: Final = 100_000
LONGEST_LABEL: Final = 200
MOST_LABELS: Final = 200


@dataclass(frozen=True, slots=True)
class SpaceSpec:
    """All that somebody may say about a space.

    *parent* None: a new one goes under root, an old one stays where it is.
    """

    name: str
    description: str = ""
    parent: SpaceId | None = None
    inherits: bool = False
    labels: tuple[str, ...] = ()


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

    @classmethod
    def create(cls, spec: SpaceSpec) -> Self:
        """Return a new space; its id has its name in it, and never changes."""
        check(spec)
        return cls(
            id=SpaceId(f"{slugify(spec.name) or 'space'}-{new_ulid()}"),
            name=spec.name,
            description=spec.description,
            parent_id=spec.parent or ROOT,
            inherits=spec.inherits,
            labels=list(dict.fromkeys(spec.labels)),
        )

    @property
    def built_in(self) -> bool:
        return self.id in {ROOT, LEGACY}

    def change(self, spec: SpaceSpec) -> bool:
        """Make everything what *spec* says; True if things may be reached no more.

        Root keeps its name and its place at the top; what it may inherit, there is not.
        """
        check(spec)
        before = (self.parent_id, self.inherits)
        if self.id == ROOT:
            if spec.parent is not None or spec.name != self.name:
                raise BuiltInSpaceError(space=self.id)
        else:
            self.parent_id = spec.parent or self.parent_id
            self.inherits = spec.inherits
        self.name = spec.name
        self.description = spec.description
        self.labels = list(dict.fromkeys(spec.labels))
        return (self.parent_id, self.inherits) != before


def check(spec: SpaceSpec) -> None:
    """Raise `SpaceProblemsError` with everything that is wrong."""
    problems = []
    name = spec.name
    if not name.strip() or len(name) > LONGEST_NAME or CONTROLS.search(name):
        problems.append(f"name: 1 to {LONGEST_NAME} characters, in one line")
    if len(spec.description) > LONGEST_DESCRIPTION:
        problems.append(f"description: at most {LONGEST_DESCRIPTION} characters")
    if len(spec.labels) > MOST_LABELS:
        problems.append(f"labels: at most {MOST_LABELS}")
    if any(not 1 <= len(one) <= LONGEST_LABEL for one in spec.labels):
        problems.append(f"labels: each needs 1 to {LONGEST_LABEL} characters")
    if problems:
        raise SpaceProblemsError(*problems)


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
