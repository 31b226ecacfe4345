import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.access import (
    NOBODY,
    SYSTEM,
    Action,
    Level,
    Subject,
    SubjectKind,
)
from stackyard.kernel.errors import NotFoundError, UnauthorizedError
from stackyard.kernel.ids import LEGACY, ROOT, SpaceId, StackId
from stackyard.spaces import (
    Space,
    SpaceAccess,
    SpaceNotFoundError,
    Spaces,
    SpaceStore,
    reachable_from,
    seed,
)

ADMIN = Subject(SubjectKind.USER, "ada", "ada", admin=True)
GUEST = Subject(SubjectKind.API_KEY, "k", "ci")
RUN = Subject(SubjectKind.RUN, "net/1", "net/1", admin=True, stack_id=StackId("net"))
WORKER = Subject(SubjectKind.WORKER, "leg", "w", admin=True)


@pytest.fixture
async def spaces(session: AsyncSession) -> Spaces:
    await seed(session)
    return Spaces(SpaceStore(session), SpaceAccess())


def child(name: str, parent: SpaceId, *, inherits: bool) -> Space:
    return Space(
        id=SpaceId(name),
        name=name,
        description="",
        parent_id=parent,
        inherits=inherits,
        labels=[],
    )


async def test_every_account_has_root_and_legacy(
    spaces: Spaces, session: AsyncSession
) -> None:
    await seed(session)

    found = await spaces.list(by=SYSTEM)
    assert [(one.id, one.parent_id) for one in found] == [(LEGACY, ROOT), (ROOT, None)]
    assert (await spaces.get(LEGACY, by=ADMIN)).inherits


async def test_a_missing_space_is_none_or_an_error(spaces: Spaces) -> None:
    assert await spaces.find(SpaceId("nowhere"), by=ADMIN) is None
    with pytest.raises(SpaceNotFoundError):
        await spaces.get(SpaceId("nowhere"), by=ADMIN)


@pytest.mark.parametrize("by", [SYSTEM, ADMIN])
async def test_administrators_may_do_everything(by: Subject) -> None:
    for action in Action:
        await SpaceAccess().require(by, action, space=ROOT)


@pytest.mark.parametrize("by", [GUEST, RUN, WORKER])
async def test_whoever_has_no_grant_is_not_even_told_what_exists(
    by: Subject, spaces: Spaces
) -> None:
    for action in Action:
        with pytest.raises(NotFoundError):
            await SpaceAccess().require(by, action, space=ROOT)
    assert await SpaceAccess().level(by, space=ROOT) is Level.NONE
    assert await spaces.list(by=by) == []


async def test_nobody_is_asked_who_they_are() -> None:
    with pytest.raises(UnauthorizedError):
        await SpaceAccess().require(NOBODY, Action.SPACE_READ, space=ROOT)


async def test_things_are_reached_upwards_until_a_space_does_not_inherit(
    spaces: Spaces, session: AsyncSession
) -> None:
    session.add(child("closed", ROOT, inherits=False))
    await session.flush()
    session.add(child("team", SpaceId("closed"), inherits=True))
    await session.flush()

    async def reached(space: str) -> set[str]:
        return set(await session.scalars(reachable_from(SpaceId(space))))

    assert await reached("legacy") == {"legacy", "root"}
    assert await reached("team") == {"team", "closed"}
    assert await reached("nowhere") == set()
