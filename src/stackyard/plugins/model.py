"""Templates, and the plugins installed from them. Entities and rows; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.ids import PluginId, PluginTemplateId, SpaceId, slugify
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed, Vault
from stackyard.kernel.text import storable
from stackyard.plugins.errors import PluginProblemsError, PluginTemplateProblemsError
from stackyard.plugins.manifest import Parameter

LONGEST_NAME: Final = 256
LONGEST_VALUE: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class PluginTemplateSpec:
    name: str
    manifest: str
    description: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PluginSpec:
    """*label* is the one by which stacks have it; `*` is all stacks of the space."""

    name: str
    template_id: PluginTemplateId
    space_id: SpaceId
    label: str
    labels: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()  # by the parameter's id

    def __repr__(self) -> str:
        return f"PluginSpec({self.name!r})"  # the values may be secrets


class PluginTemplate(Entity):
    """It never changes: another manifest is another template."""

    __tablename__ = "plugin_templates"

    id: Mapped[PluginTemplateId] = mapped_column(primary_key=True)
    is_global: Mapped[bool]
    name: Mapped[str]
    description: Mapped[str | None]
    manifest: Mapped[str]  # as it was sent
    parameters: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(
        cls, spec: PluginTemplateSpec, asked: Sequence[Parameter], *, at: datetime
    ) -> Self:
        """Return a template whose manifest asks for these parameters."""
        problems = _problems(spec.name, spec.labels, spec.description or "")
        if problems:
            raise PluginTemplateProblemsError(*problems)
        return cls(
            id=PluginTemplateId(slugify(spec.name)),
            is_global=False,
            name=spec.name,
            description=spec.description,
            manifest=spec.manifest,
            parameters=[asdict(one) for one in asked],
            labels=list(spec.labels),
            created_at=at,
            updated_at=at,
        )

    def asked(self) -> dict[str, Parameter]:
        return {one["id"]: Parameter(**one) for one in self.parameters}

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name}


class Plugin(Entity):
    __tablename__ = "plugins"
    __table_args__ = (
        Index("ix_plugins_space_id", "space_id"),
        Index("ix_plugins_template_id", "template_id"),
    )

    id: Mapped[PluginId] = mapped_column(primary_key=True)
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    template_id: Mapped[PluginTemplateId] = mapped_column(
        ForeignKey("plugin_templates.id")
    )
    name: Mapped[str]
    label: Mapped[str]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def install(
        cls, spec: PluginSpec, template: PluginTemplate, *, at: datetime
    ) -> Self:
        """Return the plugin, if the template is told all that it asks for."""
        problems = _problems(spec.name, spec.labels, spec.label)
        if not spec.label.strip():
            problems.append("labelIdentifier: must be a stack's label, or *")
        problems += value_problems(template.asked(), spec.values)
        if problems:
            raise PluginProblemsError(*problems)
        return cls(
            id=PluginId(slugify(spec.name)),
            space_id=spec.space_id,
            template_id=template.id,
            name=spec.name,
            label=spec.label,
            labels=list(spec.labels),
            created_at=at,
            updated_at=at,
        )

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name, "Template": self.template_id}


class PluginParameter(Entity):
    """What a plugin was told. Sealed, sensitive or not: nobody reads it back."""

    __tablename__ = "plugin_parameters"

    plugin_id: Mapped[PluginId] = mapped_column(
        ForeignKey("plugins.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[Sealed] = mapped_column(LargeBinary)

    @classmethod
    def seal(cls, plugin_id: PluginId, name: str, value: str, vault: Vault) -> Self:
        context = f"plugin_parameters/{plugin_id}/{name}"
        sealed = vault.seal(value.encode(), context=context)
        return cls(plugin_id=plugin_id, id=name, sealed=sealed)


def value_problems(
    asked: Mapping[str, Parameter], values: Sequence[tuple[str, str]]
) -> list[str]:
    """Return what is wrong with the answers to what a template asks for."""
    found = []
    given = dict(values)
    if len(given) < len(values):
        found.append("parameters: must not name the same one twice")
    for name, value in given.items():
        if name not in asked:
            found.append(f"unknown parameter '{name}': not defined in plugin template")
        elif not storable(value) or len(value) > LONGEST_VALUE:
            found.append(f"parameter '{name}' has at most {LONGEST_VALUE} characters")
        elif problem := asked[name].problem_with(value):
            found.append(problem)
    found += [
        f"required parameter '{one.id}' is missing"
        for one in asked.values()
        if one.required and not given.get(one.id)
    ]
    return found


def _problems(name: str, labels: Sequence[str], *texts: str) -> list[str]:
    if not all(map(storable, (name, *labels, *texts))):
        return ["names, labels and descriptions are text without NUL characters"]
    found = []
    if not slugify(name):
        found.append("name: must have a letter a-z or a digit")
    if len(name) > LONGEST_NAME:
        found.append(f"name: at most {LONGEST_NAME} characters")
    if not all(label.strip() for label in labels):
        found.append("labels: a label must not be empty")
    return found
