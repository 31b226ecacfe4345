"""Stacks and modules are rows of one table, and not taken for each other."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.stacks import ADA, Bench, a_spec

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import LEGACY, RepoId, StackId
from stackyard.kernel.search import Search
from stackyard.stacks import (
    Module,
    ProjectKind,
    ProjectNotFoundError,
    Provider,
    StackSlugTakenError,
    followed_elsewhere,
)

NET, TASTY = StackId("net"), StackId("terraform-default-tasty")


@pytest.fixture
async def bench(session: AsyncSession) -> Bench:
    """A stack and a module, whose code is in the same place."""
    bench = await Bench(session).prepare()
    spec = a_spec(provider=Provider.GIT, repository_url="https://git.example/x")
    await bench.stacks.create(spec, by=ADA)
    module = Module.create(
        TASTY, spec, space_id=LEGACY, manages_state=False, at=bench.clock()
    )
    module.terraform_provider, module.public = "default", False
    await bench.stacks.store.add(module)
    session.expunge_all()
    return bench


async def test_a_project_is_either(bench: Bench) -> None:
    module = await bench.stacks.project(TASTY, by=ADA)
    assert isinstance(module, Module)
    assert (module.terraform_provider, module.is_module) == ("default", True)
    assert not (await bench.stacks.project(NET, by=ADA)).is_module
    assert (await bench.stacks.projects([NET, TASTY], by=ADA)).keys() == {NET, TASTY}
    with pytest.raises(ProjectNotFoundError):
        await bench.stacks.project(StackId("x"), by=ADA)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("lock", [True, False])
async def test_what_is_a_stacks_alone_does_not_see_a_module(
    bench: Bench, *, known: bool, lock: bool
) -> None:
    """Also when this very transaction has loaded it before."""
    if known:
        await bench.stacks.project(TASTY, by=ADA)
    assert await bench.stacks.find(TASTY, by=ADA, lock=lock) is None
    assert await bench.stacks.delete(TASTY, by=ADA) is None
    assert not (await bench.stacks.project(TASTY, by=ADA)).deleting


async def test_no_list_of_stacks_shows_a_module(bench: Bench) -> None:
    stacks = bench.stacks
    page = await stacks.search(Search(), by=ADA)
    rows = await bench.session.execute(followed_elsewhere())
    assert [one.id for one in await stacks.all(by=ADA)] == [NET]
    assert [one.id for one in page.items] == [NET]
    assert [one.id for one in rows] == [NET]
    assert (await stacks.some([NET, TASTY], by=ADA)).keys() == {NET}
    assert await stacks.of_repository(RepoId("infra"), by=ADA) == []
    assert await stacks.space_of(TASTY, by=SYSTEM) is None


async def test_both_are_counted_each_for_itself(bench: Bench) -> None:
    counted = [
        await bench.stacks.count_in(LEGACY, kind=kind, by=ADA) for kind in ProjectKind
    ]
    assert counted == [1, 1]


async def test_a_stack_does_not_take_the_id_of_a_module(bench: Bench) -> None:
    with pytest.raises(StackSlugTakenError, match="a module with the slug"):
        await bench.stacks.create(a_spec(name="x"), slug=TASTY, by=ADA)
