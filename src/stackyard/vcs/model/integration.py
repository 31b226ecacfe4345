"""A link to a git server that is not ours: where it is, and how we get in.

Entity and row. Every method decides; none awaits, and time is an argument. One of each
kind may be the account's default: it is in root, and every stack may use it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.ids import ROOT, SpaceId, VcsIntegrationId, slugify
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed, Vault
from stackyard.vcs.errors import DefaultIntegrationMovedError, IntegrationProblemsError
from stackyard.vcs.model.integration_input import (
    Connection,
    IntegrationKind,
    IntegrationSettings,
    NewIntegration,
)
from stackyard.vcs.model.repository import VcsChecks

_SECRET_BYTES: Final = 32
_AFFECTED: Final = {
    IntegrationKind.AZURE_DEVOPS: ResourceType.AZURE_DEVOPS_REPO_INTEGRATION,
    IntegrationKind.BITBUCKET_CLOUD: ResourceType.BITBUCKET_CLOUD_INTEGRATION,
    IntegrationKind.BITBUCKET_DATACENTER: ResourceType.BITBUCKET_DATACENTER_INTEGRATION,
    IntegrationKind.GITHUB_ENTERPRISE: ResourceType.GITHUB_ENTERPRISE_INTEGRATION,
    IntegrationKind.GITLAB: ResourceType.GITLAB_INTEGRATION,
}


@dataclass(frozen=True, slots=True)
class IntegrationLink:
    """The integration that a stack uses, as far as whoever reads the stack knows it."""

    id: VcsIntegrationId
    is_default: bool


class Integration(Entity):
    __tablename__ = "vcs_integrations"
    __table_args__ = (
        Index("ix_vcs_integrations_space_id", "space_id"),
        Index(
            "uq_vcs_integrations_default",
            "kind",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        CheckConstraint(
            "NOT is_default OR space_id = 'root'",
            name="ck_vcs_integrations_default_is_in_root",
        ),
    )

    # names are taken per kind: the address of a webhook and the row of a stack say it
    kind: Mapped[IntegrationKind] = mapped_column(primary_key=True)
    id: Mapped[VcsIntegrationId] = mapped_column(primary_key=True)
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    name: Mapped[str]
    is_default: Mapped[bool]
    description: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    vcs_checks: Mapped[VcsChecks]
    use_git_checkout: Mapped[bool]
    api_host: Mapped[str]
    user_facing_host: Mapped[str]
    username: Mapped[str]
    email: Mapped[str]
    app_id: Mapped[str]
    accessible_projects: Mapped[list[str]] = mapped_column(ARRAY(Text))
    token: Mapped[Sealed] = mapped_column(LargeBinary)
    webhook_secret: Mapped[Sealed] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(
        cls, wanted: NewIntegration, connection: Connection, vault: Vault, at: datetime
    ) -> Self:
        """Return a new one, or raise; its id comes from its name, for ever."""
        _refuse(
            *wanted.problems(),
            *wanted.settings.problems(),
            *connection.problems(is_new=True),
        )
        made = cls(
            kind=wanted.kind,
            id=VcsIntegrationId(slugify(wanted.name)),
            space_id=wanted.space_id,
            name=wanted.name,
            is_default=wanted.is_default,
            created_at=at,
        )
        made._settle(wanted.settings)
        made._connect(connection)
        made._seal(connection.token, vault)
        # a GitHub App is made before this is, and with a secret of its own
        hook = connection.webhook_secret or secrets.token_urlsafe(_SECRET_BYTES)
        made._seal_hook(hook, vault)
        made.updated_at = at
        return made

    def change(
        self,
        settings: IntegrationSettings | None,
        connection: Connection,
        vault: Vault,
        at: datetime,
    ) -> None:
        """Take the new settings, if there are any, and connection, or raise."""
        problems = settings.problems() if settings else ()
        _refuse(*problems, *connection.problems(is_new=False))
        if settings is not None:
            self._settle(settings)
        self._connect(connection)
        if connection.token:
            self._seal(connection.token, vault)
        if connection.webhook_secret:
            self._seal_hook(connection.webhook_secret, vault)
        self.updated_at = at

    def move(self, space_id: SpaceId) -> None:
        if self.is_default and space_id != ROOT:
            raise DefaultIntegrationMovedError(integration=self.id)
        self.space_id = space_id

    @property
    def webhook_path(self) -> str:
        """Return where its server sends what happens, below the address for that."""
        own = "" if self.is_default else f"/integration/{self.id}"
        return f"{self.kind.path}{own}"

    def open_webhook_secret(self, vault: Vault) -> str:
        context = self._context("webhook_secret")
        return vault.unseal(self.webhook_secret, context=context).decode()

    def resource(self) -> Resource:
        return Resource(_AFFECTED[self.kind], self.id)

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name, "IsDefault": self.is_default}

    def _settle(self, settings: IntegrationSettings) -> None:
        checkout = settings.use_git_checkout
        self.description = settings.description
        self.labels = list(settings.labels)
        self.vcs_checks = settings.vcs_checks
        self.use_git_checkout = self.kind.clones if checkout is None else checkout

    def _connect(self, connection: Connection) -> None:
        self.api_host = connection.api_host
        self.user_facing_host = connection.user_facing_host
        self.username = connection.username
        self.email = connection.email
        self.app_id = connection.app_id
        self.accessible_projects = list(connection.accessible_projects)

    def _seal(self, token: str, vault: Vault) -> None:
        self.token = vault.seal(token.encode(), context=self._context("token"))

    def _seal_hook(self, secret: str, vault: Vault) -> None:
        context = self._context("webhook_secret")
        self.webhook_secret = vault.seal(secret.encode(), context=context)

    def _context(self, column: str) -> str:
        return f"vcs_integrations/{self.kind}/{self.id}/{column}"


def _refuse(*problems: str) -> None:
    if problems:
        raise IntegrationProblemsError(*problems)
