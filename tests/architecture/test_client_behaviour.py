"""The page of what clients rely on names tests that there are."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
PAGE: Final = TESTS.parent / "docs" / "reference" / "client-behaviour.md"
NAMED: Final = re.compile(r"`([\w/]+\.py)::(\w+)`")


@cache
def functions_of(path: Path) -> set[str]:
    found = ast.walk(ast.parse(path.read_text())) if path.exists() else ()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {one.name for one in found if isinstance(one, functions)}


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(PAGE.read_text())
    missing = [
        f"{path}::{name}"
        for path, name in named
        if name not in functions_of(TESTS / path)
    ]
    assert named
    assert missing == []


def test_every_expectation_is_held_by_a_test_or_said_not_to_be() -> None:
    kept, _, not_kept = PAGE.read_text().partition("## Not kept yet")
    rows = [line for line in kept.splitlines() if line.startswith("|")]
    bare = [
        row
        for row in rows
        if not NAMED.search(row) and row not in {"| expectation | test |", "|---|---|"}
    ]
    assert not_kept
    assert bare == []
