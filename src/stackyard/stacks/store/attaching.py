"""What everything that projects can have has in common: its reach, and its labels."""

from sqlalchemy import ColumnElement, any_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import QueryableAttribute

from stackyard.contexts import AUTOATTACH, TO_ALL
from stackyard.kernel.ids import SpaceId
from stackyard.spaces import reaching
from stackyard.stacks.model.project import Project


async def reaches(session: AsyncSession, project: Project, space: SpaceId) -> bool:
    """Say whether the project may use what lies in that space."""
    pairs = reaching(select(Project.space_id).where(Project.id == project.id))
    query = select(pairs.c.reached).where(pairs.c.reached == space)
    return await session.scalar(query) is not None


def attaches_itself(labels: QueryableAttribute[list[str]]) -> ColumnElement[bool]:
    """Say whether one of these labels names all projects, or one of the project's."""
    label = func.unnest(Project.labels).column_valued("label")
    named = (
        select(label)
        .where(literal(AUTOATTACH).concat(label) == any_(labels))
        .correlate(Project, labels.class_)
        .exists()
    )
    return or_(labels.contains([TO_ALL]), named)
