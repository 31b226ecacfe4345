"""What holds for the whole account, and the sessions in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from stackyard.identity.errors import SessionNotFoundError
from stackyard.identity.model import Account, Session, Strategy
from stackyard.identity.service.keys import require_administrator
from stackyard.identity.store import PeopleStore, SessionStore
from stackyard.kernel.access import Access, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import SessionId
from stackyard.kernel.needs import Rule, needs

MOST_SESSIONS: Final = 100


@dataclass(frozen=True, slots=True)
class RunnerImages:
    """What stacks that name no image run in; None: what their workers have."""

    private: str | None
    public: str | None

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(account.private_runner_image, account.public_runner_image)


@dataclass(frozen=True, slots=True)
class AccountSettings:
    people: PeopleStore
    sessions: SessionStore
    access: Access
    clock: Clock
    trail: Trail

    @needs(Rule.ACCOUNT_ADMIN)
    async def get(self, *, by: Subject) -> Account:
        await require_administrator(self.access, by)
        return await self.people.account()

    @needs(Rule.PLATFORM)
    async def space_admins_make_spaces(self, *, by: Subject) -> bool:
        """Whether administrators of a space may make and change spaces below it."""
        del by  # asked in the middle of deciding what somebody may do
        return (await self.people.account()).space_admins_make_spaces

    @needs(Rule.ACCOUNT_ADMIN)
    async def set_security_email(self, email: str, *, by: Subject) -> Account:
        account = await self._change("set_security_email", by)
        account.set_security_email(email)
        return account

    @needs(Rule.SIGNED_IN)
    async def runner_images(self, *, by: Subject) -> RunnerImages:
        """Return the defaults; whoever has a stack sees what it runs in."""
        del by
        return RunnerImages.of(await self.people.account())

    @needs(Rule.ACCOUNT_ADMIN)
    async def set_runner_images(
        self, *, private: str | None, public: str | None, by: Subject
    ) -> RunnerImages:
        account = await self._change("set_runner_images", by)
        account.set_runner_images(private=private, public=public)
        return RunnerImages.of(account)

    @needs(Rule.ACCOUNT_ADMIN)
    async def set_space_admins_make_spaces(
        self, *, allowed: bool, by: Subject
    ) -> Account:
        account = await self._change("set_space_creation", by)
        account.space_admins_make_spaces = allowed
        return account

    @needs(Rule.ACCOUNT_ADMIN)
    async def set_strategy(self, strategy: Strategy, *, by: Subject) -> Account:
        """Say who decides what people may do. All sessions but one's own end."""
        account = await self._change("set_strategy", by)
        if account.strategy is strategy:
            return account
        account.strategy = strategy
        if strategy is Strategy.USER_MANAGEMENT:
            await self.people.send_queued(at=self.clock())
        await self.end_other_sessions(by=by)
        return account

    @needs(Rule.ACCOUNT_ADMIN)
    async def enforce_second_factor(self, *, enforced: bool, by: Subject) -> Account:
        """Ask everybody for a second factor, or no more.

        When it begins, all sessions but one's own end: nobody stays in without one.
        """
        account = await self._change("enforce_second_factor", by)
        if enforced and not account.second_factor_enforced:
            await self.end_other_sessions(by=by)
        account.second_factor_enforced = enforced
        return account

    @needs(Rule.ACCOUNT_ADMIN)
    async def end_other_sessions(self, *, by: Subject) -> int:
        """End every session but one's own; return how many there were."""
        await require_administrator(self.access, by)
        await self.trail.note(
            "session.delete_others", Resource(ResourceType.SESSION), by=by
        )
        return await self.sessions.end_all_but(by.session_id)

    @needs(Rule.ACCOUNT_ADMIN)
    async def open_sessions(
        self, *, by: Subject, first: int = MOST_SESSIONS, after: str | None = None
    ) -> Sequence[Session]:
        """Return the sessions that are open, newest first, those before *after*."""
        await require_administrator(self.access, by)
        return await self.sessions.open_ones(
            at=self.clock(),
            first=min(first, MOST_SESSIONS),
            after=None if after is None else SessionId(after),
        )

    @needs(Rule.ACCOUNT_ADMIN)
    async def end_session(self, session_id: SessionId, *, by: Subject) -> Session:
        """End anybody's session, at once."""
        await require_administrator(self.access, by)
        found = await self.sessions.find_id(session_id)
        if found is None:
            raise SessionNotFoundError(session=session_id)
        await self.sessions.end_id(session_id)
        await self.trail.note(
            "session.delete",
            Resource(ResourceType.SESSION, session_id),
            facts={"Name": found.name},
            by=by,
        )
        return found

    async def _change(self, what: str, by: Subject) -> Account:
        await require_administrator(self.access, by)
        await self.trail.note(f"account.{what}", Resource(ResourceType.ACCOUNT), by=by)
        account = await self.people.account(lock=True)
        account.changed_at = self.clock()
        return account
