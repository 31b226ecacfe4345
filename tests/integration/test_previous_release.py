"""While an upgrade goes on, the previous release works on the schema of the next.

Its own tests say whether it does: they are run on what this release's first half of
migrations makes.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.postgres import CHOSEN

ROOT = Path(__file__).parents[2]
SMALL = "tests/integration/test_spaces.py"
# All that asks the schema; how a schema comes about is not the question.
THEIRS = [
    "tests/integration",
    "--ignore=tests/integration/test_migrations.py",
    "--ignore=tests/integration/test_pooler.py",
    "--ignore=tests/integration/test_previous_release.py",
    "--ignore=tests/integration/test_schema.py",
]
REVISION = """
from alembic import op

revision = "next"
down_revision = {0!r}
half = "before"


def upgrade():
    op.execute({1!r})
"""


def works(release: Path, *, schema_of: Path, tests: Sequence[str]) -> bool:
    """Run a release's *tests* on the schema of the code in *schema_of*."""
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *tests],
        cwd=release,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": str(release / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEST_POSTGRES": CHOSEN or "",
            "TEST_SCHEMA_OF": str(schema_of),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    print(ended.stdout[-5000:], ended.stderr[-2000:])  # noqa: T201 - pytest shows it
    assert ended.returncode in {0, 1}, "the tests did not run"
    return ended.returncode == 0


def next_release(folder: Path, statement: str) -> Path:
    """Return code like ours, with one more migration."""
    shutil.copytree(ROOT / "src", folder)
    versions = folder / "stackyard" / "migrations" / "versions"
    newest = max(path.name for path in versions.glob("0*.py")).partition("_")[0]
    (versions / "next.py").write_text(REVISION.format(newest, statement))
    return folder


@pytest.mark.parametrize(
    ("statement", "bearable"),
    [
        ("ALTER TABLE spaces ADD motto text", True),
        ("ALTER TABLE spaces RENAME description TO motto", False),
    ],
)
def test_a_migration_that_breaks_the_code_before_it_is_found_out(
    tmp_path: Path,
    statement: str,
    bearable: bool,  # noqa: FBT001 - a case of the table
) -> None:
    schema_of = next_release(tmp_path / "src", statement)

    assert works(ROOT, schema_of=schema_of, tests=[SMALL]) is bearable


@pytest.mark.timeout(300)
def test_the_previous_release_works_on_our_schema(tmp_path: Path) -> None:
    """Nothing is released before there is a tag; the changelog must not say otherwise.

    A clone without tags is found out by the changelog's headings.
    """
    tag = newest_tag()
    if tag is None:
        headings = re.findall(
            r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
        )
        assert headings == ["Unreleased"], "fetch the tags of what was released"
        return
    packed = subprocess.run(
        ["git", "archive", tag], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(tmp_path, filter="data")

    assert works(tmp_path, schema_of=ROOT / "src", tests=THEIRS)


def newest_tag() -> str | None:
    """Return the newest release that is in our history."""
    ended = subprocess.run(
        ["git", "tag", "--merged", "HEAD", "--list", "v[0-9]*", "--sort=-v:refname"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return next(iter(ended.stdout.split()), None)
