"""What somebody wants an integration to be, and what it must keep to.

Every problem is found, not just the first; fields are called what the API calls them.
Nobody asks the server whether it is there: it may be one that only agents reach.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from stackyard.kernel.ids import ROOT, SpaceId, VcsIntegrationId, slugify
from stackyard.kernel.text import CONTROLS, storable
from stackyard.vcs.model.repository import VcsChecks

LONGEST_NAME: Final = 256
_LONGEST_TEXT: Final = 2048
_LONGEST_SECRET: Final = 16 * 1024
_SCHEMES: Final = {"http", "https", "private"}
_ODD: Final = re.compile(r"[\s\x00-\x1f\x7f\\?#]")


class IntegrationKind(StrEnum):
    """The providers that are reached through one."""

    AZURE_DEVOPS = "AZURE_DEVOPS"
    BITBUCKET_CLOUD = "BITBUCKET_CLOUD"
    BITBUCKET_DATACENTER = "BITBUCKET_DATACENTER"
    GITHUB_ENTERPRISE = "GITHUB_ENTERPRISE"
    GITLAB = "GITLAB"

    @property
    def path(self) -> str:
        """Return what it is called in the address of a webhook."""
        return self.lower().replace("_", "-")

    @property
    def clones(self) -> bool:
        """Whether code is usually fetched by git, and not as an archive."""
        return self in {IntegrationKind.AZURE_DEVOPS, IntegrationKind.GITLAB}


# One integration; without an id, the account's default of that kind.
NamedIntegration: TypeAlias = tuple[IntegrationKind, VcsIntegrationId | None]

_TOKENS: Final = {
    IntegrationKind.AZURE_DEVOPS: "personalAccessToken",
    IntegrationKind.BITBUCKET_CLOUD: "apiToken",
    IntegrationKind.BITBUCKET_DATACENTER: "accessToken",
    IntegrationKind.GITHUB_ENTERPRISE: "privateKey",
    IntegrationKind.GITLAB: "privateToken",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettings:
    """What people choose of any kind; an update replaces all of it."""

    description: str | None = None
    labels: tuple[str, ...] = ()
    vcs_checks: VcsChecks = VcsChecks.INDIVIDUAL
    use_git_checkout: bool | None = None  # None: as is usual for the kind

    def problems(self) -> Iterator[str]:
        if not all(storable(one) for one in (self.description or "", *self.labels)):
            yield "description, labels: must be text without NUL characters"
        yield from _listed("labels", self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIntegration:
    kind: IntegrationKind
    name: str
    space_id: SpaceId
    is_default: bool = False
    settings: IntegrationSettings = field(default_factory=IntegrationSettings)

    def problems(self) -> Iterator[str]:
        if not slugify(self.name):
            yield "name: must have a letter a-z or a digit"
        if len(self.name) > LONGEST_NAME or not storable(self.name):
            yield f"name: at most {LONGEST_NAME} characters, none of them NUL"
        if self.is_default and self.space_id != ROOT:
            yield f'spaceID: the default of an account is in the space "{ROOT}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the server is, and who we are there; what a kind has not is empty.

    An empty *token* or *webhook_secret* means the one that there is.
    """

    kind: IntegrationKind
    api_host: str
    user_facing_host: str
    username: str = ""
    email: str = ""
    app_id: str = ""
    accessible_projects: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    webhook_secret: str = field(default="", repr=False)

    def problems(self, *, is_new: bool) -> Iterator[str]:
        is_azure = self.kind is IntegrationKind.AZURE_DEVOPS
        yield from _address("organizationURL" if is_azure else "apiHost", self.api_host)
        yield from _address("userFacingHost", self.user_facing_host)
        yield from self._identity()
        yield from _listed("accessibleProjects", self.accessible_projects)
        yield from self._secrets(is_new=is_new)

    def _identity(self) -> Iterator[str]:
        if self.kind is IntegrationKind.GITHUB_ENTERPRISE and not self.app_id.strip():
            yield "appID: needed"
        if self.kind is IntegrationKind.BITBUCKET_CLOUD and not (
            self.username.strip() and self.email.strip()
        ):
            yield "username, email: both needed"
        for name, text in (
            ("appID", self.app_id),
            ("email", self.email),
            ("username", self.username),
            *(("accessibleProjects", one) for one in self.accessible_projects),
        ):
            if CONTROLS.search(text) or not storable(text) or len(text) > _LONGEST_TEXT:
                yield f"{name}: at most {_LONGEST_TEXT} characters, in one line"

    def _secrets(self, *, is_new: bool) -> Iterator[str]:
        name = _TOKENS[self.kind]
        is_app = self.kind is IntegrationKind.GITHUB_ENTERPRISE
        if is_new and not self.token.strip():
            yield f"{name}: needed"
        elif self.token and is_app and "PRIVATE KEY-----" not in self.token:
            yield f"{name}: must be the key of the GitHub App, as PEM"
        for one, secret in ((name, self.token), ("webhookSecret", self.webhook_secret)):
            if len(secret) > _LONGEST_SECRET or not storable(secret):
                yield f"{one}: at most {_LONGEST_SECRET} characters, none of them NUL"


def _listed(field_name: str, values: Sequence[str]) -> Iterator[str]:
    if not all(one.strip() for one in values):
        yield f"{field_name}: an entry must not be empty"
    if len(set(values)) < len(values):
        yield f"{field_name}: must not name the same thing twice"


def _address(field_name: str, address: str) -> Iterator[str]:
    if not address or len(address) > _LONGEST_TEXT or _ODD.search(address):
        yield f"{field_name}: must be a URL, without spaces, query or fragment"
    elif not _has_host(address):
        yield f"{field_name}: must be https://, http:// or private:// and a host"
    elif "@" in urlsplit(address).netloc:  # whoever reads the integration reads this
        yield f"{field_name}: must not hold a user name or password"


def _has_host(address: str) -> bool:
    try:
        url = urlsplit(address)
        return url.scheme in _SCHEMES and bool(url.netloc) and url.port != 0
    except ValueError:
        return False
