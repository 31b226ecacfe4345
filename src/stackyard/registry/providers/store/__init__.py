"""All SQL about providers, their versions and the keys that sign them."""

from stackyard.registry.providers.store.gpg_keys import GpgKeyStore
from stackyard.registry.providers.store.providers import ProviderStore
from stackyard.registry.providers.store.versions import VersionStore

__all__ = ["GpgKeyStore", "ProviderStore", "VersionStore"]
