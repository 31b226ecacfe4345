"""From a key, a session or a run to the subject that it stands for."""

from dataclasses import dataclass, replace

from stackyard.identity.model import AdminCredentials, ApiKey, Session, SessionMethod
from stackyard.identity.model.people import User
from stackyard.identity.ports import IsAccountAdmin, Passport
from stackyard.identity.store import Stores
from stackyard.kernel.access import Grant, Subject, SubjectKind
from stackyard.kernel.ids import RunId
from stackyard.kernel.needs import Rule, needs


@dataclass(frozen=True, slots=True)
class Subjects:
    is_account_admin: IsAccountAdmin
    operator: AdminCredentials | None  # the administrator of the environment

    @needs(Rule.WHO_ASKS)
    async def of_key(
        self, stores: Stores, key: ApiKey, groups: tuple[str, ...] = ()
    ) -> Subject:
        """Return the key in its own groups and these."""
        return await self._with_account(stores, key.subject_in(groups))

    @needs(Rule.WHO_ASKS)
    async def of_session(self, stores: Stores, opened: Session) -> Subject | None:
        """Return whose session it is; None if they are gone."""
        match opened.method:
            case SessionMethod.ADMIN:
                subject = self._operator(opened)
            case SessionMethod.API_KEY:
                subject = await self._key_of(stores, opened)
            case _:
                subject = await self._person_of(stores, opened)
        return None if subject is None else replace(subject, session_id=opened.id)

    def _operator(self, opened: Session) -> Subject | None:
        if self.operator is None or opened.name != self.operator.username:
            return None
        name = self.operator.username
        return Subject(SubjectKind.USER, name, name, admin=True)

    async def _key_of(self, stores: Stores, opened: Session) -> Subject | None:
        key = opened.api_key_id and await stores.keys.find(opened.api_key_id)
        if not key:
            return None
        return await self.of_key(stores, key, tuple(opened.groups))

    async def _person_of(self, stores: Stores, opened: Session) -> Subject | None:
        user = opened.user_id and await stores.people.find(opened.user_id)
        if not user:
            return None
        return await self._with_account(stores, of_person(user, opened))

    async def _with_account(self, stores: Stores, subject: Subject) -> Subject:
        """Ask once, here, what most that follows would ask again."""
        if subject.admin or not await self.is_account_admin(stores, subject):
            return subject
        return replace(subject, admin=True)


def of_person(user: User, opened: Session) -> Subject:
    """Return a person with the rights that their sign-in fixed."""
    rights = opened.rights
    return Subject(
        SubjectKind.USER,
        user.id,
        user.username,
        admin=rights.admin or (rights.bound and user.admin),
        groups=frozenset(rights.groups),
        grants=rights.grants,
        bound=rights.bound,
        session_id=opened.id,
    )


def of_run(run_id: RunId, passport: Passport) -> Subject:
    """Return a run with the rights of its stack.

    An administrative stack's bindings do not count: it governs its space, and that is
    all.
    """
    name = f"{passport.stack_id}/{run_id}"
    grants: tuple[Grant, ...] = ()
    if passport.administrative:
        grants = (Grant(passport.space_id, "space-admin"),)
    return Subject(
        SubjectKind.RUN,
        name,
        name,
        stack_id=passport.stack_id,
        grants=grants,
        bound=not passport.administrative,
    )
