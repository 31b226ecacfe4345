from stackyard.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ProblemsError,
)


class PluginTemplateNotFoundError(NotFoundError):
    """There is no such plugin template."""


class PluginTemplateAdminOnlyError(ForbiddenError):
    """You are unauthorized: only an account's administrators change its templates."""


class PluginTemplateProblemsError(ProblemsError):
    """The plugin template's settings have problems."""


class PluginTemplateSlugTakenError(ConflictError):
    """A plugin template with this slug already exists for this account."""


class GlobalTemplateError(ConflictError):
    """A global plugin template is part of the platform and cannot be deleted."""


class PluginTemplateInUseError(ConflictError):
    """Plugins were installed from the template: delete them first."""

    def __str__(self) -> str:
        return (
            f'from the plugin template "{self.facts["template"]}" these plugins were'
            f" installed: {self.facts['plugins']}. Delete them first."
        )


class ManifestError(ProblemsError):
    """The manifest is invalid."""

    def __str__(self) -> str:
        return f"invalid manifest: {super().__str__()}"


class PluginNotFoundError(NotFoundError):
    """There is no such plugin, or you may not know of it."""


class PluginProblemsError(ProblemsError):
    """The plugin's settings have problems."""


class PluginSlugTakenError(ConflictError):
    """A plugin with this slug already exists for this account."""


class PluginSpaceError(InvalidError):
    """There is no such space to install the plugin in, or you may not know of it."""
