from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class PolicyNotFoundError(NotFoundError):
    """There is no such policy, or you may not know of it."""


class PolicyProblemsError(ProblemsError):
    """The policy has problems."""


class PolicySlugTakenError(ConflictError):
    """A policy with this slug exists already: give it another name."""


class PolicyNameTakenError(ConflictError):
    """A policy of that name exists already: give it another one."""


class PolicySpaceError(InvalidError):
    """There is no such space to put the policy in, or you may not know of it."""


class PolicyUnreachableError(ConflictError):
    """Stacks that the policy is attached to could not reach it there."""

    def __str__(self) -> str:
        return (
            f'in the space "{self.facts["space"]}" the policy could not be reached '
            f"by all that it is attached to, detach it first: {self.facts['uses']}"
        )


class NoPolicyEngineError(ConflictError):
    """This installation has no policy engine yet."""

    def __str__(self) -> str:
        return (
            f"{super().__str__().rstrip('.')}: policies are kept, but neither checked "
            "nor evaluated. Until a release brings one, try the body with `opa eval`"
        )
