"""All SQL about identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.identity.model import ApiKey, BrowserSession, SignInCount
from stackyard.kernel.ids import ApiKeyId


@dataclass(frozen=True, slots=True)
class IdentityStore:
    session: AsyncSession

    def add_key(self, key: ApiKey) -> None:
        self.session.add(key)

    async def find_key(self, key_id: ApiKeyId) -> ApiKey | None:
        """Return a key that was not deleted."""
        if "\0" in key_id:  # PostgreSQL would not even take the question
            return None
        query = select(ApiKey).where(ApiKey.id == key_id, ApiKey.deleted_at.is_(None))
        return await self.session.scalar(query)

    async def list_keys(self) -> Sequence[ApiKey]:
        query = select(ApiKey).where(ApiKey.deleted_at.is_(None)).order_by(ApiKey.id)
        return (await self.session.scalars(query)).all()

    async def note_use(self, key: ApiKey, *, at: datetime) -> None:
        """Write the last use. Of many requests at once, one writes."""
        seen = key.last_used_at
        await self.session.execute(
            update(ApiKey)
            .where(
                ApiKey.id == key.id,
                or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at == seen),
            )
            .values(last_used_at=at)
            .execution_options(synchronize_session=False)
        )

    def add_session(self, opened: BrowserSession) -> None:
        self.session.add(opened)

    async def find_session(self, token_digest: bytes) -> BrowserSession | None:
        return await self.session.get(BrowserSession, token_digest)

    async def end_session(self, token_digest: bytes) -> None:
        await self.session.execute(
            delete(BrowserSession).where(BrowserSession.token_digest == token_digest)
        )

    async def count_try(self, *, account: bytes, address: bytes, at: datetime) -> int:
        """Count one more try and return how many there were in this window.

        One statement, so that tries that arrive together are counted one by one.
        """
        stale = SignInCount.began_at <= at - SignInCount.WINDOW
        query = (
            insert(SignInCount)
            .values(account=account, address=address, tries=1, began_at=at)
            .on_conflict_do_update(
                index_elements=[SignInCount.account, SignInCount.address],
                set_={
                    "tries": case((stale, 1), else_=SignInCount.tries + 1),
                    "began_at": case((stale, at), else_=SignInCount.began_at),
                },
            )
            .returning(SignInCount.tries)
        )
        return (await self.session.execute(query)).scalar_one()

    async def forget_tries(self, *, account: bytes, address: bytes) -> None:
        await self.session.execute(
            delete(SignInCount).where(
                SignInCount.account == account, SignInCount.address == address
            )
        )

    async def forget_old(self, *, at: datetime, keys_before: datetime) -> int:
        """Remove ended sessions, old counts and keys deleted before *keys_before*."""
        removed = 0
        for statement in (
            delete(BrowserSession).where(BrowserSession.expires_at <= at),
            delete(SignInCount).where(SignInCount.began_at <= at - SignInCount.WINDOW),
            delete(ApiKey).where(ApiKey.deleted_at < keys_before),
        ):
            result = await self.session.execute(statement)
            removed += result.rowcount if isinstance(result, CursorResult) else 0
        return removed
