"""Versions and ranges of them."""

import pytest

from stackyard_worker.versions import parse, satisfies


@pytest.mark.parametrize(
    ("version", "wanted", "verdict"),
    [
        ("1.5.7", "1.5.7", True),
        ("1.5.7", "= 1.5.7", True),
        ("1.5.7", "v1.5.7", True),
        ("1.5.7", "1.5.8", False),
        ("1.5.7", "1.5", False),
        ("1.10.0", "> 1.9", True),
        ("1.5.7", ">=1.5,<1.6", True),
        ("1.6.0", ">= 1.5, < 1.6", False),
        ("1.5.7", "!= 1.5.7", False),
        ("1.5.7", "<= 1.5.7", True),
        ("1.9.0", "~> 1.5", True),
        ("2.0.0", "~> 1.5", False),
        ("1.5.9", "~> 1.5.7", True),
        ("1.5.6", "~> 1.5.7", False),
        ("1.6.0", "~> 1.5.7", False),
        ("1.6.0-rc1", "~> 1.5.7", False),
        ("1.6.0-rc1", "< 1.6.0", True),
        ("1.6.0-rc1", "1.6.0-rc1", True),
        ("1.5.7", "latest", None),
        ("1.5.7", "", None),
        ("1.5.7", ">= 1.5 < 2", None),
    ],
)
def test_a_version_meets_a_range_or_not(
    version: str, wanted: str, *, verdict: bool | None
) -> None:
    parsed = parse(version)
    assert parsed is not None
    assert satisfies(parsed, wanted) is verdict
    assert parsed == parse(str(parsed))
