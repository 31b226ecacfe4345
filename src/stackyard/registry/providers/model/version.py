"""A version of a provider: a draft, then published, then perhaps revoked.

Its files lie in object storage, each under its own checksum: what is stored is what
was announced, and never changes.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.ids import GpgKeyId, ProviderId, ProviderVersionId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import storable
from stackyard.registry.providers.errors import VersionProblemsError, VersionStatusError

LONGEST_DESCRIPTION: Final = 256 * 1024  # a whole changelog
USUAL_PROTOCOL: Final = "5.0"
MOST_PLATFORMS: Final = 64
_NUMBER: Final = re.compile(
    r"(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_PROTOCOL: Final = re.compile(r"[1-9]\d?\.\d{1,2}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9_]{1,32}")  # of a system, or an architecture


class ProviderVersionStatus(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    REVOKED = "REVOKED"


_DRAFT: Final = ProviderVersionStatus.DRAFT
_PUBLISHED: Final = ProviderVersionStatus.PUBLISHED


@dataclass(frozen=True, slots=True)
class ProviderVersionSpec:
    """What is announced: the checksums are of `SHA256SUMS` and its signature."""

    number: str
    protocols: tuple[str, ...]
    sums_checksum: str
    signature_checksum: str
    signing_key_id: GpgKeyId


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """*binary_checksum* is the client's own note, and may be empty."""

    os: str
    architecture: str
    archive_checksum: str
    binary_checksum: str


class ProviderVersion(Entity):
    __tablename__ = "terraform_provider_versions"
    __table_args__ = (
        Index(
            "uq_terraform_provider_versions_number",
            "provider_id",
            "number",
            unique=True,
        ),
        Index("ix_terraform_provider_versions_signing_key_id", "signing_key_id"),
    )

    id: Mapped[ProviderVersionId] = mapped_column(primary_key=True)
    provider_id: Mapped[ProviderId] = mapped_column(
        ForeignKey("terraform_providers.id", ondelete="CASCADE")
    )
    number: Mapped[str]
    description: Mapped[str | None]
    protocols: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[ProviderVersionStatus]
    sums_checksum: Mapped[str]
    signature_checksum: Mapped[str]
    documents_checksum: Mapped[str | None]
    signing_key_id: Mapped[GpgKeyId] = mapped_column(ForeignKey("gpg_keys.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(
        cls, provider_id: ProviderId, spec: ProviderVersionSpec, *, at: datetime
    ) -> Self:
        problems = version_problems(spec)
        if problems:
            raise VersionProblemsError(*problems)
        return cls(
            id=ProviderVersionId(new_ulid()),
            provider_id=provider_id,
            number=spec.number,
            description=None,
            protocols=list(spec.protocols) or [USUAL_PROTOCOL],
            status=_DRAFT,
            sums_checksum=spec.sums_checksum,
            signature_checksum=spec.signature_checksum,
            documents_checksum=None,
            signing_key_id=spec.signing_key_id,
            created_at=at,
            updated_at=at,
        )

    @property
    def is_published(self) -> bool:
        return self.status is _PUBLISHED

    def describe(self, text: str, *, at: datetime) -> None:
        if len(text) > LONGEST_DESCRIPTION or not storable(text):
            raise VersionProblemsError(
                f"description: at most {LONGEST_DESCRIPTION} characters, and no NUL"
            )
        self.description = text
        self.updated_at = at

    def register(self, spec: PlatformSpec) -> "ProviderPlatform":
        """Return the platform, whose archive is awaited from now on."""
        self.require(_DRAFT, verb="given a platform")
        problems = platform_problems(spec)
        if problems:
            raise VersionProblemsError(*problems)
        return ProviderPlatform(
            version_id=self.id,
            os=spec.os,
            architecture=spec.architecture,
            archive_checksum=spec.archive_checksum,
            binary_checksum=spec.binary_checksum,
        )

    def publish(self, *, at: datetime) -> None:
        self.require(_DRAFT, verb="published")
        self._become(_PUBLISHED, at)

    def revoke(self, *, at: datetime) -> None:
        self.require(_PUBLISHED, verb="revoked")
        self._become(ProviderVersionStatus.REVOKED, at)

    def document(self, checksum: str, *, at: datetime) -> str | None:
        """Have these documents; return the checksum of those before, if they go."""
        self.require_documentable()
        before, self.documents_checksum = self.documents_checksum, checksum
        self.updated_at = at
        return before if before != checksum else None

    def require_documentable(self) -> None:
        self.require(_DRAFT, _PUBLISHED, verb="documented")

    def require(self, *statuses: ProviderVersionStatus, verb: str) -> None:
        """Raise `VersionStatusError` unless it is in one of these."""
        if self.status not in statuses:
            raise VersionStatusError(
                number=self.number,
                status=self.status,
                needed=" or ".join(statuses),
                verb=verb,
            )

    def _become(self, status: ProviderVersionStatus, at: datetime) -> None:
        self.status = status
        self.updated_at = at

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Number": self.number, "Provider": self.provider_id}


class ProviderPlatform(Entity):
    """One archive of a version: what Terraform loads for a system."""

    __tablename__ = "terraform_provider_platforms"

    version_id: Mapped[ProviderVersionId] = mapped_column(
        ForeignKey("terraform_provider_versions.id", ondelete="CASCADE"),
        primary_key=True,
    )
    os: Mapped[str] = mapped_column(primary_key=True)
    architecture: Mapped[str] = mapped_column(primary_key=True)
    archive_checksum: Mapped[str]
    binary_checksum: Mapped[str]

    @property
    def system(self) -> tuple[str, str]:
        return self.os, self.architecture

    def file_name(self, version: ProviderVersion) -> str:
        """Return what `SHA256SUMS` calls the archive."""
        return (
            f"terraform-provider-{version.provider_id}_{version.number}"
            f"_{self.os}_{self.architecture}.zip"
        )


def file_key(version_id: ProviderVersionId, checksum: str) -> str:
    """Return where the file of that checksum lies."""
    return f"providers/{version_id}/{checksum}"


def version_problems(spec: ProviderVersionSpec) -> list[str]:
    """Return everything that is wrong with it."""
    found = []
    if not _NUMBER.fullmatch(spec.number):
        found.append(
            "number: must be a semantic version such as 1.2.3 or 1.2.3-beta.1,"
            " without build metadata"
        )
    if not all(_PROTOCOL.fullmatch(one) for one in spec.protocols):
        found.append("protocolVersions: must be like 5.0")
    for name, value in (
        ("shaSumsFileSHA", spec.sums_checksum),
        ("signatureFileSHA", spec.signature_checksum),
    ):
        if not _SHA256.fullmatch(value):
            found.append(f"{name}: must be a SHA-256 in lower-case hexadecimal")
    return found


def platform_problems(spec: PlatformSpec) -> list[str]:
    found = []
    for name, value in (("os", spec.os), ("architecture", spec.architecture)):
        if not _NAME.fullmatch(value):
            found.append(f"{name}: must be a name such as linux or amd64")
    if not _SHA256.fullmatch(spec.archive_checksum):
        found.append("archiveChecksum: must be a SHA-256 in lower-case hexadecimal")
    if spec.binary_checksum and not _SHA256.fullmatch(spec.binary_checksum):
        found.append("binaryChecksum: must be a SHA-256 in lower-case hexadecimal")
    return found
