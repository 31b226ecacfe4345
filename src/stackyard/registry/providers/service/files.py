"""What becomes of the objects that no row names any more."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ProviderVersionId
from stackyard.registry.providers.events import ProviderFilesForgotten
from stackyard.registry.providers.model import ProviderPlatform, ProviderVersion


async def forget_files(
    outbox: Outbox,
    versions: Sequence[ProviderVersion],
    platforms: Sequence[ProviderPlatform],
    *,
    at: datetime,
) -> None:
    """Have everything deleted that was uploaded for these versions."""
    archives = defaultdict(list)
    for platform in platforms:
        archives[platform.version_id].append(platform.archive_checksum)
    for version in versions:
        checksums = [version.sums_checksum, version.signature_checksum]
        if version.documents_checksum is not None:
            checksums.append(version.documents_checksum)
        await forget(outbox, version.id, *checksums, *archives[version.id], at=at)


async def forget(
    outbox: Outbox, version_id: ProviderVersionId, *checksums: str, at: datetime
) -> None:
    given = tuple(sorted(set(checksums)))
    await outbox.add(
        ProviderFilesForgotten(version_id=version_id, checksums=given, at=at)
    )
