"""What a broken constraint means in our own words: only the database knows for good."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.registry.providers.errors import (
    GpgKeyTakenError,
    ProviderSpaceError,
    ProviderTypeTakenError,
    VersionNumberTakenError,
)

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "uq_gpg_keys_fingerprint": GpgKeyTakenError,
    "pk_terraform_providers": ProviderTypeTakenError,
    "fk_terraform_providers_space_id": ProviderSpaceError,
    "uq_terraform_provider_versions_number": VersionNumberTakenError,
}


async def write(session: AsyncSession, **facts: object) -> None:
    """Send what changed now, or say what is wrong with it."""
    with said_as(_MEANINGS, **facts):
        await session.flush()
