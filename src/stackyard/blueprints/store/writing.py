"""What the database has to say about a change, in our own words."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.blueprints.errors import (
    NameTakenError,
    SlugTakenError,
    TargetSpaceError,
    TemplateNotFoundError,
)
from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.orm import Entity

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "pk_blueprints": SlugTakenError,
    "pk_templates": SlugTakenError,
    "pk_template_deployments": SlugTakenError,
    "uq_templates_space_id_name": NameTakenError,
    "uq_template_versions_number": NameTakenError,
    "fk_blueprints_space_id": TargetSpaceError,
    "fk_templates_space_id": TargetSpaceError,
    "fk_template_deployments_space_id": TargetSpaceError,
    "fk_template_versions_template_id": TemplateNotFoundError,
}


async def write(session: AsyncSession, noun: str, slug: str, name: str) -> None:
    """Send what changed now, and say what is wrong with it in our own words."""
    with said_as(_MEANINGS, noun=noun, slug=slug, name=name):
        await session.flush()


async def add(
    session: AsyncSession, new: Entity, noun: str, slug: str, name: str
) -> None:
    async with session.begin_nested():
        session.add(new)
        await write(session, noun, slug, name)


async def forget(session: AsyncSession, old: Entity) -> None:
    """Forget it, and by the database's cascade all that is only about it."""
    await session.delete(old)
    await session.flush()
