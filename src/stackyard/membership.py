"""Who there is, and what they may: the services that know of no stack.

Below `foundation.Foundation`; nobody opens it alone.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

from stackyard.identity import (
    AccountSettings,
    ApiKeys,
    FactorStore,
    Groups,
    KeyStore,
    People,
    PeopleStore,
    RunTokens,
    SessionStore,
    SignOns,
)
from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.ids import SpaceId, StackId
from stackyard.parts import Parts
from stackyard.spaces import Bindings, Roles, RoleStore


@dataclass(frozen=True)
class Membership(Parts):
    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(
            KeyStore(self.session),
            SessionStore(self.session),
            self.access,
            self.bindings,
            self.access.administers_any,
            self.clock,
            self.trail,
        )

    @cached_property
    def people(self) -> People:
        return People(
            self._people_store,
            FactorStore(self.session),
            self.access,
            self.access.administers_any,
            self.clock,
            self.trail,
        )

    @cached_property
    def groups(self) -> Groups:
        return Groups(
            self._people_store,
            self.access,
            self.access.administers_any,
            self.clock,
            self.trail,
        )

    @cached_property
    def account(self) -> AccountSettings:
        return AccountSettings(
            self._people_store,
            SessionStore(self.session),
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def sign_ons(self) -> SignOns:
        return SignOns(
            self._people_store,
            SessionStore(self.session),
            self.access,
            self.means.vault,
            self.clock,
            self.trail,
        )

    @cached_property
    def _people_store(self) -> PeopleStore:
        return PeopleStore(self.session)

    @cached_property
    def run_tokens(self) -> RunTokens:
        return RunTokens(self.means.tokens, self.means.site, self.clock)

    @cached_property
    def roles(self) -> Roles:
        return Roles(RoleStore(self.session), self.access, self.trail)

    @cached_property
    def bindings(self) -> Bindings:
        return Bindings(
            RoleStore(self.session),
            self.access,
            self.clock,
            self._space_if_any,
            self._ensure_own,
            self.trail,
        )

    async def _end_other_sessions(self, by: Subject) -> None:
        await self.account.end_other_sessions(by=by)

    async def _space_admins_make_spaces(self) -> bool:
        return await self.account.space_admins_make_spaces(by=SYSTEM)

    @abstractmethod
    async def _space_if_any(self, stack_id: StackId) -> SpaceId | None:
        """Return the space of a stack that holds rights itself, if there is one."""

    @abstractmethod
    async def _ensure_own(self, stack_id: StackId) -> None:
        """Raise if it is a template's deployment that says what the stack is."""
