from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.identity.errors import SecurityKeyTakenError
from stackyard.identity.model import BackupCode, OneTimeSecret, SecurityKey
from stackyard.kernel.ids import SecurityKeyId, UserId


@dataclass(frozen=True, slots=True)
class FactorStore:
    session: AsyncSession

    async def has_any(self, user_id: UserId) -> bool:
        """Say whether this person has a factor that was proven to work."""
        keys = select(SecurityKey.id).where(SecurityKey.user_id == user_id).exists()
        codes = (
            select(OneTimeSecret.user_id)
            .where(
                OneTimeSecret.user_id == user_id,
                OneTimeSecret.confirmed_at.is_not(None),
            )
            .exists()
        )
        return bool(await self.session.scalar(select(keys | codes)))

    async def keys_of(self, user_id: UserId) -> Sequence[SecurityKey]:
        query = select(SecurityKey).where(SecurityKey.user_id == user_id)
        return (await self.session.scalars(query.order_by(SecurityKey.id))).all()

    async def keys_of_some(self, ids: Collection[UserId]) -> Sequence[SecurityKey]:
        query = select(SecurityKey).where(SecurityKey.user_id.in_(ids))
        return (await self.session.scalars(query.order_by(SecurityKey.id))).all()

    async def find_key(self, key_id: SecurityKeyId) -> SecurityKey | None:
        if "\0" in key_id:
            return None
        return await self.session.get(SecurityKey, key_id)

    async def add_key(self, key: SecurityKey) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(key)
        except IntegrityError:
            raise SecurityKeyTakenError from None

    async def remove_key(self, key: SecurityKey) -> None:
        await self.session.delete(key)
        await self.session.flush()

    async def one_time(self, user_id: UserId) -> OneTimeSecret | None:
        """Return what the authenticator app shares with us, for this one to change."""
        return await self.session.get(
            OneTimeSecret, user_id, with_for_update=True, populate_existing=True
        )

    async def put_one_time(self, secret: OneTimeSecret) -> None:
        await self.remove_one_time(secret.user_id)
        self.session.add(secret)
        await self.session.flush()

    async def remove_one_time(self, user_id: UserId) -> None:
        await self.session.execute(
            delete(OneTimeSecret).where(OneTimeSecret.user_id == user_id)
        )
        self.session.expire_all()

    async def replace_codes(
        self, user_id: UserId, digests: Collection[bytes], *, at: datetime
    ) -> None:
        await self.session.execute(
            delete(BackupCode).where(BackupCode.user_id == user_id)
        )
        self.session.add_all(
            BackupCode(user_id=user_id, digest=digest, created_at=at, used_at=None)
            for digest in digests
        )
        await self.session.flush()

    async def use_code(self, user_id: UserId, digest: bytes, *, at: datetime) -> bool:
        """Use a code up; of two at once, one succeeds."""
        query = (
            update(BackupCode)
            .where(
                BackupCode.user_id == user_id,
                BackupCode.digest == digest,
                BackupCode.used_at.is_(None),
            )
            .values(used_at=at)
            .returning(BackupCode.digest)
        )
        return (await self.session.execute(query)).first() is not None

    async def codes_left(self, user_id: UserId) -> int:
        query = select(func.count()).where(
            BackupCode.user_id == user_id, BackupCode.used_at.is_(None)
        )
        return (await self.session.execute(query)).scalar_one()
