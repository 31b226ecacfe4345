"""One class per case. Texts that clients compare are in `model/rules.py`."""

from collections.abc import Collection, Container

from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class StackNotFoundError(NotFoundError):
    """There is no such stack, or you may not know of it."""


class ProjectNotFoundError(NotFoundError):
    """There is no such stack or module, or you may not know of it."""


class StackProblemsError(ProblemsError):
    """The stack's settings have problems."""

    def __str__(self) -> str:
        count = len(self.problems)
        noun = "error" if count == 1 else "errors"
        return f"stack has {count} {noun}: {'; '.join(self.problems)}"


class StackSlugTakenError(ConflictError):
    """A stack with this slug exists already."""

    def __str__(self) -> str:
        kind = self.facts.get("kind", "stack")
        return f'a {kind} with the slug "{self.facts["slug"]}" already exists'


class StackProtectedError(ConflictError):
    """The stack is protected from deletion: unprotect it first."""


class StackDeletingError(ConflictError):
    """The stack is being deleted."""


class StackLockedError(ConflictError):
    """The stack is locked by somebody else."""

    def __str__(self) -> str:
        return f"the stack is locked by {self.facts['locked_by']}"


class SourceChangedError(ConflictError):
    """The stack was given other code while its head was looked up: try again."""


class StackDeployedError(ConflictError):
    """The stack belongs to a template's deployment: change or delete that instead."""


class StackVendorUnsupportedError(InvalidError):
    """Only Terraform and OpenTofu, with their own workflow, can run so far."""


class SpaceUnknownError(InvalidError):
    """There is no such space, or you may not know of it."""


class WorkerPoolUnknownError(InvalidError):
    """There is no such worker pool, or you may not use it."""


class RepositoryUnknownError(InvalidError):
    """There is no such built-in repository, or you may not read it."""


class IntegrationUnknownError(InvalidError):
    """There is no such VCS integration of that provider, or you may not use it."""


class CommitNameError(InvalidError):
    """A commit is named by its hash: 7 to 64 hexadecimal digits."""


class CommitUnknownError(InvalidError):
    """The stack's repository has no such commit: give the whole hash of one."""


class StackDependedOnError(ConflictError):
    """Other stacks depend on the stack: delete those dependencies first."""

    def __init__(
        self, stack: str, dependents: Collection[str], known: Container[str]
    ) -> None:
        """Name the dependents; of those not *known* to who asks, say how many."""
        named = [f'"{one}"' for one in dependents if one in known]
        if hidden := len(dependents) - len(named):
            named.append(f"{hidden} that you may not read")
        super().__init__(stack=stack, dependents=", ".join(named))

    def __str__(self) -> str:
        return f"{super().__str__()[:-1]} ({self.facts['dependents']})"


class DependencyCycleError(InvalidError):
    """A stack must not depend on itself, by way of others neither."""

    def __str__(self) -> str:
        return f"{super().__str__()[:-1]}: {self.facts['cycle']}"


class DependencyExistsError(ConflictError):
    """The stack depends on that one already."""


class DependencyNotFoundError(NotFoundError):
    """There is no such dependency, or you may not know of it."""


class ReferenceNotFoundError(NotFoundError):
    """There is no such reference, or you may not know of it."""


class ReferenceProblemsError(ProblemsError):
    """The reference cannot be stored."""


class InputTakenError(ConflictError):
    """The dependency gives this input already: change the reference that does."""

    def __str__(self) -> str:
        return f'the dependency gives the input "{self.facts["input"]}" already'


class RuntimeConfigProblemsError(ProblemsError):
    """The run cannot be given that configuration."""


class ScheduleProblemsError(ProblemsError):
    """The schedule cannot be stored."""


class ScheduleNotFoundError(NotFoundError):
    """There is no such schedule, or you may not know of it."""


class DriftDetectionExistsError(ConflictError):
    """The stack has drift detection already: change that instead."""


class DriftDetectionOffError(ConflictError):
    """The stack's worker pool carries out no drift detection: raise its limit first."""


class AttachmentProblemsError(ProblemsError):
    """The context cannot be attached in that way."""


class ContextAttachedError(ConflictError):
    """The context is attached to this stack already: detach it first."""


class ContextOutOfReachError(InvalidError):
    """The stack's space does not reach the context: no space between may stop it."""


class PolicyAttachedError(ConflictError):
    """The policy is attached to this stack already: detach it first."""


class PolicyOutOfReachError(InvalidError):
    """The stack's space does not reach the policy: no space between may stop it."""


class PolicyNotAttachableError(InvalidError):
    """A login policy is attached to nothing: it holds for the whole account."""


class OutOfReachError(InvalidError):
    """The stack could not use what it needs from its space."""

    def __str__(self) -> str:
        return (
            f'what the {self.facts["kind"]} uses cannot be reached from the space "'
            f'{self.facts["space"]}": {self.facts["uses"]}'
        )
