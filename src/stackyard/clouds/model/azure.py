"""A tenant of Azure, and the application by which runs would come to it.

Nothing is registered with Azure so far: the application's ids are made up here, once,
and nobody can have consented to it.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.clouds.model.integration import Cloud, CloudIntegration, CloudSpec
from stackyard.kernel.audit import ResourceType
from stackyard.kernel.ids import CloudId

_LONGEST: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSpec(CloudSpec):
    default_subscription_id: str | None = None

    def problems(self) -> list[str]:
        found = CloudSpec.problems(self)
        if self.default_subscription_id is not None:
            found += _id_problems("defaultSubscriptionId", self.default_subscription_id)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAzureSpec(AzureSpec):
    """The tenant is said once, and never changes."""

    tenant_id: str

    def problems(self) -> list[str]:
        return AzureSpec.problems(self) + _id_problems("tenantID", self.tenant_id)


class AzureIntegration(CloudIntegration):
    __tablename__ = "azure_integrations"
    __mapper_args__ = {"polymorphic_identity": Cloud.AZURE}  # noqa: RUF012 - SQLAlchemy reads it as written
    resource_type = ResourceType.AZURE_INTEGRATION

    id: Mapped[CloudId] = mapped_column(
        ForeignKey(CloudIntegration.id, ondelete="CASCADE"), primary_key=True
    )
    tenant_id: Mapped[str]
    default_subscription_id: Mapped[str | None]
    application_id: Mapped[str]
    object_id: Mapped[str]
    display_name: Mapped[str]

    def register(self, account: str) -> None:
        self.application_id, self.object_id = str(uuid4()), str(uuid4())
        self.display_name = f"{account}: {self.name}"

    @property
    def admin_consent_url(self) -> str:
        """Return where an administrator of the tenant would consent."""
        tenant = quote(self.tenant_id, safe="")
        application = quote(self.application_id, safe="")
        return (
            f"https://login.microsoftonline.com/{tenant}/adminconsent"
            f"?client_id={application}"
        )

    @property
    def admin_consent_provided(self) -> bool:
        return False

    @property
    def service_principal_object_id(self) -> str | None:
        return None  # consent would make it


def _id_problems(name: str, given: str) -> list[str]:
    if given.strip() and len(given) <= _LONGEST:
        return []
    return [f"{name}: must be the id that Azure shows, of at most {_LONGEST} letters"]
