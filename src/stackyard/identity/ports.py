"""What the slice needs of the outside and of the slices above it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from stackyard.identity.model import Known
from stackyard.identity.model.sign_on import ProviderSettings
from stackyard.identity.store import Stores
from stackyard.kernel.access import Grant, Subject
from stackyard.kernel.caller import Place
from stackyard.kernel.ids import ApiKeyId, LegId, RunId, SpaceId, StackId

OpenStores: TypeAlias = Callable[[], AbstractAsyncContextManager[Stores]]

# Whether the roles that a subject holds make it an administrator of the account.
IsAccountAdmin: TypeAlias = Callable[[Stores, Subject], Awaitable[bool]]

# Makes settings that an administrator tried out, in the session of that id, the ones in
# use; raises if the session is over, or no administrator's.
SettleSignOn: TypeAlias = Callable[[ProviderSettings, str], Awaitable[None]]

# Whether a subject may look at people, groups and what they may do.
MaySeePeople: TypeAlias = Callable[[Subject], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Passport:
    """A run that a worker carries out right now, and what its stack may do.

    An *administrative* stack governs its own space and all below it, and its bindings
    do not count.
    """

    leg_id: LegId
    stack_id: StackId
    space_id: SpaceId
    administrative: bool


# What is known of a run that is being carried out; None of any other.
FindPassport: TypeAlias = Callable[[RunId], Awaitable[Passport | None]]


class KeyRoles(Protocol):
    """The roles of keys, as the slice of spaces keeps them."""

    async def make_account_admin(self, key: ApiKeyId, *, by: Subject) -> None: ...

    async def take_all(self, key: ApiKeyId, *, by: Subject) -> None: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a login policy says to somebody who wants to come in.

    *teams* replace the groups that the identity provider named, if there are any.
    """

    allow: bool = False
    admin: bool = False
    grants: tuple[Grant, ...] = ()
    teams: tuple[str, ...] = ()


class LoginPolicies(Protocol):
    async def decide(self, who: Known, place: Place, *, member: bool) -> Verdict:
        """Decide, or raise; an error lets nobody in."""


class MembersOnly(LoginPolicies):
    """What holds without any login policy: members may come in, and hold no role."""

    async def decide(self, who: Known, place: Place, *, member: bool) -> Verdict:
        del who, place
        return Verdict(allow=member)
