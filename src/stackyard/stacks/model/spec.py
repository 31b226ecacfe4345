"""What somebody wants a stack to be: the whole of its settings, as one value.

A spec replaces everything. Only `None` in `space_id` and `vendor` means "as it is".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

import msgspec

from stackyard.kernel.ids import PoolId, RepoId, SpaceId, VcsIntegrationId
from stackyard.stacks.model.vendors import Vendor
from stackyard.vcs import IntegrationKind, NamedIntegration
from stackyard_protocol.job import Hooks


class Provider(StrEnum):
    """Where the code is kept."""

    AZURE_DEVOPS = "AZURE_DEVOPS"
    BITBUCKET_CLOUD = "BITBUCKET_CLOUD"
    BITBUCKET_DATACENTER = "BITBUCKET_DATACENTER"
    GIT = "GIT"  # any public repository, over https
    GITHUB = "GITHUB"
    GITHUB_ENTERPRISE = "GITHUB_ENTERPRISE"
    GITLAB = "GITLAB"
    SHOWCASE = "SHOWCASE"
    SPACELIFT = "SPACELIFT"  # our own, built in

    @property
    def needs_namespace(self) -> bool:
        return self not in _WITHOUT_NAMESPACE


_WITHOUT_NAMESPACE: Final = {
    Provider.GIT,
    Provider.GITHUB,  # the account's own application knows where it is installed
    Provider.SHOWCASE,
    Provider.SPACELIFT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSpec:
    name: str
    repository: str
    branch: str
    space_id: SpaceId | None = None
    vendor: Vendor | None = None
    description: str | None = None
    labels: tuple[str, ...] = ()
    provider: Provider = Provider.GITHUB
    namespace: str | None = None
    repository_url: str | None = None
    vcs_integration_id: str | None = None
    project_root: str | None = None
    additional_project_globs: tuple[str, ...] = ()
    git_sparse_checkout_paths: tuple[str, ...] = ()
    administrative: bool = False
    autodeploy: bool = False
    autoretry: bool = False
    github_action_deploy: bool = True
    local_preview_enabled: bool = False
    enable_well_known_secret_masking: bool = False
    enable_sensitive_output_upload: bool = True
    protect_from_deletion: bool = False
    runner_image: str | None = None
    worker_pool_id: PoolId | None = None
    is_disabled: bool | None = None  # None: as it is
    hooks: Hooks = field(default_factory=Hooks)

    @property
    def repo_id(self) -> RepoId | None:
        """Return the built-in repository that the code is in, if it is in one."""
        if self.provider is not Provider.SPACELIFT:
            return None
        return RepoId(self.vcs_integration_id or self.repository)

    @property
    def integration(self) -> NamedIntegration | None:
        """Return by which link to a git server the code is reached, if by one."""
        return integration_of(self.provider, self.vcs_integration_id)

    def hook_lists(self) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = msgspec.to_builtins(self.hooks)
        return lists

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text in here with the name of its field."""
        for one in fields(self):
            for text in _texts(msgspec.to_builtins(getattr(self, one.name))):
                yield one.name, text


def integration_of(provider: Provider, said: str | None) -> NamedIntegration | None:
    """Return which integration is meant; who names none means the account's default."""
    if provider.name not in IntegrationKind.__members__:
        return None
    return IntegrationKind[provider.name], VcsIntegrationId(said) if said else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
