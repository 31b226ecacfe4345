"""Whether somebody whom an identity provider vouches for may come in, and as what."""

from dataclasses import dataclass

from stackyard.identity.model import (
    Known,
    Rights,
    SecondFactor,
    Strategy,
    User,
)
from stackyard.identity.ports import LoginPolicies, OpenStores, Verdict
from stackyard.identity.store import Stores
from stackyard.kernel.caller import Place
from stackyard.kernel.clock import Clock
from stackyard.kernel.needs import Rule, needs


@dataclass(frozen=True, slots=True)
class Admission:
    open_stores: OpenStores
    policies: LoginPolicies
    clock: Clock

    @needs(Rule.WHO_ASKS)
    async def consider(self, known: Known, place: Place) -> Verdict | None:
        """Ask the login policies, if it is they who decide about this one.

        Outside any transaction: a policy may take its time. Whoever is administrator
        of the identity provider is never asked about, lest all be locked out.
        """
        async with self.open_stores() as stores:
            account = await stores.people.account()
            user = await stores.people.named(known.login)
            decided_here = account.strategy is Strategy.USER_MANAGEMENT
            if decided_here or (user is not None and user.admin):
                return None
        # with single sign-on, whoever the provider vouches for is a member
        return await self.policies.decide(known, place, member=True)

    @needs(Rule.WHO_ASKS)
    async def admit(
        self,
        stores: Stores,
        known: Known,
        verdict: Verdict | None,
        *,
        first_admin: bool,
    ) -> tuple[User, Rights] | None:
        """Return who came and with which rights; None if they may not come in."""
        user = await stores.people.named(known.login, lock=True)
        by_policy = verdict is not None and not first_admin
        if by_policy and verdict is not None:
            rights = _by_policy(known, verdict)
        else:
            rights = await self._by_management(
                stores, known, user, first_admin=first_admin
            )
        if rights is None:
            return None
        now = self.clock()
        if user is None:
            user = User.arrive(known, at=now)
            await stores.people.add(user)
        else:
            user.come(known, at=now)
        user.admin = user.admin or first_admin
        return user, rights

    async def _by_management(
        self, stores: Stores, known: Known, user: User | None, *, first_admin: bool
    ) -> Rights | None:
        invited = user is not None and user.may_come(at=self.clock())
        if invited or first_admin or await stores.people.has_mapping(known.groups):
            return Rights(groups=known.groups)
        return None

    @needs(Rule.WHO_ASKS)
    async def second_factor(self, stores: Stores, user: User) -> SecondFactor:
        """Return what this person has yet to show after the identity provider."""
        if await stores.factors.has_any(user.id):
            return SecondFactor.WANTED
        account = await stores.people.account()
        if account.second_factor_enforced:
            return SecondFactor.TO_ENROL
        return SecondFactor.NOT_NEEDED


def _by_policy(known: Known, verdict: Verdict) -> Rights | None:
    if not (verdict.allow or verdict.admin):
        return None
    return Rights(
        groups=verdict.teams or known.groups,
        grants=verdict.grants,
        bound=False,
        admin=verdict.admin,
    )
