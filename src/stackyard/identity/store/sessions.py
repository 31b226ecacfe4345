from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.identity.model import (
    Session,
    SignInCount,
    SignOnAttempt,
    UsedAssertion,
)
from stackyard.kernel.ids import ApiKeyId, SessionId, UserId


@dataclass(frozen=True, slots=True)
class SessionStore:
    session: AsyncSession

    async def add(self, opened: Session) -> None:
        self.session.add(opened)
        await self.session.flush()

    async def find(self, token_digest: bytes, *, lock: bool = False) -> Session | None:
        query = select(Session).where(Session.token_digest == token_digest)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return await self.session.scalar(query)

    async def find_id(self, session_id: SessionId) -> Session | None:
        if "\0" in session_id:
            return None
        return await self.session.get(Session, session_id)

    async def open_ones(
        self, *, at: datetime, first: int, after: SessionId | None
    ) -> Sequence[Session]:
        """Return the newest first, at most *first*, those before *after*."""
        query = select(Session).where(Session.expires_at > at)
        if after is not None:
            query = query.where(Session.id < after)
        query = query.order_by(Session.id.desc()).limit(first)
        return (await self.session.scalars(query)).all()

    async def end(self, token_digest: bytes) -> None:
        await self.session.execute(
            delete(Session).where(Session.token_digest == token_digest)
        )

    async def end_id(self, session_id: SessionId) -> None:
        await self.session.execute(delete(Session).where(Session.id == session_id))

    async def end_all_but(self, kept: str | None) -> int:
        """End every session but one; return how many."""
        statement = delete(Session)
        if kept is not None:
            statement = statement.where(Session.id != kept)
        result = await self.session.execute(statement)
        return result.rowcount if isinstance(result, CursorResult) else 0

    async def end_of(
        self,
        *,
        user: UserId | None = None,
        key: ApiKeyId | None = None,
        kept: str | None = None,
    ) -> None:
        """End all sessions of a person or of a key, but for one."""
        statement = delete(Session).where(
            Session.user_id == user if user else Session.api_key_id == key
        )
        if kept is not None:
            statement = statement.where(Session.id != kept)
        await self.session.execute(statement)

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

    async def has_tried(
        self, *, account: bytes, address: bytes, limit: int, at: datetime
    ) -> bool:
        """Say whether there were *limit* tries in this window already."""
        query = select(SignInCount.tries).where(
            SignInCount.account == account,
            SignInCount.address == address,
            SignInCount.began_at > at - SignInCount.WINDOW,
        )
        return (await self.session.scalar(query) or 0) >= limit

    async def forget_tries(self, *, account: bytes, address: bytes) -> None:
        await self.session.execute(
            delete(SignInCount).where(
                SignInCount.account == account, SignInCount.address == address
            )
        )

    async def add_attempt(self, attempt: SignOnAttempt) -> None:
        self.session.add(attempt)
        await self.session.flush()

    async def find_attempt(self, state: bytes) -> SignOnAttempt | None:
        return await self.session.get(SignOnAttempt, state)

    async def answer_attempt(self, state: bytes, remembered: bytes) -> None:
        """Keep who answered, in place of what was asked."""
        await self.session.execute(
            update(SignOnAttempt)
            .where(SignOnAttempt.state == state)
            .values(remembered=remembered)
        )

    async def take_attempt(self, state: bytes) -> SignOnAttempt | None:
        """Return the attempt and forget it: an answer is good once."""
        query = (
            delete(SignOnAttempt)
            .where(SignOnAttempt.state == state)
            .returning(SignOnAttempt)
        )
        return await self.session.scalar(query)

    async def use_assertion(self, digest: bytes, *, ends_at: datetime) -> bool:
        """Remember an assertion; say whether it is seen for the first time."""
        query = (
            insert(UsedAssertion)
            .values(digest=digest, ends_at=ends_at)
            .on_conflict_do_nothing()
            .returning(UsedAssertion.digest)
        )
        return (await self.session.execute(query)).first() is not None

    async def forget_old(self, *, at: datetime) -> int:
        """Remove what is over: sessions, counts, attempts, assertions."""
        removed = 0
        for statement in (
            delete(Session).where(Session.expires_at <= at),
            delete(SignInCount).where(SignInCount.began_at <= at - SignInCount.WINDOW),
            delete(SignOnAttempt).where(
                SignOnAttempt.began_at <= at - SignOnAttempt.LASTS
            ),
            delete(UsedAssertion).where(UsedAssertion.ends_at <= at),
        ):
            result = await self.session.execute(statement)
            removed += result.rowcount if isinstance(result, CursorResult) else 0
        return removed
