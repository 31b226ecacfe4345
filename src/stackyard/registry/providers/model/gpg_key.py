"""The keys that versions of providers are signed with: only their public halves."""

from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import GpgKeyId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import storable
from stackyard.registry.providers.errors import GpgKeyProblemsError
from stackyard.registry.providers.openpgp import PublicKey

LONGEST_NAME: Final = 256
_KEY_ID: Final = 16  # the last digits of a fingerprint


class GpgKey(Entity):
    __tablename__ = "gpg_keys"
    __table_args__ = (Index("uq_gpg_keys_fingerprint", "fingerprint", unique=True),)

    id: Mapped[GpgKeyId] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]  # whose it is, by its own word
    fingerprint: Mapped[str]
    ascii_armor: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]

    @classmethod
    def create(cls, name: str, key: PublicKey, *, by: Subject, at: datetime) -> Self:
        if not name.strip() or len(name) > LONGEST_NAME or not storable(name):
            raise GpgKeyProblemsError(
                f"name: 1 to {LONGEST_NAME} characters, and no NUL"
            )
        if key.expires_at is not None and key.expires_at <= at:
            raise GpgKeyProblemsError(f"the key expired at {key.expires_at}")
        return cls(
            id=GpgKeyId(new_ulid()),
            name=name,
            description=key.user_id,
            fingerprint=key.fingerprint,
            ascii_armor=key.armor,
            created_by=by.name,
            created_at=at,
            updated_at=at,
            revoked_by=None,
            revoked_at=None,
        )

    @property
    def key_id(self) -> str:
        """Return what Terraform calls it by."""
        return self.fingerprint[-_KEY_ID:]

    @property
    def revoked(self) -> bool:
        return self.revoked_at is not None

    def revoke(self, *, by: Subject, at: datetime) -> bool:
        """Let it sign no version from now on; False if it was revoked already."""
        if self.revoked:
            return False
        self.revoked_by = by.name
        self.revoked_at = self.updated_at = at
        return True

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name, "Fingerprint": self.fingerprint}
