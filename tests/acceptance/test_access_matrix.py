"""Everything that can be asked for, in everybody's name, against the page that says so.

The server is the process's own, with every route and field of it; `World` is what it
is asked about. After each request the world is as it was.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from scripts.access_matrix import YES, routes_of
from tests.support.asking import FIELDS, Asking, table
from tests.support.clones import everybody_in_a_clone

from stackyard.graphql.needs import field_needs
from stackyard.kernel.needs import Rule

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "access-matrix.md"
TABLE = table(PAGE.read_text())
ASKED_OF_NOBODY = {Rule.ANYBODY, Rule.SIGNED_IN}  # seen from the subject alone


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of requests would be thousands of lines."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


def of(*owners: str) -> list[str]:
    return [name for name in TABLE if name.partition(".")[0] in owners]


def parts() -> list[str]:
    roots = {*of("Query", "Mutation")}
    return [name for name in TABLE if " " not in name and name not in roots]


async def unlike_the_page(
    ask: Callable[[str, str], Awaitable[str]], names: list[str]
) -> dict[str, str]:
    """Return what somebody is answered and the page does not say."""
    return {
        f"{name} by {who}": f"{outcome}, not {expected}"
        for name in names
        for who, expected in TABLE[name].items()
        if (outcome := await ask(name, who)) != expected
    }


@pytest.fixture(scope="module")
async def asking(
    postgres_port: int, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Asking]:
    folder = tmp_path_factory.mktemp("everybody")
    async with everybody_in_a_clone(postgres_port, template, folder) as asking:
        yield asking


@pytest.mark.parametrize(
    "names",
    [of("Query"), of("Mutation"), parts()],
    ids=["queries", "mutations", "fields"],
)
async def test_everybody_is_answered_as_the_page_says(
    asking: Asking, names: list[str]
) -> None:
    assert await unlike_the_page(asking.outcome, names) == {}


@pytest.mark.parametrize("who", ["neighbour", "stranger"])
async def test_what_one_may_not_see_is_answered_as_what_does_not_exist(
    asking: Asking, who: str
) -> None:
    differs = {}
    for name in of("Query", "Mutation"):
        if not asking.names_what_is_at_home(name):
            continue
        there = await asking.field(name, who)
        nowhere = await asking.field(name, who, asking.world.with_ghosts)
        if (there.words, there.value) != (nowhere.words, nowhere.value):
            differs[name] = f"{there} is not {nowhere}"
    assert differs == {}


@pytest.mark.parametrize("who", ["writer", "admin", "root"])
async def test_what_is_declared_is_what_is_asked_for(asking: Asking, who: str) -> None:
    """A root field whose use case asks for something else is found here."""
    lies = {}
    for name in of("Query", "Mutation"):
        needs = field_needs(FIELDS[name])
        if TABLE[name][who] != YES or needs & ASKED_OF_NOBODY:
            continue
        asked = (await asking.field(name, who)).asked
        if not needs & asked:
            lies[name] = f"says {sorted(needs)}, asks for {sorted(asked)}"
    assert lies == {}


async def test_every_route_answers_as_the_page_says(asking: Asking) -> None:
    routes = [name for name, _ in routes_of(asking.world.whole.app)]
    assert routes == [name for name in TABLE if " " in name]
    assert await unlike_the_page(asking.route, routes) == {}
