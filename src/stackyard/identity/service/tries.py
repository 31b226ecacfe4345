"""How often an account may be tried, from one address and from anywhere."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, Self

from stackyard.identity.model import SignInCount
from stackyard.identity.store import SessionStore
from stackyard.kernel.caller import Place
from stackyard.kernel.needs import Rule, needs

_ANY: Final = b""


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries are counted before a password is looked at, so that many at once do not
    slip through: for the account from this address, for the address at whatever
    account, and for the account from wherever.
    """

    store: SessionStore
    account: bytes
    address: bytes
    at: datetime

    @classmethod
    def of(
        cls, store: SessionStore, account: str, place: Place, *, at: datetime
    ) -> Self:
        account_digest = _digest(account.casefold())
        address_digest = _digest(_network(place.address))
        return cls(store, account_digest, address_digest, at)

    @needs(Rule.WHO_ASKS)
    async def count(self) -> bool:
        """Count one more; say whether it is too many."""
        counted = [
            (self.account, self.address, SignInCount.LIMIT),
            (_ANY, self.address, SignInCount.LIMIT_OF_ADDRESS),
            (self.account, _ANY, SignInCount.LIMIT_OF_ACCOUNT),
        ]
        too_many = False
        for account, address, limit in counted:
            tries = await self.store.count_try(
                account=account, address=address, at=self.at
            )
            too_many = too_many or tries > limit
        return too_many

    @needs(Rule.WHO_ASKS)
    async def exhausted(self) -> bool:
        """Say whether there were too many already, without counting."""
        return await self.store.has_tried(
            account=self.account,
            address=self.address,
            limit=SignInCount.LIMIT,
            at=self.at,
        ) or await self.store.has_tried(
            account=_ANY,
            address=self.address,
            limit=SignInCount.LIMIT_OF_ADDRESS,
            at=self.at,
        )

    @needs(Rule.WHO_ASKS)
    async def forget(self) -> None:
        """They were right: what this account was tried from here does not count."""
        await self.store.forget_tries(account=self.account, address=self.address)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()


def _network(address: str) -> str:
    """Return the address, or its /64: one IPv6 customer has that many addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return address
