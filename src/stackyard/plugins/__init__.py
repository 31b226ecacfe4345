"""Plugins: what somebody wrote once for all stacks, installed in a space.

A template is a manifest, which says what it wants to be told; a plugin is a template
with these answers and a label, by which stacks have it. What an installed plugin does
in runs is not here.
"""

from stackyard.plugins.errors import (
    GlobalTemplateError,
    ManifestError,
    PluginNotFoundError,
    PluginProblemsError,
    PluginSlugTakenError,
    PluginSpaceError,
    PluginTemplateAdminOnlyError,
    PluginTemplateInUseError,
    PluginTemplateNotFoundError,
    PluginTemplateProblemsError,
    PluginTemplateSlugTakenError,
)
from stackyard.plugins.manifest import Parameter, read_manifest
from stackyard.plugins.model import (
    Plugin,
    PluginParameter,
    PluginSpec,
    PluginTemplate,
    PluginTemplateSpec,
)
from stackyard.plugins.ports import VisibleSpaces
from stackyard.plugins.service import Plugins, PluginTemplates
from stackyard.plugins.store import PluginStore, PluginTemplateStore, seed_templates

__all__ = [
    "GlobalTemplateError",
    "ManifestError",
    "Parameter",
    "Plugin",
    "PluginNotFoundError",
    "PluginParameter",
    "PluginProblemsError",
    "PluginSlugTakenError",
    "PluginSpaceError",
    "PluginSpec",
    "PluginStore",
    "PluginTemplate",
    "PluginTemplateAdminOnlyError",
    "PluginTemplateInUseError",
    "PluginTemplateNotFoundError",
    "PluginTemplateProblemsError",
    "PluginTemplateSlugTakenError",
    "PluginTemplateSpec",
    "PluginTemplateStore",
    "PluginTemplates",
    "Plugins",
    "VisibleSpaces",
    "read_manifest",
    "seed_templates",
]
