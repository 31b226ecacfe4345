import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.realm import Realm

from stackyard.kernel.access import (
    NOBODY,
    SYSTEM,
    Action,
    Level,
    Subject,
    SubjectKind,
)
from stackyard.kernel.errors import ForbiddenError, NotFoundError, UnauthorizedError
from stackyard.kernel.ids import LEGACY, ROOT, SpaceId, StackId
from stackyard.spaces import SpaceNotFoundError, SpaceSpec, reachable_from, seed
from stackyard.spaces.errors import (
    BuiltInSpaceError,
    CutOffError,
    InheritanceByAdminsError,
    ParentNotFoundError,
    SpaceCircleError,
    SpaceOccupiedError,
    SpaceProblemsError,
    SpacesByAdminsError,
)
from stackyard.workers import PoolSettings, PoolUnreachableError

ADMIN = Subject(SubjectKind.USER, "ada", "ada", admin=True)
GUEST = Subject(SubjectKind.API_KEY, "k", "ci")
RUN = Subject(SubjectKind.RUN, "net/1", "net/1", admin=True, stack_id=StackId("net"))
WORKER = Subject(SubjectKind.WORKER, "leg", "w", admin=True)


@pytest.fixture
async def realm(session: AsyncSession) -> Realm:
    return await Realm(session).prepare()


async def test_every_account_has_root_and_legacy(realm: Realm) -> None:
    await seed(realm.session, at=realm.clock())

    found = await realm.unit.spaces.list(by=SYSTEM)
    assert [(one.id, one.parent_id) for one in found] == [(LEGACY, ROOT), (ROOT, None)]
    assert (await realm.unit.spaces.get(LEGACY, by=ADMIN)).inherits


async def test_a_missing_space_is_none_or_an_error(realm: Realm) -> None:
    assert await realm.unit.spaces.find(SpaceId("nowhere"), by=ADMIN) is None
    with pytest.raises(SpaceNotFoundError):
        await realm.unit.spaces.get(SpaceId("nowhere"), by=ADMIN)


@pytest.mark.parametrize("by", [SYSTEM, ADMIN])
async def test_administrators_may_do_everything(realm: Realm, by: Subject) -> None:
    for action in Action:
        await realm.unit.access.require(by, action, space=ROOT)


@pytest.mark.parametrize("by", [GUEST, RUN, WORKER])
async def test_whoever_has_no_grant_is_not_even_told_what_exists(
    realm: Realm, by: Subject
) -> None:
    for action in Action:
        with pytest.raises(NotFoundError):
            await realm.unit.access.require(by, action, space=ROOT)
    levels = await realm.unit.access.levels(by, spaces=[ROOT])
    assert levels == {ROOT: Level.NONE}
    assert await realm.unit.spaces.list(by=by) == []


async def test_nobody_is_asked_who_they_are(realm: Realm) -> None:
    with pytest.raises(UnauthorizedError):
        await realm.unit.access.require(NOBODY, Action.SPACE_READ, space=ROOT)


async def test_things_are_reached_upwards_until_a_space_does_not_inherit(
    realm: Realm, session: AsyncSession
) -> None:
    closed = await realm.space("Closed", ROOT, inherits=False)
    team = await realm.space("Team", closed, inherits=True)

    async def reached(space: str) -> set[str]:
        return set(await session.scalars(reachable_from(SpaceId(space))))

    assert await reached(LEGACY) == {LEGACY, ROOT}
    assert await reached(team) == {team, closed}
    assert await reached("nowhere") == set()


async def test_a_space_is_known_by_its_name_and_a_number_for_good(
    realm: Realm,
) -> None:
    made = await realm.unit.spaces.create(
        SpaceSpec("Team Ä 1", description="*ours*", labels=("b", "a", "b")), by=ADMIN
    )

    slug, _, ulid = made.id.rpartition("-")
    assert slug == "team-1"
    assert len(ulid) == 26
    assert (made.parent_id, made.labels, made.inherits) == (ROOT, ["b", "a"], False)
    renamed = await realm.unit.spaces.update(made.id, SpaceSpec("Other"), by=ADMIN)
    assert (renamed.id, renamed.name, renamed.labels) == (made.id, "Other", [])


async def test_two_siblings_may_share_a_name(realm: Realm) -> None:
    one = await realm.space("Team", ROOT)
    assert await realm.space("Team", ROOT) != one


@pytest.mark.parametrize("name", ["Küche", "運用", "Ops\u00a0EU", "👩\u200d🚀"])
async def test_a_space_is_named_in_any_language(realm: Realm, name: str) -> None:
    made = await realm.unit.spaces.create(SpaceSpec(name), by=ADMIN)
    assert made.name == name
    assert made.id[:-27]  # before the dash and the number


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "two\nlines"])
async def test_a_space_needs_a_name(realm: Realm, name: str) -> None:
    with pytest.raises(SpaceProblemsError):
        await realm.unit.spaces.create(SpaceSpec(name), by=ADMIN)


async def test_the_built_in_spaces_stay(realm: Realm) -> None:
    team = await realm.space("Team", ROOT)
    for space in (ROOT, LEGACY):
        with pytest.raises(BuiltInSpaceError):
            await realm.unit.spaces.delete(space, by=ADMIN)
        with pytest.raises(BuiltInSpaceError):
            await realm.unit.spaces.update(space, SpaceSpec("x"), by=ADMIN)
        spec = SpaceSpec(str(space), parent=team, inherits=True)
        with pytest.raises(BuiltInSpaceError):
            await realm.unit.spaces.update(space, spec, by=ADMIN)

    said = SpaceSpec("root", description="all of us", labels=("x",))
    assert (await realm.unit.spaces.update(ROOT, said, by=ADMIN)).labels == ["x"]
    quiet = SpaceSpec("legacy", inherits=False)
    assert not (await realm.unit.spaces.update(LEGACY, quiet, by=ADMIN)).inherits


async def test_a_space_goes_nowhere_below_itself(realm: Realm) -> None:
    top = await realm.space("Top", ROOT)
    low = await realm.space("Low", await realm.space("Middle", top))

    for parent in (top, low):
        with pytest.raises(SpaceCircleError):
            await realm.unit.spaces.update(
                top, SpaceSpec("Top", parent=parent), by=ADMIN
            )
    spec = SpaceSpec("Top", parent=SpaceId("nowhere"))
    with pytest.raises(ParentNotFoundError):
        await realm.unit.spaces.update(top, spec, by=ADMIN)


async def test_only_an_empty_space_can_be_deleted(realm: Realm) -> None:
    team = await realm.space("Team", ROOT)
    child = await realm.space("Child", team)
    stack = await realm.stack("Net", child)

    with pytest.raises(SpaceOccupiedError, match="1 space"):
        await realm.unit.spaces.delete(team, by=ADMIN)
    with pytest.raises(SpaceOccupiedError, match="1 stack"):
        await realm.unit.spaces.delete(child, by=ADMIN)
    await realm.unit.stacks.purge(stack, by=SYSTEM)
    await realm.pool("builders", child)
    with pytest.raises(SpaceOccupiedError, match="1 worker pool"):
        await realm.unit.spaces.delete(child, by=ADMIN)

    other = await realm.space("Other", ROOT)
    assert await realm.unit.spaces.delete(other, by=ADMIN) is not None
    assert await realm.unit.spaces.delete(other, by=ADMIN) is None


async def test_a_move_that_would_cut_a_stack_off_is_refused_with_its_name(
    realm: Realm,
) -> None:
    shared = await realm.space("Shared", ROOT)
    team = await realm.space("Team", shared, inherits=True)
    inner = await realm.space("Inner", team, inherits=True)
    pool = await realm.pool("builders", shared)
    await realm.stack("Net", inner, worker_pool_id=pool)

    for spec in (
        SpaceSpec("Team", parent=ROOT, inherits=True),
        SpaceSpec("Team", parent=shared, inherits=False),
    ):
        with pytest.raises(CutOffError, match='stack "net": worker pool "builders"'):
            async with realm.session.begin_nested():
                await realm.unit.spaces.update(team, spec, by=ADMIN)
    elsewhere = await realm.space("Elsewhere", shared, inherits=True)
    moved = SpaceSpec("Team", parent=elsewhere, inherits=True)
    assert (await realm.unit.spaces.update(team, moved, by=ADMIN)).inherits


async def test_a_pool_moves_only_to_where_all_that_are_in_it_reach_it(
    realm: Realm,
) -> None:
    team = await realm.space("Team", ROOT, inherits=True)
    aside = await realm.space("Aside", ROOT)
    pool = await realm.pool("builders", ROOT)
    await realm.stack("Net", team, worker_pool_id=pool)
    await realm.stack("Other", team)

    async def move(space: SpaceId) -> SpaceId:
        wanted = PoolSettings(name="builders", space_id=space)
        async with realm.session.begin_nested():
            moved = await realm.unit.pools.update(pool, wanted, by=ADMIN)
        return moved.space_id

    with pytest.raises(PoolUnreachableError) as refused:
        await move(aside)
    said = str(refused.value)
    assert said.endswith('reached any more: stack "net": worker pool "builders"')
    assert await move(team) == team
    assert await move(ROOT) == ROOT


async def test_administrators_of_a_space_make_spaces_only_where_the_account_says_so(
    realm: Realm,
) -> None:
    team = await realm.space("Team", ROOT)
    boss = await realm.user("boss", (team, "space-admin"))
    spec = SpaceSpec("Mine", parent=team, inherits=False)

    with pytest.raises(SpacesByAdminsError):
        await realm.unit.spaces.create(spec, by=boss)
    await realm.unit.account.set_space_admins_make_spaces(allowed=True, by=ADMIN)
    mine = await realm.unit.spaces.create(spec, by=boss)

    assert mine.inherits, "only administrators of the account stop inheritance"
    with pytest.raises(InheritanceByAdminsError):
        await realm.unit.spaces.update(mine.id, spec, by=boss)
    with pytest.raises(ParentNotFoundError):
        await realm.unit.spaces.create(SpaceSpec("Up", parent=ROOT), by=boss)
    assert await realm.unit.spaces.delete(mine.id, by=boss) is not None


async def test_who_administers_a_space_may_say_what_it_is_about(realm: Realm) -> None:
    team = await realm.space("Team", ROOT)
    boss = await realm.user("boss", (team, "space-admin"))
    writer = await realm.user("writer", (team, "space-writer"))
    said = SpaceSpec("Renamed", parent=ROOT, labels=("x",))

    assert (await realm.unit.spaces.update(team, said, by=boss)).name == "Renamed"
    with pytest.raises(ForbiddenError):
        await realm.unit.spaces.update(team, said, by=writer)


async def test_a_list_shows_the_way_up_to_root_but_not_what_lies_beside(
    realm: Realm,
) -> None:
    closed = await realm.space("Closed", ROOT)
    team = await realm.space("Team", closed)
    await realm.space("Sibling", closed)
    reader = await realm.user("reader", (team, "space-reader"))

    listed = {one.id for one in await realm.unit.spaces.list(by=reader)}

    assert listed == {ROOT, closed, team}
    levels = await realm.unit.spaces.levels(sorted(listed), by=reader)
    assert levels == {ROOT: Level.NONE, closed: Level.NONE, team: Level.READ}
    with pytest.raises(SpaceNotFoundError):
        await realm.unit.spaces.get(closed, by=reader)
