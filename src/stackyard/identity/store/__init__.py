"""All SQL about identity."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.identity.store.factors import FactorStore
from stackyard.identity.store.keys import KeyStore
from stackyard.identity.store.people import PeopleStore, seed_account
from stackyard.identity.store.sessions import SessionStore
from stackyard.kernel.audit import Trail

__all__ = [
    "FactorStore",
    "KeyStore",
    "PeopleStore",
    "SessionStore",
    "Stores",
    "seed_account",
]


@dataclass(frozen=True, slots=True)
class Stores:
    """All of them, on one transaction."""

    session: AsyncSession
    keys: KeyStore
    people: PeopleStore
    sessions: SessionStore
    factors: FactorStore
    trail: Trail

    @classmethod
    def on(cls, session: AsyncSession, trail: Trail) -> Self:
        return cls(
            session,
            KeyStore(session),
            PeopleStore(session),
            SessionStore(session),
            FactorStore(session),
            trail,
        )
