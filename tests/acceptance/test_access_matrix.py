"""Everything that can be asked for, in everybody's name, against the page that says so.

The server is the process's own, with every route and field of it; `World` is what it
is asked about. After each request the world is as it was.
"""

from pathlib import Path

import pytest
import structlog
from scripts.access_page import WHO, methods_of
from tests.support.asking import everybody, table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "access.md"
TABLE = table(PAGE.read_text())
KNOWN = [who for who, asker in WHO.items() if asker.level is not None]


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Thousands of requests would be thousands of lines."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def of(*owners: str) -> list[str]:
    return [name for name in TABLE if name.partition(".")[0] in owners]


def parts() -> list[str]:
    roots = {*of("Query", "Mutation")}
    return [name for name in TABLE if " " not in name and name not in roots]


@pytest.mark.parametrize(
    "names",
    [of("Query"), of("Mutation"), parts()],
    ids=["queries", "mutations", "fields"],
)
async def test_everybody_is_answered_as_the_page_says(
    database_url: str, tmp_path: Path, names: list[str]
) -> None:
    async with everybody(database_url, tmp_path) as asking:
        wrong = {}
        for name in names:
            for who, expected in TABLE[name].items():
                outcome = await asking.outcome(name, who)
                if outcome != expected:
                    wrong[f"{name} by {who}"] = f"{outcome}, not {expected}"
    assert wrong == {}


async def test_every_route_answers_as_the_page_says(
    database_url: str, tmp_path: Path
) -> None:
    async with everybody(database_url, tmp_path) as asking:
        routes = [
            f"{method} {route.path}"
            for route in asking.world.whole.app.routes
            for method in methods_of(route)
        ]
        assert routes == [name for name in TABLE if " " in name]
        wrong = {}
        for name in routes:
            for who, expected in TABLE[name].items():
                outcome = await asking.route(name, who)
                if outcome != expected:
                    wrong[f"{name} by {who}"] = f"{outcome}, not {expected}"
    assert wrong == {}
