"""Second factors: proven at sign-in, and kept by the person whose they are."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from stackyard.identity.errors import (
    LastFactorError,
    NotAPersonError,
    SecurityKeyNameError,
    SecurityKeyUnknownError,
    TooManyTriesError,
)
from stackyard.identity.model import (
    OneTimeSecret,
    SecondFactor,
    SecurityKey,
    Session,
)
from stackyard.identity.ports import OpenStores
from stackyard.identity.secret import digest, new_secret
from stackyard.identity.service.sessions import Seen
from stackyard.identity.service.tries import Tries
from stackyard.identity.store import Stores
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.backup_codes import digest_of, new_backup_codes
from stackyard.kernel.caller import Place
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import UnauthorizedError
from stackyard.kernel.ids import SecurityKeyId, UserId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.second_factor import (
    Challenge,
    OneTimePasswordError,
    OneTimePasswords,
    Passkey,
    PasskeyError,
    Passkeys,
)
from stackyard.kernel.secrets import Sealed, Vault

LONGEST_NAME: Final = 100
_CHALLENGE_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody has to prove themselves with."""

    keys: Sequence[SecurityKey]
    one_time: bool
    backup_codes_left: int


@dataclass(frozen=True, slots=True)
class NewOneTime:
    """What goes into an authenticator app; shown this once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Factors:
    """Everything here is about the person whose session *seen* is, and no other."""

    open_stores: OpenStores
    passkeys: Passkeys
    one_time: OneTimePasswords
    vault: Vault
    clock: Clock

    @needs(Rule.WHO_ASKS)
    async def held(self, seen: Seen) -> Held:
        user_id = _person(seen)
        async with self.open_stores() as stores:
            keys = await stores.factors.keys_of(user_id)
            shared = await stores.factors.one_time(user_id)
            confirmed = shared is not None and shared.confirmed_at is not None
            left = await stores.factors.codes_left(user_id)
        return Held(keys, confirmed, left)

    @needs(Rule.WHO_ASKS)
    async def begin_proof(self, seen: Seen) -> Challenge:
        """Ask for one of the person's security keys."""
        user_id = _person(seen)
        async with self.open_stores() as stores:
            known = [_passkey(one) for one in await stores.factors.keys_of(user_id)]
            challenge = self.passkeys.begin_proof(known)
            await self._expect(stores, seen, challenge)
        return challenge

    @needs(Rule.WHO_ASKS)
    async def prove_by_key(self, seen: Seen, answer: str, place: Place) -> str:
        """Complete the session; return the token under which it goes on."""
        user_id = _person(seen)
        await self._count(user_id, place)
        async with self._noting_failure(seen), self.open_stores() as stores:
            opened = await self._session(stores, seen)
            keys = {
                one.credential_id: one for one in await stores.factors.keys_of(user_id)
            }
            known = [_passkey(one) for one in keys.values()]
            used = self.passkeys.finish_proof(_expected(opened), answer, known)
            key = keys[used.id]
            key.sign_count, key.last_used_at = used.uses, self.clock()
            return await self._complete(stores, opened, user_id, place)

    @needs(Rule.WHO_ASKS)
    async def prove_by_code(self, seen: Seen, code: str, place: Place) -> str:
        """Complete the session by an app's code or, once each, by a backup code."""
        user_id = _person(seen)
        await self._count(user_id, place)
        async with self._noting_failure(seen), self.open_stores() as stores:
            opened = await self._session(stores, seen)
            if not await self._accept(stores, user_id, code):
                raise OneTimePasswordError
            return await self._complete(stores, opened, user_id, place)

    @needs(Rule.WHO_ASKS)
    async def begin_key(self, seen: Seen) -> Challenge:
        """Ask for a security key that is to be registered."""
        user_id = _person(seen)
        self._require_may_change(seen)
        async with self.open_stores() as stores:
            known = [_passkey(one) for one in await stores.factors.keys_of(user_id)]
            challenge = self.passkeys.begin_registration(
                digest(user_id), seen.subject.name, known
            )
            await self._expect(stores, seen, challenge)
        return challenge

    @needs(Rule.WHO_ASKS)
    async def add_key(self, seen: Seen, name: str, answer: str) -> SecurityKey:
        """Register the key that answered. Whoever had to enrol is in by that."""
        user_id = _person(seen)
        self._require_may_change(seen)
        if not 1 <= len(name.strip()) <= LONGEST_NAME or not name.isprintable():
            raise SecurityKeyNameError
        async with self.open_stores() as stores:
            opened = await self._session(stores, seen)
            made = self.passkeys.finish_registration(_expected(opened), answer)
            key = SecurityKey(
                id=SecurityKeyId(new_ulid()),
                user_id=user_id,
                name=name.strip(),
                credential_id=made.id,
                public_key=made.public_key,
                sign_count=made.uses,
                transports=[],
                created_at=self.clock(),
                last_used_at=None,
            )
            await stores.factors.add_key(key)
            opened.enrolled()
            await self._note(stores, seen, "create", key.id)
            return key

    @needs(Rule.WHO_ASKS)
    async def begin_one_time(self, seen: Seen) -> NewOneTime:
        """Make what an authenticator app is given; it counts once it was confirmed."""
        user_id = _person(seen)
        self._require_may_change(seen)
        secret = self.one_time.new_secret()
        sealed = self.vault.seal(secret.encode(), context=_context(user_id))
        async with self.open_stores() as stores:
            opened = await self._session(stores, seen)
            opened.challenge = sealed
        return NewOneTime(secret, self.one_time.uri(secret, seen.subject.name))

    @needs(Rule.WHO_ASKS)
    async def confirm_one_time(self, seen: Seen, code: str) -> tuple[str, ...]:
        """Keep what the app was given, and return new backup codes, shown this once."""
        user_id = _person(seen)
        self._require_may_change(seen)
        async with self.open_stores() as stores:
            opened = await self._session(stores, seen)
            sealed, now = Sealed(_expected(opened)), self.clock()
            secret = self._unseal(sealed, user_id)
            step = self.one_time.accept(secret, code, last_step=None, now=now)
            await stores.factors.put_one_time(
                OneTimeSecret(
                    user_id=user_id,
                    sealed=sealed,
                    last_step=step,
                    created_at=now,
                    confirmed_at=now,
                )
            )
            opened = await self._session(stores, seen)
            opened.enrolled()
            await self._note(stores, seen, "create_app", None)
            return await self._new_codes(stores, user_id)

    @needs(Rule.WHO_ASKS)
    async def new_backup_codes(self, seen: Seen) -> tuple[str, ...]:
        """Return codes in place of all that there were, shown this once."""
        user_id = _person(seen)
        self._require_complete(seen)
        async with self.open_stores() as stores:
            if not await stores.factors.has_any(user_id):
                raise LastFactorError
            return await self._new_codes(stores, user_id)

    @needs(Rule.WHO_ASKS)
    async def remove_key(self, seen: Seen, key_id: SecurityKeyId) -> None:
        user_id = _person(seen)
        self._require_complete(seen)
        async with self.open_stores() as stores:
            key = await stores.factors.find_key(key_id)
            if key is None or key.user_id != user_id:
                raise SecurityKeyUnknownError(key=key_id)
            await stores.factors.remove_key(key)
            await self._note(stores, seen, "delete", key.id)
            await self._require_one_left(stores, user_id)

    @needs(Rule.WHO_ASKS)
    async def remove_one_time(self, seen: Seen) -> None:
        user_id = _person(seen)
        self._require_complete(seen)
        async with self.open_stores() as stores:
            await stores.factors.remove_one_time(user_id)
            await self._note(stores, seen, "delete_app", None)
            await self._require_one_left(stores, user_id)

    async def _note(
        self, stores: Stores, seen: Seen, verb: str, key_id: str | None
    ) -> None:
        await stores.trail.note(
            f"security_key.{verb}",
            Resource(ResourceType.SECURITY_KEY, key_id),
            by=seen.subject,
        )

    @asynccontextmanager
    async def _noting_failure(self, seen: Seen) -> AsyncIterator[None]:
        """Write a refused proof down, once what it was part of is rolled back."""
        try:
            yield
        except UnauthorizedError:
            async with self.open_stores() as stores:
                await stores.trail.note_failed_sign_in(
                    Resource(ResourceType.LOGIN, seen.subject.name), by=seen.subject
                )
            raise

    async def _accept(self, stores: Stores, user_id: UserId, code: str) -> bool:
        now = self.clock()
        shared = await stores.factors.one_time(user_id)
        if shared is not None and shared.confirmed_at is not None:
            secret = self._unseal(Sealed(shared.sealed), user_id)
            try:
                shared.last_step = self.one_time.accept(
                    secret, code, last_step=shared.last_step, now=now
                )
            except OneTimePasswordError:
                pass
            else:
                return True
        return await stores.factors.use_code(user_id, digest_of(code), at=now)

    async def _complete(
        self, stores: Stores, opened: Session, user_id: UserId, place: Place
    ) -> str:
        token = new_secret()
        opened.complete_with(token)
        await Tries.of(
            stores.sessions, _tried(user_id), place, at=self.clock()
        ).forget()
        return token

    async def _count(self, user_id: UserId, place: Place) -> None:
        """Count a try before it is looked at, in a transaction that stays."""
        async with self.open_stores() as stores:
            tries = Tries.of(stores.sessions, _tried(user_id), place, at=self.clock())
            too_many = await tries.count()
        if too_many:
            raise TooManyTriesError

    async def _new_codes(self, stores: Stores, user_id: UserId) -> tuple[str, ...]:
        codes = new_backup_codes()
        await stores.factors.replace_codes(
            user_id, [digest_of(code) for code in codes], at=self.clock()
        )
        return codes

    async def _require_one_left(self, stores: Stores, user_id: UserId) -> None:
        account = await stores.people.account()
        if account.second_factor_enforced and not await stores.factors.has_any(user_id):
            raise LastFactorError

    async def _session(self, stores: Stores, seen: Seen) -> Session:
        opened = await stores.sessions.find_id(seen.session_id)
        if opened is None:
            raise UnauthorizedError
        return opened

    async def _expect(self, stores: Stores, seen: Seen, challenge: Challenge) -> None:
        (await self._session(stores, seen)).challenge = challenge.expected

    def _unseal(self, sealed: Sealed, user_id: UserId) -> str:
        return self.vault.unseal(sealed, context=_context(user_id)).decode()

    def _require_may_change(self, seen: Seen) -> None:
        """Those who are in, or who must enrol before they are, add a factor."""
        if seen.second_factor is SecondFactor.WANTED:
            raise UnauthorizedError

    def _require_complete(self, seen: Seen) -> None:
        if not seen.complete:
            raise UnauthorizedError


def _person(seen: Seen) -> UserId:
    if seen.user_id is None:
        raise NotAPersonError
    return seen.user_id


def _passkey(key: SecurityKey) -> Passkey:
    return Passkey(key.credential_id, key.public_key, key.sign_count)


def _expected(opened: Session) -> bytes:
    """Return what an answer must fit, and forget it: it is good for one answer."""
    expected, opened.challenge = opened.challenge, None
    if expected is None:
        raise PasskeyError
    return expected


def _context(user_id: UserId) -> str:
    return f"one_time_secrets/{user_id}"


def _tried(user_id: UserId) -> str:
    return f"second factor of {user_id}"
