"""What people, API keys and runs do with modules and their versions."""

from stackyard.modules.service.cases import VersionCases
from stackyard.modules.service.modules import Modules, ModuleSpec
from stackyard.modules.service.registry import Registry
from stackyard.modules.service.versions import Versions

__all__ = ["ModuleSpec", "Modules", "Registry", "VersionCases", "Versions"]
