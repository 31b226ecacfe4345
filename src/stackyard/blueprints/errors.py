"""One class per case. What is wrong with a body is a list of problems, each with its
place in it."""

from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
    UnavailableError,
)


class BlueprintNotFoundError(NotFoundError):
    """There is no such blueprint, or you may not know of it."""


class TemplateNotFoundError(NotFoundError):
    """There is no such template, or you may not know of it."""


class VersionNotFoundError(NotFoundError):
    """There is no such version of a template, or you may not know of it."""


class DeploymentNotFoundError(NotFoundError):
    """There is no such deployment of the template, or you may not know of it."""


class SettingsProblemsError(ProblemsError):
    """What was said about the blueprint, template or deployment has problems."""


class BodyProblemsError(ProblemsError):
    """The body has problems."""


class InputProblemsError(ProblemsError):
    """The inputs have problems."""


class TargetSpaceError(InvalidError):
    """There is no such space to put it in, or you may not know of it."""


class SlugTakenError(ConflictError):
    """One with this slug exists already: give it another name."""

    def __str__(self) -> str:
        noun, slug = self.facts["noun"], self.facts["slug"]
        return f'a {noun} with the slug "{slug}" already exists: give it another name'


class NameTakenError(ConflictError):
    """One of this name exists already in the space."""

    def __str__(self) -> str:
        return f'a {self.facts["noun"]} called "{self.facts["name"]}" already exists'


class PublishedError(ConflictError):
    """What is published stays as it is: its body and state cannot change any more."""

    def __str__(self) -> str:
        return (
            f"the {self.facts['noun']} is published: its body and its state"
            " cannot change any more; make a new one instead"
        )


class DraftError(ConflictError):
    """It is a draft: publish it first."""

    def __str__(self) -> str:
        return f"the {self.facts['noun']} is a draft: publish it first"


class TemplateInUseError(ConflictError):
    """The template has versions: delete them first."""

    def __str__(self) -> str:
        versions = self.facts["versions"]
        return f"the template has versions: {versions}; delete them first"


class VersionInUseError(ConflictError):
    """The version is deployed: delete its deployments first."""

    def __str__(self) -> str:
        deployments = self.facts["deployments"]
        return f"the version is deployed: {deployments}; delete these deployments first"


class NoStackError(InvalidError):
    """With these inputs the blueprint creates no stack at all."""


class OtherStacksError(ConflictError):
    """The version describes other stacks than the deployment has."""

    def __str__(self) -> str:
        return (
            f"the version describes the stacks {self.facts['wanted']}, and the"
            f" deployment has {self.facts['had']}: make a new deployment instead"
        )


class DeploymentUsedError(ConflictError):
    """Stacks elsewhere depend on its stacks: delete those dependencies first."""

    def __str__(self) -> str:
        return f"{super().__str__()[:-1]} ({self.facts['stacks']})"


class DeploymentBusyError(ConflictError):
    """The deployment has unfinished runs: wait for them, or discard them."""


class DeploymentDeletingError(ConflictError):
    """The deployment is being deleted, or could not be: it cannot change any more."""


class EvaluatorBusyError(UnavailableError):
    """No expression could be evaluated in time. Try again."""


class EvaluationTooLargeError(InvalidError):
    """The expressions of the body need more memory or time than they may have."""
