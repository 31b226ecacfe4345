"""Delete what was uploaded for versions of Terraform providers, and is of none now."""

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Bucket
from stackyard.reactions.tools import Tools
from stackyard.registry.providers import ProviderFilesForgotten, file_key


async def delete_forgotten(tools: Tools, event: ProviderFilesForgotten) -> None:
    """Look again: a platform may have been given its archive of before once more."""
    for checksum in event.checksums:
        async with tools.open_unit() as unit:
            named = await unit.provider_versions.names(
                event.version_id, checksum, by=SYSTEM
            )
        if not named:
            key = file_key(event.version_id, checksum)
            await tools.blobs.delete(Bucket.MODULES, key)
