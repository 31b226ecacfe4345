"""All SQL about plugins and their templates."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import PluginId, PluginTemplateId, SpaceId
from stackyard.plugins.errors import (
    PluginSlugTakenError,
    PluginSpaceError,
    PluginTemplateInUseError,
    PluginTemplateNotFoundError,
    PluginTemplateSlugTakenError,
)
from stackyard.plugins.manifest import read_manifest
from stackyard.plugins.model import (
    Plugin,
    PluginParameter,
    PluginTemplate,
    PluginTemplateSpec,
)

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "pk_plugin_templates": PluginTemplateSlugTakenError,
    "pk_plugins": PluginSlugTakenError,
    "fk_plugins_space_id": PluginSpaceError,
    "fk_plugins_template_id": PluginTemplateNotFoundError,
}
# The platform's own, each beside this file: their ids, and what they are for.
_GLOBAL: Final = {
    "infracost": "Says with every plan what the planned resources will cost."
}


@dataclass(frozen=True, slots=True)
class PluginTemplateStore:
    session: AsyncSession

    async def find(
        self, template_id: PluginTemplateId, *, lock: bool = False
    ) -> PluginTemplate | None:
        return await self.session.get(
            PluginTemplate, template_id, with_for_update=lock, populate_existing=lock
        )

    async def all(self) -> Sequence[PluginTemplate]:
        query = select(PluginTemplate).order_by(PluginTemplate.name, PluginTemplate.id)
        return (await self.session.scalars(query)).all()

    async def some(
        self, ids: Collection[PluginTemplateId]
    ) -> dict[PluginTemplateId, PluginTemplate]:
        query = select(PluginTemplate).where(PluginTemplate.id.in_(ids))
        return {one.id: one for one in await self.session.scalars(query)}

    async def plugins_of(self, template_id: PluginTemplateId) -> Sequence[PluginId]:
        query = select(Plugin.id).where(Plugin.template_id == template_id)
        return (await self.session.scalars(query.order_by(Plugin.id))).all()

    async def add(self, template: PluginTemplate) -> None:
        await _add(self.session, template, template=template.id)

    async def remove(self, template: PluginTemplate) -> None:
        await self.session.delete(template)
        try:
            await self.session.flush()
        except IntegrityError:  # installed from it in this very moment
            raise PluginTemplateInUseError(
                template=template.id, plugins="one that is new"
            ) from None


@dataclass(frozen=True, slots=True)
class PluginStore:
    session: AsyncSession

    async def find(self, plugin_id: PluginId, *, lock: bool = False) -> Plugin | None:
        return await self.session.get(
            Plugin, plugin_id, with_for_update=lock, populate_existing=lock
        )

    async def all_in(self, spaces: Select[SpaceId]) -> Sequence[Plugin]:
        query = select(Plugin).where(Plugin.space_id.in_(spaces))
        return (
            await self.session.scalars(query.order_by(Plugin.name, Plugin.id))
        ).all()

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Plugin.space_id == space)
        return (await self.session.execute(query)).scalar_one()

    async def add(self, plugin: Plugin, told: Sequence[PluginParameter]) -> None:
        await _add(self.session, plugin, plugin=plugin.id, space=plugin.space_id)
        self.session.add_all(told)
        await self.session.flush()

    async def remove(self, plugin: Plugin) -> None:
        """Forget it, and by the database's cascade what it was told."""
        await self.session.delete(plugin)
        await self.session.flush()


async def seed_templates(session: AsyncSession, *, at: datetime) -> None:
    """Have the platform's own templates, as this release has them; any may try."""
    for name, description in _GLOBAL.items():
        manifest = Path(__file__).with_name(f"{name}.yaml").read_text()
        spec = PluginTemplateSpec(name.capitalize(), manifest, description)
        template = PluginTemplate.create(spec, read_manifest(manifest), at=at)
        said = {
            "name": template.name,
            "description": description,
            "manifest": manifest,
            "parameters": template.parameters,
            "updated_at": at,
        }
        await session.execute(
            insert(PluginTemplate)
            .values(id=name, is_global=True, labels=[], created_at=at, **said)
            .on_conflict_do_update(
                index_elements=[PluginTemplate.id],
                set_=said,
                where=PluginTemplate.is_global & (PluginTemplate.manifest != manifest),
            )
        )


async def _add(session: AsyncSession, new: object, **facts: object) -> None:
    with said_as(_MEANINGS, **facts):
        async with session.begin_nested():
            session.add(new)
            await session.flush()
