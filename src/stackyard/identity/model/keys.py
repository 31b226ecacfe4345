"""API keys: how machines, and people's own tools, are known."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from sqlalchemy import ARRAY, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.identity.errors import (
    ApiKeyDescriptionError,
    ApiKeyKindError,
    ApiKeyNameError,
    ClaimMappingError,
    SubjectExpressionError,
)
from stackyard.identity.names import group_names
from stackyard.identity.secret import digest, matches, new_secret
from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.ids import ApiKeyId, new_ulid
from stackyard.kernel.orm import Entity

LONGEST_NAME: Final = 200
LONGEST_DESCRIPTION: Final = 10_000
LONGEST_EXPRESSION: Final = 1_000
GROUPS_CLAIM: Final = "groups"  # the only thing that a claim may be mapped to
LONGEST_SUBJECT: Final = 1_000
REGISTRY_PREFIX: Final = "sy_"
USE_NOTED_EVERY: Final = timedelta(minutes=1)


class ApiKeyType(StrEnum):
    SECRET = "SECRET"  # noqa: S105 - a kind of key
    OIDC = "OIDC"


@dataclass(frozen=True, slots=True)
class IssuedBy:
    """Whose word is taken for a key of the type OIDC, and about whom.

    *subject_expression* must match the whole of the token's subject.
    """

    issuer: str
    client_id: str
    subject_expression: str


class ApiKey(Entity):
    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_deleted_at", "deleted_at"),)

    id: Mapped[ApiKeyId] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    type: Mapped[ApiKeyType]
    secret_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    issuer: Mapped[str | None]
    client_id: Mapped[str | None]
    subject_expression: Mapped[str | None]
    # what the identity provider calls it -> what it is here
    claim_mapping: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    teams: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    registry_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    generation: Mapped[int]  # tokens of an earlier one are over
    creator: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    @classmethod
    def create(
        cls,
        *,
        name: str,
        creator: str,
        at: datetime,
        teams: list[str] | None = None,
        oidc: IssuedBy | None = None,
        claim_mapping: list[dict[str, str]] | None = None,
    ) -> tuple[Self, str | None]:
        """Return a key and its secret, which is never to be had again.

        A key whose bearer an identity provider vouches for (*oidc*) has none.
        """
        secret = None if oidc else new_secret()
        if oidc is not None:
            check_expression(oidc.subject_expression)
        key = cls(
            id=ApiKeyId(new_ulid()),
            name=_name(name),
            description=None,
            type=ApiKeyType.OIDC if oidc else ApiKeyType.SECRET,
            secret_digest=None if secret is None else digest(secret),
            issuer=oidc and oidc.issuer,
            client_id=oidc and oidc.client_id,
            subject_expression=oidc and oidc.subject_expression,
            claim_mapping=_mapping(claim_mapping or []),
            teams=group_names(teams or []),
            registry_digest=None,
            generation=0,
            creator=creator,
            created_at=at,
            last_used_at=None,
            deleted_at=None,
        )
        return key, secret

    @property
    def deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def subject(self) -> Subject:
        return self.subject_in(())

    def subject_in(self, groups: tuple[str, ...]) -> Subject:
        """Return who this is, in the key's own groups and these."""
        return Subject(
            SubjectKind.API_KEY,
            self.id,
            self.name,
            groups=frozenset((*self.teams, *groups)),
        )

    def opens_with(self, secret: str) -> bool:
        stored = self.secret_digest
        return stored is not None and matches(secret, stored) and not self.deleted

    def issued_by(self) -> IssuedBy:
        """Return whom to ask about a bearer; only for a key of the type OIDC."""
        if self.type is not ApiKeyType.OIDC:
            raise ApiKeyKindError(api_key=self.id)
        return IssuedBy(
            self.issuer or "", self.client_id or "", self.subject_expression or ""
        )

    def admits(self, claims: dict[str, Any]) -> bool:
        """Whether these verified claims are of somebody whom the key is for."""
        subject, wanted = claims.get("sub"), self.subject_expression
        if not isinstance(subject, str) or not wanted or self.deleted:
            return False
        if len(subject) > LONGEST_SUBJECT:
            return False
        return re.fullmatch(wanted, subject) is not None

    def groups_in(self, claims: dict[str, Any]) -> tuple[str, ...]:
        """Return the groups that the claims give, by the key's mapping."""
        found: list[str] = []
        for entry in self.claim_mapping:
            said = claims.get(_claim_of(entry))
            values = [said] if isinstance(said, str) else said
            if isinstance(values, list):
                found += [one for one in values if isinstance(one, str)]
        return tuple(found)

    def change(
        self,
        *,
        name: str | None = None,
        teams: list[str] | None = None,
        description: str | None = None,
        claim_mapping: list[dict[str, str]] | None = None,
    ) -> None:
        """Change what is given; None keeps what there is."""
        if name is not None:
            self.name = _name(name)
        if teams is not None:
            self.teams = group_names(teams)
        if description is not None:
            if len(description) > LONGEST_DESCRIPTION:
                raise ApiKeyDescriptionError
            self.description = description
        if claim_mapping is not None:
            if claim_mapping and self.type is not ApiKeyType.OIDC:
                raise ApiKeyKindError(api_key=self.id)
            self.claim_mapping = _mapping(claim_mapping)

    def rotate(self) -> tuple[str, str]:
        """Give it another secret and registry token; the old ones open nothing more."""
        if self.type is not ApiKeyType.SECRET:
            raise ApiKeyKindError(api_key=self.id)
        secret = new_secret()
        self.secret_digest = digest(secret)
        return secret, self.new_registry_token()

    def new_registry_token(self) -> str:
        """Return what Terraform's own credentials hold: one word, good for long."""
        token = f"{REGISTRY_PREFIX}{self.id}_{new_secret()}"
        self.registry_digest = digest(token)
        return token

    def opens_registry_with(self, token: str) -> bool:
        stored = self.registry_digest
        return stored is not None and matches(token, stored) and not self.deleted

    def delete(self, *, at: datetime) -> None:
        self.deleted_at = self.deleted_at or at

    def use_is_worth_noting(self, *, at: datetime) -> bool:
        """Say no within a minute of the last: reads must not become writes."""
        return self.last_used_at is None or at - self.last_used_at >= USE_NOTED_EVERY


def check_expression(expression: str) -> None:
    """Refuse what is no expression. It must fit the whole subject, anchored or not."""
    if not 1 <= len(expression) <= LONGEST_EXPRESSION:
        raise SubjectExpressionError(longest=LONGEST_EXPRESSION)
    try:
        re.compile(expression)
    except (re.error, OverflowError) as error:
        raise SubjectExpressionError(problem=str(error)) from error


def _name(name: str) -> str:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ApiKeyNameError
    return name


def _mapping(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    for entry in entries:
        if not _claim_of(entry):
            raise ClaimMappingError(name=entry["name"], value=entry["value"])
    return [{"name": one["name"], "value": one["value"]} for one in entries]


def _claim_of(entry: dict[str, str]) -> str:
    """Return the provider's claim, whichever way round the entry was written."""
    if entry["value"] == GROUPS_CLAIM:
        return entry["name"]
    return entry["value"] if entry["name"] == GROUPS_CLAIM else ""
