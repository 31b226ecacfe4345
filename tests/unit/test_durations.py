"""Durations are read as Go reads them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard_worker.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("70m", 4200),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("5.s", 5),
        ("1h1m1s1ms1us1ns", 3661.001001001),
        ("3µs", 3e-6),
        ("3\u03bcs", 3e-6),
        ("100ns", 1e-7),
        ("-1m", -60),
        ("+7m", 420),
        ("-0", 0),
        ("1m1m", 120),
        ("0.1m", 6),
    ],
)
def test_what_go_reads_is_read(text: str, seconds: float) -> None:
    assert math.isclose(parse_duration(text), seconds, rel_tol=1e-12)


@pytest.mark.parametrize(
    "text",
    ["", "3", "-", "+", "s", ".", ".s", "1x", "1 m", "m1", "1d", "--1m", "1m ", "1ms1"],
)
def test_what_go_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@given(st.integers(1, 10**6))
def test_a_duration_that_is_shown_can_be_read_again(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.text(max_size=8))
def test_nothing_else_than_a_value_error_comes_of_any_text(text: str) -> None:
    try:
        parse_duration(text)
    except ValueError:
        return
