"""The documentation is true where a machine can tell."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import parse, validate
from scripts.reference_pages import WORKER, pages

from stackyard.graphql.schema import build_schema

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = sorted(DOCS.rglob("*.md")) + [
    ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
GRAPHQL = re.compile(r"^```graphql\n(.*?)^```", re.MULTILINE | re.DOTALL)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def links(path: Path) -> Iterator[str]:
    for found in LINK.finditer(path.read_text()):
        target = found[1].partition("#")[0]
        if target and not re.match(r"[a-z]+:", target):
            yield target


@pytest.mark.parametrize(("name", "text"), pages(ROOT).items())
def test_a_generated_page_is_what_the_code_says(name: str, text: str) -> None:
    kept = (DOCS / "reference" / name).read_text()
    assert kept == text, "run scripts/generate-docs"


def test_the_table_of_the_worker_names_what_it_reads() -> None:
    code = (ROOT / "src" / "stackyard_worker" / "settings.py").read_text()
    read = set(re.findall(r'"((?:SPACELIFT|STACKYARD)_[A-Z_]+)"', code))
    assert {one.name.removesuffix("…") for one in WORKER} == read


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    missing = [one for one in links(path) if not (path.parent / one).exists()]
    assert missing == []


def test_every_query_in_the_docs_fits_the_schema() -> None:
    schema = build_schema()
    seen = 0
    for path in WRITTEN:
        for found in GRAPHQL.finditer(path.read_text()):
            problems = validate(schema, parse(found[1]))
            assert problems == [], f"{named(path)}: {found[1]}"
            seen += 1
    assert seen > 0
