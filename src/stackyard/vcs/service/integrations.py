"""Use cases of integrations: load, ask leave, decide, tell.

Nothing here calls the server that an integration is about.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import SpaceId, VcsIntegrationId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Vault
from stackyard.vcs.errors import (
    IntegrationInUseError,
    IntegrationNotFoundError,
    IntegrationSpaceError,
    IntegrationUnreachableError,
)
from stackyard.vcs.model.integration import Integration, IntegrationLink
from stackyard.vcs.model.integration_input import (
    Connection,
    IntegrationKind,
    IntegrationSettings,
    NamedIntegration,
    NewIntegration,
)
from stackyard.vcs.ports import IntegrationUsers, VisibleSpaces
from stackyard.vcs.store import IntegrationStore


@dataclass(frozen=True, slots=True)
class IntegrationWebhook:
    """Where a server sends what happens there, and how it shows that it is the one."""

    path: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Integrations:
    store: IntegrationStore
    access: Access
    vault: Vault
    clock: Clock
    visible_spaces: VisibleSpaces
    users: IntegrationUsers
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self, kind: IntegrationKind, integration_id: str | None, *, by: Subject
    ) -> Integration | None:
        """Return it, or without an id the account's default; None if *by* knows none.

        Whoever reads any space may know of a default: it can be used there.
        """
        named = kind, VcsIntegrationId(integration_id) if integration_id else None
        return await self.store.find(named, self.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def get(
        self, kind: IntegrationKind, integration_id: str | None, *, by: Subject
    ) -> Integration:
        found = await self.find(kind, integration_id, by=by)
        if found is None:
            raise IntegrationNotFoundError(kind=kind, integration=integration_id)
        return found

    @needs(Action.SPACE_ADMIN)
    async def webhook(
        self, integration: Integration, *, by: Subject
    ) -> IntegrationWebhook | None:
        """Return what the server is told; None for who does not administer its space.

        Of the default, these are the administrators of the account.
        """
        space = integration.space_id
        if not await self.access.allowed(by, Action.SPACE_ADMIN, spaces={space}):
            return None
        secret = integration.open_webhook_secret(self.vault)
        return IntegrationWebhook(integration.webhook_path, secret)

    @needs(Rule.PARENT)
    async def links(
        self, wanted: Collection[NamedIntegration], *, by: Subject
    ) -> dict[NamedIntegration, IntegrationLink]:
        """Return which of these there are, for whoever reads what uses them."""
        del by
        return await self.store.links(wanted)

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many integrations are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.SPACE_ADMIN)
    async def create(
        self, wanted: NewIntegration, connection: Connection, *, by: Subject
    ) -> Integration:
        await self._require_in(wanted.space_id, by=by)
        made = Integration.create(wanted, connection, self.vault, self.clock())
        await self.store.add(made)
        await self._note("create", made, by=by)
        return made

    @needs(Action.SPACE_ADMIN)
    async def update(
        self,
        kind: IntegrationKind,
        integration_id: str | None,
        settings: IntegrationSettings | None,
        connection: Connection,
        *,
        by: Subject,
        space_id: SpaceId | None = None,
    ) -> Integration:
        """Replace all settings; a space of None keeps it where it is.

        Without *settings* only the connection is another, as for old clients, which
        knew one integration of a kind and nothing more of it.
        """
        known = await self.get(kind, integration_id, by=by)
        integration = await self._own(known, by=by)
        moves = space_id is not None and space_id != integration.space_id
        if space_id is not None and moves:
            await self._require_in(space_id, by=by)
            integration.move(space_id)
        integration.change(settings, connection, self.vault, self.clock())
        await self.store.write(integration)
        lost = await self.users.cut_off(integration) if moves else ()
        if lost:
            raise IntegrationUnreachableError(space=space_id, uses=", ".join(lost))
        await self._note("update", integration, by=by)
        return integration

    @needs(Action.SPACE_ADMIN)
    async def delete(
        self, kind: IntegrationKind, integration_id: str, *, by: Subject
    ) -> Integration | None:
        """Delete it for good, unless stacks use it; None if it is gone."""
        # "" is never taken for the default here: nobody deletes that by a slip
        known = integration_id and await self.find(kind, integration_id, by=by)
        if not known:
            return None
        try:
            integration = await self._own(known, by=by)
        except IntegrationNotFoundError:  # somebody else was faster
            return None
        users = await self.users.of(integration)
        if users:
            raise IntegrationInUseError(
                integration=integration.id, users=", ".join(users)
            )
        await self.store.remove(integration)
        await self._note("delete", integration, by=by)
        return integration

    async def _own(self, known: Integration, *, by: Subject) -> Integration:
        """Lock what *by* may change, or raise."""
        await self.access.require(by, Action.SPACE_ADMIN, space=known.space_id)
        locked = await self.store.lock(known)
        if locked is None:
            raise IntegrationNotFoundError(kind=known.kind, integration=known.id)
        return locked

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=space)
        except NotFoundError:
            raise IntegrationSpaceError(space=space) from None

    async def _note(self, verb: str, integration: Integration, *, by: Subject) -> None:
        resource = integration.resource()
        await self.trail.note(
            f"{resource.kind.lower()}.{verb}",
            resource,
            space=integration.space_id,
            facts=integration.facts(),
            by=by,
        )
