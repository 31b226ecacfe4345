"""What people, API keys and runs do with modules and their versions."""

from stackyard.modules.service.modules import Modules, ModuleSpec
from stackyard.modules.service.registry import Registry
from stackyard.modules.service.versions import Code, Versions

__all__ = ["Code", "ModuleSpec", "Modules", "Registry", "Versions"]
