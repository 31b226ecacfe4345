"""What people do with providers, their versions and the keys that sign them."""

from stackyard.registry.providers.service.downloads import Download, ProviderDownloads
from stackyard.registry.providers.service.gpg_keys import GpgKeys
from stackyard.registry.providers.service.providers import TerraformProviders
from stackyard.registry.providers.service.versions import ProviderVersions

__all__ = [
    "Download",
    "GpgKeys",
    "ProviderDownloads",
    "ProviderVersions",
    "TerraformProviders",
]
