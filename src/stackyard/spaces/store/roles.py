"""All SQL about roles and bindings, except the question what they allow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, Select, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.identity import ApiKey
from stackyard.kernel.constraints import constraint_of
from stackyard.kernel.ids import ApiKeyId, BindingId, RoleId, SpaceId, new_ulid
from stackyard.spaces.errors import (
    BindingTakenError,
    HolderNotFoundError,
    RoleInUseError,
    RoleTakenError,
    SpaceNotFoundError,
)
from stackyard.spaces.model import (
    SYSTEM_ROLES,
    Holder,
    HolderKind,
    Role,
    RoleBinding,
)
from stackyard.spaces.model.roles import holder_column

MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class RoleStore:
    session: AsyncSession

    async def list(self) -> Sequence[Role]:
        query = select(Role).order_by(Role.is_system.desc(), Role.name, Role.id)
        return (await self.session.scalars(query)).all()

    async def find(self, reference: str) -> Role | None:
        """Return the role of that id, or of that slug."""
        if "\0" in reference:  # PostgreSQL would not even take the question
            return None
        query = select(Role).where(or_(Role.id == reference, Role.slug == reference))
        return await self.session.scalar(query.order_by(Role.id == reference).limit(1))

    async def some(self, ids: Collection[RoleId]) -> dict[RoleId, Role]:
        query = select(Role).where(Role.id.in_(ids))
        return {role.id: role for role in await self.session.scalars(query)}

    async def by_slug(self, slugs: Collection[str]) -> dict[str, Role]:
        query = select(Role).where(Role.slug.in_(slugs))
        return {role.slug: role for role in await self.session.scalars(query)}

    async def add(self, role: Role) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(role)
        except IntegrityError:
            raise RoleTakenError(slug=role.slug) from None

    async def remove(self, role: Role) -> None:
        try:
            async with self.session.begin_nested():
                await self.session.execute(delete(Role).where(Role.id == role.id))
        except IntegrityError:
            holders = await self._holders(role.id)
            raise RoleInUseError(role=role.slug, holders=holders) from None
        self.session.expunge(role)

    async def _holders(self, role_id: RoleId) -> str:
        """Name who holds the role and where, or some of them if they are many."""
        query = select(RoleBinding).where(RoleBinding.role_id == role_id)
        query = query.order_by(RoleBinding.id).limit(MOST_NAMED + 1)
        named = [
            f"{one.holder.kind.replace('_', ' ')} {one.holder.id} in {one.space_id}"
            for one in await self.session.scalars(query)
        ]
        return ", ".join([*named[:MOST_NAMED], *(["…"] if named[MOST_NAMED:] else [])])

    async def counts(self, ids: Collection[RoleId]) -> dict[RoleId, int]:
        """Return how often each role is bound."""
        query = (
            select(RoleBinding.role_id, func.count())
            .where(RoleBinding.role_id.in_(ids))
            .group_by(RoleBinding.role_id)
        )
        rows = (await self.session.execute(query)).all()
        return {role_id: count for role_id, count in rows}  # noqa: C416 - typed so

    async def find_binding(self, binding_id: BindingId) -> RoleBinding | None:
        if "\0" in binding_id:
            return None
        return await self.session.get(RoleBinding, binding_id)

    async def add_binding(self, binding: RoleBinding) -> None:
        if binding.api_key_id is not None:
            await self._ensure_key(binding.api_key_id)
        try:
            async with self.session.begin_nested():
                self.session.add(binding)
        except IntegrityError as error:
            constraint = constraint_of(error)
            if constraint == "fk_role_bindings_space_id":
                raise SpaceNotFoundError(space=binding.space_id) from None
            if constraint.startswith("fk_"):
                raise HolderNotFoundError(id=binding.holder.id) from None
            raise BindingTakenError(space=binding.space_id) from None

    async def _ensure_key(self, key_id: ApiKeyId) -> None:
        """A key that was deleted has a row for a while, and holds nothing any more.

        Whoever deletes it meanwhile waits, and then finds what it was given.
        """
        query = select(ApiKey.id).where(
            ApiKey.id == key_id, ApiKey.deleted_at.is_(None)
        )
        locked = query.with_for_update(read=True, key_share=True)
        if await self.session.scalar(locked) is None:
            raise HolderNotFoundError(id=key_id)

    async def remove_binding(self, binding: RoleBinding) -> None:
        await self.session.delete(binding)
        await self.session.flush()

    async def bindings_of(
        self,
        kind: HolderKind,
        ids: Collection[str],
        *,
        within: Select[SpaceId] | None = None,
    ) -> Sequence[RoleBinding]:
        """Return these holders' bindings, or those of them in the spaces *within*."""
        query = (
            select(RoleBinding)
            .where(getattr(RoleBinding, holder_column(kind)).in_(ids))
            .order_by(RoleBinding.id)
        )
        if within is not None:
            query = query.where(RoleBinding.space_id.in_(within))
        return (await self.session.scalars(query)).all()

    async def bindings_in(self, space_id: SpaceId) -> Sequence[RoleBinding]:
        query = select(RoleBinding).where(RoleBinding.space_id == space_id)
        return (await self.session.scalars(query.order_by(RoleBinding.id))).all()

    async def rules_of(
        self, kind: HolderKind, ids: Collection[str]
    ) -> Sequence[Row[str, SpaceId, str]]:
        """Return rows (holder, space, slug of the role)."""
        column = getattr(RoleBinding, holder_column(kind))
        query = (
            select(column, RoleBinding.space_id, Role.slug)
            .join(Role, Role.id == RoleBinding.role_id)
            .where(column.in_(ids))
            .order_by(RoleBinding.id)
        )
        return (await self.session.execute(query)).all()

    async def replace_bindings(
        self,
        holder: Holder,
        roles: Collection[RoleId],
        wanted: Mapping[SpaceId, RoleId],
        make: Iterable[RoleBinding],
    ) -> None:
        """Take away what of *roles* is not *wanted*, and add what is missing."""
        column = getattr(RoleBinding, holder_column(holder.kind))
        kept = set()
        for binding in await self.bindings_of(holder.kind, [holder.id]):
            if binding.role_id not in roles:
                continue
            if wanted.get(binding.space_id) == binding.role_id:
                kept.add(binding.space_id)
            else:
                await self.session.execute(
                    delete(RoleBinding).where(
                        RoleBinding.id == binding.id, column == holder.id
                    )
                )
        for binding in make:
            if binding.space_id not in kept:
                await self.add_binding(binding)

    async def remove_all_of(self, holder: Holder) -> None:
        column = getattr(RoleBinding, holder_column(holder.kind))
        await self.session.execute(delete(RoleBinding).where(column == holder.id))


async def seed_roles(session: AsyncSession) -> None:
    """Make the system roles, or make them what they are now; any number may try."""
    for role in SYSTEM_ROLES:
        said = {
            "name": role.name,
            "description": role.description,
            "actions": [str(one) for one in role.actions],
            "is_system": True,
        }
        await session.execute(
            insert(Role)
            .values(id=RoleId(new_ulid()), slug=role.slug, **said)
            .on_conflict_do_update(index_elements=[Role.slug], set_=said)
        )
