"""Delete what was uploaded for versions of Terraform providers that are gone."""

from stackyard.kernel.blobs import Bucket
from stackyard.reactions.tools import Tools
from stackyard.registry.providers import ProviderFilesForgotten


async def delete_forgotten(tools: Tools, event: ProviderFilesForgotten) -> None:
    for key in event.keys:
        await tools.blobs.delete(Bucket.MODULES, key)
