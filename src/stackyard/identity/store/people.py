from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import any_, delete, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from stackyard.identity.errors import GroupTakenError, UserTakenError
from stackyard.identity.model import (
    Account,
    SessionMethod,
    Strategy,
    User,
    UserGroup,
    UserStatus,
)
from stackyard.kernel.ids import GroupId, UserId


@dataclass(frozen=True, slots=True)
class PeopleStore:
    session: AsyncSession

    async def account(self, *, lock: bool = False) -> Account:
        """Return what holds for all; with *lock*, nobody else changes it meanwhile."""
        return await self.session.get_one(
            Account, 1, with_for_update=lock, populate_existing=lock
        )

    async def users(self) -> Sequence[User]:
        query = select(User).order_by(User.username)
        return (await self.session.scalars(query)).all()

    async def find(self, user_id: UserId, *, lock: bool = False) -> User | None:
        if "\0" in user_id:
            return None
        return await self.session.get(
            User, user_id, with_for_update=lock, populate_existing=lock
        )

    async def some(self, ids: Collection[UserId]) -> dict[UserId, User]:
        query = select(User).where(User.id.in_(ids))
        return {user.id: user for user in await self.session.scalars(query)}

    async def named(self, username: str, *, lock: bool = False) -> User | None:
        if "\0" in username:
            return None
        query = select(User).where(User.username == username)
        return await self.session.scalar(query.with_for_update() if lock else query)

    async def invited_by(self, invitation_digest: bytes) -> User | None:
        query = select(User).where(User.invitation_digest == invitation_digest)
        return await self.session.scalar(query)

    async def is_invited(self, username: str, email: str | None) -> bool:
        same = User.username == username
        if email is not None:
            same = or_(same, User.invitation_email == email)
        return (
            await self.session.scalar(select(User.id).where(same).limit(1)) is not None
        )

    async def add(self, user: User) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(user)
        except IntegrityError:
            raise UserTakenError(username=user.username) from None

    async def remove(self, user: User) -> None:
        await self.session.delete(user)
        await self.session.flush()

    async def send_queued(self, *, at: datetime) -> None:
        await self.session.execute(
            update(User)
            .where(User.standing == UserStatus.QUEUED)
            .values(standing=UserStatus.PENDING, invited_at=at)
        )

    async def set_aside(self, methods: Collection[SessionMethod]) -> None:
        """The identity provider is gone: whoever came by it must be invited again."""
        await self.session.execute(
            update(User)
            .where(User.method.in_(methods), User.standing == UserStatus.ACTIVE)
            .values(standing=UserStatus.INACTIVE, admin=False)
        )

    async def groups(self) -> Sequence[UserGroup]:
        query = select(UserGroup).order_by(UserGroup.name)
        return (await self.session.scalars(query)).all()

    async def find_group(self, group_id: GroupId) -> UserGroup | None:
        if "\0" in group_id:
            return None
        return await self.session.get(UserGroup, group_id)

    async def some_groups(self, ids: Collection[GroupId]) -> dict[GroupId, UserGroup]:
        query = select(UserGroup).where(UserGroup.id.in_(ids))
        return {group.id: group for group in await self.session.scalars(query)}

    async def has_mapping(self, names: Collection[str]) -> bool:
        """Say whether one of these groups has rights here."""
        wanted = literal(list(names), ARRAY(Text()))
        query = select(UserGroup.id).where(UserGroup.name == any_(wanted)).limit(1)
        return await self.session.scalar(query) is not None

    async def add_group(self, group: UserGroup) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(group)
        except IntegrityError:
            raise GroupTakenError(group=group.name) from None

    async def remove_group(self, group: UserGroup) -> None:
        await self.session.execute(delete(UserGroup).where(UserGroup.id == group.id))
        self.session.expunge(group)


async def seed_account(session: AsyncSession, *, at: datetime) -> None:
    """Make the account's one row if it is missing; any number may try at once."""
    await session.execute(
        insert(Account)
        .values(
            id=1,
            strategy=Strategy.USER_MANAGEMENT,
            security_email="",
            second_factor_enforced=False,
            space_admins_make_spaces=False,
            sign_on=None,
            changed_at=at,
        )
        .on_conflict_do_nothing()
    )
