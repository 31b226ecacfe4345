from stackyard.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class SpaceNotFoundError(NotFoundError):
    """There is no such space, or you may not know of it."""


class RunWithoutRightsError(ForbiddenError):
    """access denied: unauthorized, the stack of this run holds no role; give it one"""


class ParentNotFoundError(ForbiddenError):
    """You are unauthorized to put a space there: there may be no such space."""


class SpaceCircleError(InvalidError):
    """A space cannot be moved into itself or into a space below it."""


class SpaceProblemsError(ProblemsError):
    """The space has problems."""


class BuiltInSpaceError(ConflictError):
    """The spaces "root" and "legacy" stay: this cannot be done with them."""


class SpaceOccupiedError(ConflictError):
    """The space is not empty."""

    def __str__(self) -> str:
        return f"the space cannot be deleted, it still has {self.facts['things']}"


class CutOffError(ConflictError):
    """Things that are in use could not be reached any more."""

    def __str__(self) -> str:
        return f"what is in use could not be reached any more: {self.facts['uses']}"


class SpacesByAdminsError(ForbiddenError):
    """You are unauthorized: only administrators of the account change spaces."""


class InheritanceByAdminsError(ForbiddenError):
    """You are unauthorized: only administrators of the account stop inheritance."""


class RoleProblemsError(ProblemsError):
    """The role has problems."""


class RoleNotFoundError(NotFoundError):
    """There is no such role."""


class RoleTakenError(ConflictError):
    """There is a role of that name already."""


class RoleInUseError(ConflictError):
    """The role is still bound: take it away from those who hold it first."""

    def __str__(self) -> str:
        return f"{super().__str__()[:-1]} ({self.facts['holders']})"


class SystemRoleError(ConflictError):
    """System roles stay as they are."""


class RolesByAdminsError(ForbiddenError):
    """You are unauthorized: only administrators of the account change roles."""


class BindingNotFoundError(NotFoundError):
    """There is no such role binding: not found."""


class BindingTakenError(ConflictError):
    """This role is bound in this space already."""


class HolderNotFoundError(NotFoundError):
    """Whom to give the role to, there is not."""


class RootBindingError(InvalidError):
    """A stack gets a role in root only if it is in root itself."""
