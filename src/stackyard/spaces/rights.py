"""What the roles that somebody holds in a space come to. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.actions import Action, Level

# A role that holds one of these makes its holder a reader, writer or administrator.
_LEVELS: Final = (
    (Action.SPACE_ADMIN, Level.ADMIN),
    (Action.SPACE_WRITE, Level.WRITE),
    (Action.SPACE_READ, Level.READ),
)
READING: Final = tuple(str(action) for action, _ in _LEVELS)


@dataclass(frozen=True, slots=True)
class Rights:
    """Rights add up over bindings; nothing takes one away."""

    actions: frozenset[str] = frozenset()

    @classmethod
    def of(cls, roles: Iterable[Iterable[str]]) -> "Rights":
        return cls(frozenset(action for role in roles for action in role))

    @property
    def level(self) -> Level:
        return next(
            (level for action, level in _LEVELS if action in self.actions), Level.NONE
        )

    def allow(self, action: Action) -> bool:
        """Whether an effective role names *action*, or the level is enough for it.

        Without the right to read the space there is none to do anything in it.
        """
        if self.level < Level.READ:
            return False
        return action in self.actions or self.level >= action.level


NOTHING: Final = Rights()
EVERYTHING: Final = Rights(frozenset({Action.SPACE_ADMIN}))
READ: Final = Rights(frozenset({Action.SPACE_READ}))
