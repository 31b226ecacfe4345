"""What a provider, its versions and the keys that sign them are. Pure."""

from stackyard.registry.providers.model.documents import read_documents
from stackyard.registry.providers.model.gpg_key import GpgKey
from stackyard.registry.providers.model.provider import ProviderSpec, TerraformProvider
from stackyard.registry.providers.model.publication import Awaited, Uploaded
from stackyard.registry.providers.model.version import (
    PlatformSpec,
    ProviderPlatform,
    ProviderVersion,
    ProviderVersionSpec,
    ProviderVersionStatus,
    file_key,
)

__all__ = [
    "Awaited",
    "GpgKey",
    "PlatformSpec",
    "ProviderPlatform",
    "ProviderSpec",
    "ProviderVersion",
    "ProviderVersionSpec",
    "ProviderVersionStatus",
    "TerraformProvider",
    "Uploaded",
    "file_key",
    "read_documents",
]
