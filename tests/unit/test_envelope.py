"""Whatever was sealed comes out unchanged, or not at all."""

import io
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from stackyard_protocol.envelope import (
    FRAME,
    EnvelopeError,
    open_sealed,
    open_stream,
    pieces,
    seal,
    seal_stream,
)

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
HEADER = 7 + 256


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def frames(sealed: bytes) -> list[bytes]:
    found, at = [], HEADER
    while at < len(sealed):
        end = at + 5 + int.from_bytes(sealed[at + 1 : at + 5], "big")
        found.append(sealed[at:end])
        at = end
    return found


@given(st.binary(max_size=5000), st.lists(st.integers(0, 6000), max_size=6))
def test_what_was_sealed_is_opened_however_it_is_cut(
    data: bytes, cuts: list[int]
) -> None:
    sealed = b"".join(seal_stream(KEY.public_key(), split(data, cuts)))

    assert b"".join(open_stream(KEY, split(sealed, cuts))) == data


@pytest.mark.parametrize(
    "size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 5]
)
def test_sizes_around_a_frame_come_back_whole(size: int) -> None:
    data = bytes(i % 251 for i in range(1000)) * (size // 1000 + 1)

    assert open_sealed(KEY, seal(KEY.public_key(), data[:size])) == data[:size]


@given(st.binary(max_size=200), st.data())
def test_any_changed_bit_is_refused(data: bytes, draw: st.DataObject) -> None:
    sealed = bytearray(seal(KEY.public_key(), data))
    at = draw.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << (at % 8)

    with pytest.raises(EnvelopeError):
        open_sealed(KEY, bytes(sealed))


@given(st.binary(max_size=200), st.data())
def test_any_truncation_is_refused(data: bytes, draw: st.DataObject) -> None:
    sealed = seal(KEY.public_key(), data)
    end = draw.draw(st.integers(0, len(sealed) - 1))

    with pytest.raises(EnvelopeError):
        open_sealed(KEY, sealed[:end])


def test_frames_that_are_dropped_moved_repeated_or_added_are_refused() -> None:
    sealed = seal(KEY.public_key(), bytes(4 * FRAME))
    header, (a, b, c, d) = sealed[:HEADER], frames(sealed)

    for wrong in ([a, b, c], [a, b, d], [b, a, c, d], [a, b, b, d], [a, b, c, d, d]):
        with pytest.raises(EnvelopeError):
            open_sealed(KEY, header + b"".join(wrong))


def test_a_frame_cannot_be_made_the_last_one() -> None:
    sealed = seal(KEY.public_key(), bytes(2 * FRAME))
    first = bytearray(frames(sealed)[0])
    first[0] = 1

    with pytest.raises(EnvelopeError):
        open_sealed(KEY, sealed[:HEADER] + first)


def test_the_frames_of_one_envelope_do_not_fit_the_header_of_another() -> None:
    one, two = (seal(KEY.public_key(), b"the same") for _ in range(2))

    with pytest.raises(EnvelopeError):
        open_sealed(KEY, one[:HEADER] + two[HEADER:])


def test_another_pools_key_opens_nothing() -> None:
    with pytest.raises(EnvelopeError):
        open_sealed(OTHER_KEY, seal(KEY.public_key(), b"secret"))


def test_bytes_after_the_last_frame_are_refused() -> None:
    with pytest.raises(EnvelopeError):
        open_sealed(KEY, seal(KEY.public_key(), b"data") + b"x")


def test_nothing_of_the_content_shows_and_no_two_envelopes_are_alike() -> None:
    content = b"a secret that is long enough to be looked for"
    one, two = (seal(KEY.public_key(), content) for _ in range(2))

    assert content not in one
    assert one != two


def test_a_large_stream_needs_the_memory_of_a_few_frames() -> None:
    def source() -> Iterator[bytes]:
        for _ in range(64):
            yield bytes(FRAME)

    tracemalloc.start()
    size = sum(map(len, open_stream(KEY, seal_stream(KEY.public_key(), source()))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size == 64 * FRAME
    assert peak < 12 * FRAME


def test_a_file_is_read_in_pieces() -> None:
    assert list(pieces(io.BytesIO(b"abcde"), 2)) == [b"ab", b"cd", b"e"]
