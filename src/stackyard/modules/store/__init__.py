"""All SQL about modules, their shares and their versions."""

from stackyard.modules.store.modules import ModuleStore
from stackyard.modules.store.versions import VersionStore

__all__ = ["ModuleStore", "VersionStore"]
