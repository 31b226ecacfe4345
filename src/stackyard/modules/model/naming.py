"""What a module is called: its name, its provider, and the id that both make.

`terraform-<provider>-<name>`, as a repository of a module is called everywhere.
"""

import re
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.ids import StackId, slugify
from stackyard.modules.errors import ModuleProblemsError

DEFAULT_PROVIDER: Final = "default"
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*[a-z0-9]")
_PROVIDER: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_REPOSITORY: Final = re.compile(r"terraform-(?P<provider>[^-]+)-(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class ModuleName:
    name: str
    provider: str

    @property
    def id(self) -> StackId:
        return StackId(slugify(f"terraform-{self.provider}-{self.name}"))


def name_module(
    repository: str, *, name: str | None = None, provider: str | None = None
) -> ModuleName:
    """Return what was said; a name that was not is the repository's.

    A name without a provider is of the provider `default`, whatever the repository is
    called.
    """
    if name:
        return _checked(ModuleName(name, provider or DEFAULT_PROVIDER))
    found = _REPOSITORY.fullmatch(repository.rpartition("/")[2])
    if found is None:
        raise ModuleProblemsError(
            "name: needed, unless the repository is called terraform-<provider>-<name>"
        )
    return _checked(ModuleName(found["name"], provider or found["provider"]))


def _checked(named: ModuleName) -> ModuleName:
    problems = []
    if not _NAME.fullmatch(named.name):
        problems.append(
            "name: only a-z, 0-9, - and _, beginning with a letter and ending with"
            " a letter or digit"
        )
    if not _PROVIDER.fullmatch(named.provider):
        problems.append(
            "terraformProvider: only a-z, 0-9, - and _, beginning and ending with a"
            " letter or digit"
        )
    if problems:
        raise ModuleProblemsError(*problems)
    return named
