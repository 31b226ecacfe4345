"""The whole server, with a world to ask about, made once per file that wants it.

Not once for all: its one transaction would be idle while other files have their turn,
and the database ends such.
"""

from collections.abc import AsyncIterator

import pytest
from tests.support.asking import Asking
from tests.support.clones import everybody_in_a_clone
from tests.support.scene import Scene


@pytest.fixture(scope="module")
async def asking_here(
    postgres_port: int, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Asking]:
    folder = tmp_path_factory.mktemp("world")
    async with everybody_in_a_clone(postgres_port, template, folder) as asking:
        yield asking


@pytest.fixture
async def scene(asking_here: Asking) -> AsyncIterator[Scene]:
    """Lend the world for one test; whatever that does there is undone."""
    async with asking_here.world.whole.database.rewound():
        scene = Scene(asking_here)
        await scene.prepare()
        yield scene
