from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import SpaceId
from stackyard.kernel.text import storable
from stackyard.vcs.errors import (
    DefaultIntegrationTakenError,
    IntegrationExistsError,
    IntegrationInUseError,
    IntegrationSpaceError,
)
from stackyard.vcs.model.integration import Integration, IntegrationLink
from stackyard.vcs.model.integration_input import NamedIntegration

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "pk_vcs_integrations": IntegrationExistsError,
    "uq_vcs_integrations_default": DefaultIntegrationTakenError,
    "fk_vcs_integrations_space_id": IntegrationSpaceError,
}


@dataclass(frozen=True, slots=True)
class IntegrationStore:
    session: AsyncSession

    async def find(
        self, named: NamedIntegration, spaces: Select[SpaceId]
    ) -> Integration | None:
        """Load it for one who reads *spaces*: the default is everybody's to know."""
        kind, integration_id = named
        if not storable(integration_id or ""):
            return None
        which: ColumnElement[bool] = Integration.id == integration_id
        if integration_id is None:
            which = Integration.is_default.is_(True)
        seen = or_(
            Integration.space_id.in_(spaces),
            and_(Integration.is_default, spaces.exists()),
        )
        query = select(Integration).where(Integration.kind == kind, which, seen)
        return (await self.session.scalars(query)).one_or_none()

    async def lock(self, known: Integration) -> Integration | None:
        """Let no one else change it until we commit; None if it has just gone."""
        return await self.session.get(
            Integration,
            (known.kind, known.id),
            with_for_update=True,
            populate_existing=True,
        )

    async def add(self, integration: Integration) -> None:
        async with self.session.begin_nested():
            self.session.add(integration)
            await self.write(integration)

    async def write(self, integration: Integration) -> None:
        """Send what changed now, and say what is wrong with it in our own words."""
        with said_as(_MEANINGS, integration=integration.id, space=integration.space_id):
            await self.session.flush()

    async def remove(self, integration: Integration) -> None:
        """Forget it, unless somebody began to use it a moment ago."""
        facts = {"integration": integration.id, "users": "something new"}
        try:
            async with self.session.begin_nested():
                await self.session.delete(integration)
        except IntegrityError:
            raise IntegrationInUseError(**facts) from None

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Integration.space_id == space)
        return (await self.session.execute(query)).scalar_one()

    async def links(
        self, wanted: Collection[NamedIntegration]
    ) -> dict[NamedIntegration, IntegrationLink]:
        """Return which of these there are. One query."""
        ids = [(kind, one) for kind, one in wanted if one is not None]
        kinds = {kind for kind, one in wanted if one is None}
        query = select(Integration.kind, Integration.id, Integration.is_default).where(
            or_(
                tuple_(Integration.kind, Integration.id).in_(ids),
                and_(Integration.is_default, Integration.kind.in_(kinds)),
            )
        )
        found: dict[NamedIntegration, IntegrationLink] = {}
        for kind, one, is_default in await self.session.execute(query):
            found[kind, one] = IntegrationLink(one, is_default)
            if is_default:
                found[kind, None] = found[kind, one]
        return found
