"""What may be asked about usage."""

from datetime import UTC, datetime

import pytest

from stackyard.kernel.errors import InvalidError
from stackyard.runs import UsageQuery

RIGHT = {
    "since": "2026-01-01",
    "until": "2026-01-31",
    "aspect": "run-minutes",
    "group": "",
}


def test_both_days_are_included() -> None:
    query = UsageQuery.read(**RIGHT)
    assert query.begins_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert query.ends_at == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("group", "aspect", "columns"),
    [
        ("", "run-minutes", ("date", "runs", "minutes")),
        ("run-type", "run-minutes", ("date", "run_type", "minutes")),
        ("run-state", "run-minutes", ("date", "run_state", "minutes")),
        ("", "worker-count", ("date", "worker_pool", "workers")),
    ],
)
def test_columns_say_what_is_in_them(
    group: str, aspect: str, columns: tuple[str, str, str]
) -> None:
    query = UsageQuery.read(**RIGHT | {"group": group, "aspect": aspect})
    assert query.columns == columns


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"since": ""}, "dates like 2026-01-31"),
        ({"until": "2026-02-30"}, "dates like"),
        ({"until": "2026-2-3"}, "dates like"),
        ({"since": "yesterday"}, "dates like"),
        ({"since": "9999-12-31", "until": "9999-12-31"}, "dates like"),
        ({"until": "2025-12-31"}, "must not be before since"),
        ({"until": "2027-01-02"}, "a year or more"),
        ({"aspect": ""}, "run-minutes or worker-count"),
        ({"aspect": "Run-Minutes"}, "run-minutes or worker-count"),
        ({"group": "stack"}, "by run-type or run-state"),
        ({"aspect": "worker-count", "group": "run-type"}, "Only run-minutes"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        UsageQuery.read(**RIGHT | wrong)


def test_a_leap_year_is_one_year() -> None:
    whole = RIGHT | {"since": "2028-01-01", "until": "2028-12-31"}
    assert UsageQuery.read(**whole)
