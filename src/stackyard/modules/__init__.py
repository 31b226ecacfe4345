"""Modules: code that other code is made of, kept in versions for tools to take.

A module is a project like a stack; its row is `stackyard.stacks.Module`. Start with
`model/version.py` and `model/numbers.py` for what a version is, then `service/`.
"""

from stackyard.modules.errors import (
    CasesMissingError,
    CaseUnknownError,
    CodeElsewhereError,
    CodeMissingError,
    EncryptedModuleError,
    ModuleConfigError,
    ModuleProblemsError,
    ModuleProtectedError,
    ModuleTakenError,
    ModuleUnknownError,
    ShareRefusedError,
    VersionGapError,
    VersionNotFoundError,
    VersionNumberError,
    VersionNumberMissingError,
    VersionTakenError,
)
from stackyard.modules.model.code import Code, read_code
from stackyard.modules.model.config import CONFIG_FILE, ModuleConfig, read_config
from stackyard.modules.model.description import CODE, WRITTEN_AS_JSON, describe
from stackyard.modules.model.naming import ModuleName, name_module
from stackyard.modules.model.numbers import Number, leaves_gap
from stackyard.modules.model.share import ModuleShare, Sharing, share_with
from stackyard.modules.model.version import (
    CaseRun,
    ModuleUse,
    ModuleVersion,
    VersionState,
)
from stackyard.modules.service import (
    Modules,
    ModuleSpec,
    Registry,
    VersionCases,
    Versions,
)
from stackyard.modules.store import ModuleStore, VersionStore

__all__ = [
    "CODE",
    "CONFIG_FILE",
    "WRITTEN_AS_JSON",
    "CaseRun",
    "CaseUnknownError",
    "CasesMissingError",
    "Code",
    "CodeElsewhereError",
    "CodeMissingError",
    "EncryptedModuleError",
    "ModuleConfig",
    "ModuleConfigError",
    "ModuleName",
    "ModuleProblemsError",
    "ModuleProtectedError",
    "ModuleShare",
    "ModuleSpec",
    "ModuleStore",
    "ModuleTakenError",
    "ModuleUnknownError",
    "ModuleUse",
    "ModuleVersion",
    "Modules",
    "Number",
    "Registry",
    "ShareRefusedError",
    "Sharing",
    "VersionCases",
    "VersionGapError",
    "VersionNotFoundError",
    "VersionNumberError",
    "VersionNumberMissingError",
    "VersionState",
    "VersionStore",
    "VersionTakenError",
    "Versions",
    "describe",
    "leaves_gap",
    "name_module",
    "read_code",
    "read_config",
    "share_with",
]
