"""One class per case. The text about shares is compared by existing clients."""

from stackyard.kernel.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class ModuleUnknownError(NotFoundError):
    """There is no such module, or you may not know of it."""


class ModuleProblemsError(ProblemsError):
    """The module's settings have problems."""

    def __str__(self) -> str:
        count = len(self.problems)
        noun = "error" if count == 1 else "errors"
        return f"module has {count} {noun}: {'; '.join(self.problems)}"


class ModuleTakenError(ConflictError):
    """A module or a stack of this id exists already."""

    def __str__(self) -> str:
        return (
            f'a module or a stack with the id "{self.facts["module"]}" already exists:'
            " give the module another name or another provider"
        )


class ModuleProtectedError(ConflictError):
    """The module is protected from deletion: unprotect it first."""


class ShareRefusedError(InvalidError):
    """You may not share a module with these spaces."""

    def __str__(self) -> str:
        return (
            "you do not have permissions to share a module with following spaces: "
            f"{', '.join(self.facts['spaces'])}"  # type: ignore[arg-type]
        )


class EncryptedModuleError(InvalidError):
    """Who uses a module reads all of it, so none of its files can be encrypted."""

    def __str__(self) -> str:
        return (
            f'the module\'s file "{self.facts["file"]}" is encrypted, and whoever uses'
            " the module could not read it: store it with encrypt: false, or outside"
            " of the module's folder"
        )


class VersionNotFoundError(NotFoundError):
    """The module has no such version."""


class VersionNumberError(InvalidError):
    """A version is three numbers, MAJOR.MINOR.PATCH, without anything else."""

    def __str__(self) -> str:
        return (
            f'"{self.facts["version"]}" is no version:'
            " give three numbers, MAJOR.MINOR.PATCH"
        )


class VersionTakenError(ConflictError):
    """The module has a version of this number already."""

    def __str__(self) -> str:
        version, module = self.facts["version"], self.facts["module"]
        return f'version "{version}" already exists for {module}'


class VersionGapError(InvalidError):
    """The number does not follow those that there are."""

    def __str__(self) -> str:
        version, follows = self.facts["version"], self.facts["next"]
        newest = self.facts["newest"]
        return f'version "{version}" leaves a gap: {follows} can follow {newest}'


class VersionNumberMissingError(InvalidError):
    """The module's code cannot be read here yet: say which version this commit is."""


class CodeMissingError(InvalidError):
    """The commit has no code where the module is: look at its project root."""


class CodeElsewhereError(InvalidError):
    """The code of this version is not kept here: take it from its repository."""


class ModuleConfigError(ProblemsError):
    """The module's .spacelift/config.yml has problems."""

    def __str__(self) -> str:
        return f".spacelift/config.yml of the module: {'; '.join(self.problems)}"


class CasesMissingError(InvalidError):
    """The module's .spacelift/config.yml names no test cases under "tests"."""


class CaseUnknownError(InvalidError):
    """The module has no such test cases."""

    def __str__(self) -> str:
        unknown, known = self.facts["unknown"], self.facts["known"]
        return (
            f"there is no test case {', '.join(unknown)};"  # type: ignore[arg-type]
            f" the module has {', '.join(known)}"  # type: ignore[arg-type]
        )
