from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.blueprints.model.blueprint import Publication
from stackyard.blueprints.model.deployment import Deployment
from stackyard.blueprints.model.template import Template, TemplateVersion
from stackyard.blueprints.store.writing import add, forget, write
from stackyard.kernel.by_name import ByName
from stackyard.kernel.ids import SpaceId, TemplateId
from stackyard.kernel.search import Page, Search

_LIST: Final = ByName(Template)


@dataclass(frozen=True, slots=True)
class TemplateStore:
    session: AsyncSession

    async def find(
        self, template_id: TemplateId, *, lock: bool = False
    ) -> Template | None:
        """Load it; with *lock*, no one else may change it until we commit."""
        return await self.session.get(
            Template, template_id, with_for_update=lock, populate_existing=lock
        )

    async def some(
        self, ids: Collection[TemplateId], spaces: Select[SpaceId]
    ) -> Sequence[Template]:
        query = select(Template).where(
            Template.id.in_(ids), Template.space_id.in_(spaces)
        )
        return (await self.session.scalars(query)).all()

    async def search(self, search: Search, spaces: Select[SpaceId]) -> Page[Template]:
        query = select(Template).where(Template.space_id.in_(spaces))
        rows = await self.session.scalars(_LIST.searched(query, search))
        return _LIST.page_of(rows.all(), search)

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Template.space_id == space)
        return (await self.session.execute(query)).scalar_one()

    async def count_deployments(
        self, ids: Collection[TemplateId]
    ) -> dict[TemplateId, int]:
        query = (
            select(Deployment.template_id, func.count())
            .where(Deployment.template_id.in_(ids))
            .group_by(Deployment.template_id)
        )
        return dict((await self.session.execute(query)).all())

    async def count_versions(
        self, ids: Collection[TemplateId]
    ) -> dict[TemplateId, int]:
        query = (
            select(TemplateVersion.template_id, func.count())
            .where(TemplateVersion.template_id.in_(ids))
            .group_by(TemplateVersion.template_id)
        )
        return dict((await self.session.execute(query)).all())

    async def latest_published(
        self, ids: Collection[TemplateId]
    ) -> dict[TemplateId, TemplateVersion]:
        query = (
            select(TemplateVersion)
            .ext(distinct_on(TemplateVersion.template_id))
            .where(
                TemplateVersion.template_id.in_(ids),
                TemplateVersion.state == Publication.PUBLISHED,
            )
            .order_by(
                TemplateVersion.template_id,
                TemplateVersion.published_at.desc(),
                TemplateVersion.id.desc(),
            )
        )
        return {one.template_id: one for one in await self.session.scalars(query)}

    async def numbers_of(self, template_id: TemplateId) -> Sequence[str]:
        query = (
            select(TemplateVersion.number)
            .where(TemplateVersion.template_id == template_id)
            .order_by(TemplateVersion.id)
        )
        return (await self.session.scalars(query)).all()

    async def add(self, template: Template) -> None:
        slug, name = template.id, template.name
        await add(self.session, template, "template", slug, name)

    async def write(self, template: Template) -> None:
        await write(self.session, "template", template.id, template.name)

    async def remove(self, template: Template) -> None:
        await forget(self.session, template)
