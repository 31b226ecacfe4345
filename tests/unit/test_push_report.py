from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.vcs import PushRequestError
from stackyard.vcs.model.pkt_line import FLUSH, PktLineError, PktLines, pkt_line
from stackyard.vcs.model.push_report import HeldReport, PushRequest

OLD, NEW, NONE = "a" * 40, "b" * 40, "0" * 40
MAIN = "refs/heads/main"
REPORT = b"".join(
    [
        pkt_line(b"unpack ok\n"),
        pkt_line(f"ok {MAIN}\n".encode()),
        pkt_line(b"option refname x\n"),
        pkt_line(b"ng refs/heads/b failed to update ref\n"),
        FLUSH,
    ]
)


async def _request(capabilities: str, *, size: int = 7) -> PushRequest:
    head = f"{OLD} {NEW} {MAIN}\0{capabilities}".encode()
    second = f"{NONE} {NEW} refs/heads/b".encode()
    body = pkt_line(head) + pkt_line(second) + FLUSH + b"PACK..."

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    request = PushRequest()
    assert b"".join([p async for p in request.listen(pieces())]) == body
    return request


async def test_the_head_of_a_push_is_understood_in_pieces_of_any_size() -> None:
    for size in (1, 7, 1000):
        request = await _request("report-status side-band-64k", size=size)

        assert request.side_band
        assert request.stale({MAIN: OLD}) == set()
        assert request.stale({MAIN: NEW, "refs/heads/b": NEW}) == {MAIN, "refs/heads/b"}


async def test_progress_goes_on_at_once_and_the_report_waits() -> None:
    held = HeldReport(await _request("report-status side-band-64k"))
    answer = pkt_line(b"\2Unpacking") + pkt_line(b"\1" + REPORT) + FLUSH

    assert b"".join(held.feed(answer)) == pkt_line(b"\2Unpacking")
    said = b"".join(held.release(refused=None, stale=set()))

    assert said == pkt_line(b"\1" + REPORT) + FLUSH


@pytest.mark.parametrize(
    "capabilities", ["report-status", "report-status side-band-64k"]
)
async def test_a_refused_push_reports_no_branch_as_moved(capabilities: str) -> None:
    held = HeldReport(await _request(capabilities))
    plain = "side" not in capabilities
    list(held.feed(REPORT if plain else pkt_line(b"\1" + REPORT) + FLUSH))

    said = b"".join(held.release(refused="fetch first", stale=set()))

    assert f"ng {MAIN} fetch first".encode() in said
    assert b"ok refs" not in said
    assert b"option" not in said


async def test_a_branch_that_moved_meanwhile_is_to_be_fetched_first() -> None:
    held = HeldReport(await _request("report-status"))
    list(held.feed(REPORT))

    said = b"".join(held.release(refused=None, stale={"refs/heads/b"}))

    assert b"ng refs/heads/b fetch first\n" in said
    assert f"ok {MAIN}\n".encode() in said


async def test_what_is_no_push_is_refused() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"GET / HTTP/1.0"

    with pytest.raises(PushRequestError):
        [piece async for piece in PushRequest().listen(pieces())]


@given(st.binary(max_size=300))
def test_no_bytes_do_worse_to_the_reader_than_an_error(body: bytes) -> None:
    lines = PktLines()
    lines.feed(body)
    try:
        read = list(lines.take())
    except PktLineError:
        return
    assert sum(len(line or b"") for line in read) <= len(body)
