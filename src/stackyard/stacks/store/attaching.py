"""What everything that stacks can have has in common: its reach, and its labels."""

from sqlalchemy import ColumnElement, any_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.contexts import AUTOATTACH, TO_ALL, Context
from stackyard.kernel.ids import SpaceId
from stackyard.policies import Policy
from stackyard.spaces import reaching
from stackyard.stacks.model.stack import Stack


async def reaches(session: AsyncSession, stack: Stack, space: SpaceId) -> bool:
    """Say whether the stack may use what lies in that space."""
    pairs = reaching(select(Stack.space_id).where(Stack.id == stack.id))
    query = select(pairs.c.reached).where(pairs.c.reached == space)
    return await session.scalar(query) is not None


def attaches_itself(what: type[Context] | type[Policy]) -> ColumnElement[bool]:
    """Say whether a label of *what* names all stacks, or one of the stack's labels."""
    label = func.unnest(Stack.labels).column_valued("label")
    named = (
        select(label)
        .where(literal(AUTOATTACH).concat(label) == any_(what.labels))
        .correlate(Stack, what)
        .exists()
    )
    return or_(what.labels.contains([TO_ALL]), named)
