"""What is declared is looked after while it is carried out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from stackyard.kernel.access import NOBODY, SYSTEM, Action, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError, UnauthorizedError
from stackyard.kernel.needs import NotAskedError, Rule, asking, needs, note_asked

ADA = Subject(SubjectKind.USER, "ada", "ada", admin=True)


@dataclass
class Service:
    """`done` counts what was reached."""

    done: int = 0

    @needs(Action.STACK_DELETE)
    async def forget_to_ask(self, *, by: Subject) -> int:
        return self._do()

    @needs(Action.STACK_DELETE)
    async def ask_for_another(self, *, by: Subject) -> int:
        note_asked(Action.SPACE_READ)
        return self._do()

    @needs(Action.STACK_DELETE, Action.STACK_LOCK)
    async def ask(self, *, by: Subject) -> int:
        note_asked(Action.STACK_LOCK)
        return self._do()

    @needs(Action.STACK_LOCK)
    async def let_another_ask(self, *, by: Subject) -> int:
        return await self.ask(by=by)

    @needs(Action.STACK_DELETE)
    async def ask_for_more_than_another(self, *, by: Subject) -> int:
        note_asked(Action.STACK_DELETE)
        return await self.forget_to_ask(by=by)

    @needs(Action.SPACE_READ)
    async def find_nothing(self, *, by: Subject) -> int | None:
        return None

    @needs(Action.STACK_DELETE)
    async def change(self, *, by: Subject) -> None:
        self._do()

    @needs(Rule.PLATFORM)
    async def be_the_platform(self, *, by: Subject) -> int:
        return self._do()

    @needs(Rule.SIGNED_IN)
    async def know(self, *, by: Subject) -> int:
        return self._do()

    @needs(Rule.ANYBODY)
    async def greet(self, *, by: Subject) -> int:
        return self._do()

    @needs(Rule.PLATFORM)
    async def stream(self, *, by: Subject) -> AsyncIterator[int]:
        yield self._do()

    def _do(self) -> int:
        self.done += 1
        return self.done


async def test_who_asked_for_what_they_declare_answers() -> None:
    service = Service()
    assert await service.ask(by=ADA) == 1
    assert await service.let_another_ask(by=ADA) == 2


@pytest.mark.parametrize(
    "name", ["forget_to_ask", "ask_for_another", "change", "ask_for_more_than_another"]
)
async def test_an_answer_that_nobody_asked_leave_for_is_withheld(name: str) -> None:
    """An administrator's as well: it is a bug, whoever meets it first."""
    with pytest.raises(NotAskedError, match="STACK_DELETE"):
        await getattr(Service(), name)(by=ADA)


async def test_the_platform_need_not_ask() -> None:
    assert await Service().forget_to_ask(by=SYSTEM) == 1


async def test_where_there_is_nothing_there_is_nothing_to_ask_about() -> None:
    assert await Service().find_nothing(by=ADA) is None


@pytest.mark.parametrize("name", ["ask", "be_the_platform", "know", "find_nothing"])
async def test_nobody_gets_no_further_than_where_anybody_may(name: str) -> None:
    service = Service()
    with pytest.raises(UnauthorizedError):
        await getattr(service, name)(by=NOBODY)
    assert service.done == 0
    assert await service.greet(by=NOBODY) == 1


async def test_the_platforms_own_acts_are_nobody_elses() -> None:
    service = Service()
    with pytest.raises(ForbiddenError):
        await service.be_the_platform(by=ADA)
    with pytest.raises(ForbiddenError):
        service.stream(by=ADA)
    assert service.done == 0
    assert [one async for one in service.stream(by=SYSTEM)] == [1]


async def test_what_was_asked_elsewhere_does_not_count() -> None:
    service = Service()
    results = await asyncio.gather(
        service.ask(by=ADA), service.forget_to_ask(by=ADA), return_exceptions=True
    )
    assert results[0] == 1
    assert isinstance(results[1], NotAskedError)


async def test_whoever_listens_hears_all_that_was_asked() -> None:
    with asking() as asked:
        await Service().let_another_ask(by=ADA)
    assert asked == {Action.STACK_LOCK}
