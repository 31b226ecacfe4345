from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    delete,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import RunId, StackId, VersionId
from stackyard.kernel.search import (
    Cursor,
    CursorError,
    Page,
    Predicate,
    Search,
    SearchFieldError,
    decode_cursor,
)
from stackyard.modules.errors import VersionTakenError
from stackyard.modules.model.version import (
    CaseRun,
    ModuleUse,
    ModuleVersion,
    VersionState,
)
from stackyard.runs import Run, RunState
from stackyard.stacks import Condition, flag_condition, text_condition

_ORDER: Final = "createdAt"  # the only one, either way; the newest first if not asked
_NUMBER: Final = func.concat_ws(
    ".", ModuleVersion.major, ModuleVersion.minor, ModuleVersion.patch
)
_HASH: Final = ModuleVersion.commit["hash"].astext
_FIELDS: Final[dict[str, Condition]] = {
    "commit": text_condition(_HASH),
    "id": text_condition(ModuleVersion.id),
    "number": text_condition(_NUMBER),
    "state": text_condition(ModuleVersion.state),
    "yanked": flag_condition(ModuleVersion.yanked),
}
_EVERYWHERE: Final = (_NUMBER, _HASH, ModuleVersion.commit["message"].astext)


@dataclass(frozen=True, slots=True)
class VersionStore:
    session: AsyncSession

    async def find(
        self, module_id: StackId, version_id: VersionId
    ) -> ModuleVersion | None:
        found = await self.session.get(ModuleVersion, version_id)
        return found if found and found.module_id == module_id else None

    async def add(self, version: ModuleVersion, *, module: str) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(version)
        except IntegrityError:
            raise VersionTakenError(version=version.number, module=module) from None

    async def add_case_runs(
        self, version: ModuleVersion, runs: Collection[RunId]
    ) -> None:
        rows = [{"run_id": run, "version_id": version.id} for run in runs]
        await self.session.execute(insert(CaseRun).values(rows))

    async def of_case_run(self, run_id: RunId) -> ModuleVersion | None:
        """Return the version that the run is a test of, locked."""
        query = (
            select(ModuleVersion)
            .join(CaseRun, CaseRun.version_id == ModuleVersion.id)
            .where(CaseRun.run_id == run_id)
            .with_for_update(of=ModuleVersion)
        )
        return (await self.session.scalars(query)).one_or_none()

    async def states_of_cases(self, version_id: VersionId) -> Sequence[RunState]:
        query = (
            select(Run.state)
            .join(CaseRun, CaseRun.run_id == Run.id)
            .where(CaseRun.version_id == version_id)
        )
        return (await self.session.scalars(query)).all()

    async def remove(self, version: ModuleVersion) -> None:
        await self.session.delete(version)
        await self.session.flush()

    async def of(self, module_ids: Collection[StackId]) -> Sequence[ModuleVersion]:
        """Return all versions of these modules, the newest first."""
        query = (
            select(ModuleVersion)
            .where(ModuleVersion.module_id.in_(module_ids))
            .order_by(ModuleVersion.id.desc())
        )
        return (await self.session.scalars(query)).all()

    async def current(
        self, module_ids: Collection[StackId]
    ) -> dict[StackId, ModuleVersion]:
        """Return the highest version of each that is offered."""
        query = (
            select(ModuleVersion)
            .ext(distinct_on(ModuleVersion.module_id))
            .where(
                ModuleVersion.module_id.in_(module_ids),
                ModuleVersion.state == VersionState.ACTIVE,
                ~ModuleVersion.yanked,
            )
            .order_by(
                ModuleVersion.module_id,
                ModuleVersion.major.desc(),
                ModuleVersion.minor.desc(),
                ModuleVersion.patch.desc(),
            )
        )
        return {one.module_id: one for one in await self.session.scalars(query)}

    async def counts(self, module_ids: Collection[StackId]) -> dict[StackId, int]:
        query = (
            select(ModuleVersion.module_id, func.count())
            .where(ModuleVersion.module_id.in_(module_ids))
            .group_by(ModuleVersion.module_id)
        )
        return dict((await self.session.execute(query)).all())

    async def some(self, ids: Collection[VersionId]) -> Sequence[ModuleVersion]:
        query = select(ModuleVersion).where(ModuleVersion.id.in_(ids))
        return (await self.session.scalars(query)).all()

    async def descriptions(
        self, ids: Collection[VersionId]
    ) -> dict[VersionId, dict[str, Any] | None]:
        query = select(ModuleVersion.id, ModuleVersion.described).where(
            ModuleVersion.id.in_(ids)
        )
        rows = await self.session.execute(query)
        return dict(rows.all())

    async def search(self, module_id: StackId, search: Search) -> Page[ModuleVersion]:
        query, descending = _searched(module_id, search)
        rows = (await self.session.scalars(query)).all()
        items = list(rows[: search.limit])
        end = items[-1].id if items else None
        return Page(
            items=items,
            end_cursor=end and Cursor(_ORDER, descending, "", end).encode(),
            has_next=len(rows) > search.limit,
            has_previous=bool(search.after),
        )

    async def use(
        self, stack_id: StackId, version_id: VersionId, run_id: RunId
    ) -> None:
        """Remember that a run took the version, and forget what older runs took."""
        await self.session.execute(
            delete(ModuleUse).where(
                ModuleUse.stack_id == stack_id, ModuleUse.run_id < run_id
            )
        )
        use = {"stack_id": stack_id, "version_id": version_id, "run_id": run_id}
        taken = select(ModuleUse.run_id).where(
            ModuleUse.stack_id == stack_id, ModuleUse.run_id > run_id
        )
        if (await self.session.scalar(taken.limit(1))) is None:
            query = insert(ModuleUse).values(use)
            await self.session.execute(query.on_conflict_do_nothing())

    async def uses(
        self,
        *,
        of: Collection[VersionId] = (),
        by: Collection[StackId] = (),
    ) -> Sequence[ModuleUse]:
        """Return who uses one of these versions, and what these stacks use."""
        query = (
            select(ModuleUse)
            .where(or_(ModuleUse.version_id.in_(of), ModuleUse.stack_id.in_(by)))
            .order_by(ModuleUse.stack_id, ModuleUse.version_id)
        )
        return (await self.session.scalars(query)).all()


def _searched(module_id: StackId, search: Search) -> tuple[Select[ModuleVersion], bool]:
    query = select(ModuleVersion).where(
        ModuleVersion.module_id == module_id,
        *(_condition(said) for said in search.predicates),
        *(_said_somewhere(word) for word in search.text.split()),
    )
    order = search.order
    descending = order is None or order.field != _ORDER or order.descending
    if search.after:
        query = query.where(_beyond(search.after, descending=descending))
    place = ModuleVersion.id.desc() if descending else ModuleVersion.id.asc()
    return query.order_by(place).limit(search.limit + 1), descending


def _condition(said: Predicate) -> ColumnElement[bool]:
    if said.field not in _FIELDS:
        raise SearchFieldError(field=said.field)
    if not said.size:
        return true()
    holds = _FIELDS[said.field](said)
    return not_(holds) if said.exclude else holds


def _said_somewhere(word: str) -> ColumnElement[bool]:
    return or_(*(place.icontains(word, autoescape=True) for place in _EVERYWHERE))


def _beyond(after: str, *, descending: bool) -> ColumnElement[bool]:
    cursor = decode_cursor(after)
    if (cursor.field, cursor.descending) != (_ORDER, descending):
        raise CursorError
    here = ModuleVersion.id
    return here < cursor.id if descending else here > cursor.id
