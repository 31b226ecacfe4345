"""The rules a linter cannot say."""

import importlib
import inspect
import pkgutil
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import stackyard
from stackyard.kernel.access import Subject
from stackyard.kernel.needs import Rule, needs_of

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
LONGEST = 400
MACHINE = re.compile(
    r"/(?:work|root|farm|opt/sy)/|registry\.npmjs|pypi\.org|pythonhosted|proxy\.golang"
    r"|deb\.debian"
)


def services() -> Iterator[type]:
    for module in pkgutil.walk_packages(stackyard.__path__, "stackyard."):
        if ".service" not in module.name:
            continue
        loaded = importlib.import_module(module.name)
        for _, found in inspect.getmembers(loaded, inspect.isclass):
            own = found.__module__ == module.name
            if own and not issubclass(found, Exception):
                yield found


def test_there_are_services_to_look_at() -> None:
    assert {"Runs", "Stacks", "Workers"} <= {found.__name__ for found in services()}


@pytest.mark.parametrize("service", list(services()), ids=lambda found: found.__name__)
def test_every_use_case_asks_who_is_asking(service: type) -> None:
    for name, method in inspect.getmembers(service, inspect.iscoroutinefunction):
        if name.startswith("_"):
            continue
        by = inspect.signature(method).parameters.get("by")
        if by is None:  # it finds out who is asking, or is part of what has asked
            said = needs_of(method) or frozenset()
            assert said <= {Rule.WHO_ASKS, Rule.ANYBODY, Rule.PARENT}, name
            continue
        assert by.annotation is Subject
        assert by.kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(SOURCE.rglob("*.py")) if "versions" not in path.parts],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_no_module_outgrows_a_reader(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


def test_no_file_names_this_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    guilty = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path == Path(__file__) or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        guilty += [f"{name}: {found[0]}" for found in MACHINE.finditer(text)]
    assert guilty == []


def test_nothing_is_patched() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        if path != Path(__file__):
            text = path.read_text()
            assert "unittest.mock" not in text, path
            assert "monkeypatch.setattr" not in text, path
