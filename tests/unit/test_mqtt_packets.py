import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stackyard.adapters.mqtt import packets, wire
from stackyard.adapters.mqtt.errors import ProtocolError
from stackyard.adapters.mqtt.topics import Rights, is_filter, matches
from stackyard.adapters.mqtt.wire import Frames
from stackyard.kernel.ids import PoolId

VERSION = st.sampled_from([packets.V3, packets.V5])
FLAGS = st.integers(0, 15)


@given(version=VERSION, flags=FLAGS, body=st.binary(max_size=200))
def test_no_body_makes_a_reader_fail_otherwise_than_by_refusing(
    version: int, flags: int, body: bytes
) -> None:
    readers = (
        lambda: packets.read_connect(body),
        lambda: packets.read_connect(b"\0\4MQTT" + bytes([version]) + body),
        lambda: packets.read_publish(flags, body, version),
        lambda: packets.read_puback(body),
        lambda: packets.read_subscribe(flags, body, version),
        lambda: packets.read_subscribe(2, b"\0\1" + body, version),
        lambda: packets.read_unsubscribe(2, b"\0\1" + body, version),
    )
    for read in readers:
        with contextlib.suppress(ProtocolError):
            read()


@given(data=st.lists(st.binary(max_size=40), max_size=20))
def test_the_framer_never_keeps_more_than_a_packet_and_a_read(
    data: list[bytes],
) -> None:
    frames = Frames(limit=50)
    with contextlib.suppress(ProtocolError):
        for piece in data:
            frames.feed(piece)
            while (frame := frames.next()) is not None:
                assert len(frame[1]) <= 50


@given(
    sent=st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=9),
    size=st.integers(1, 64),
)
@example(sent=[(0x30, b"x" * 127), (0x30, b"x" * 128)], size=1)
def test_packets_arrive_whole_however_the_stream_is_cut(
    sent: list[tuple[int, bytes]], size: int
) -> None:
    stream = b"".join(wire.packet(header, body) for header, body in sent)
    frames, arrived = Frames(limit=300), []
    for start in range(0, len(stream), size):
        frames.feed(stream[start : start + size])
        while (frame := frames.next()) is not None:
            arrived.append(frame)
    assert arrived == sent


@given(number=st.integers(0, 2**28 - 1))
def test_a_length_is_read_as_it_was_written(number: int) -> None:
    assert wire.Reader(wire.variable(number)).variable() == number


@pytest.mark.parametrize(
    ("topic", "topic_filter", "expected"),
    [
        ("a/b/c", "a/b/c", True),
        ("a/b/c", "a/+/c", True),
        ("a/b/c", "a/#", True),
        ("a", "a/#", True),
        ("a/b/c", "a/b", False),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/+", False),
        ("a//c", "a/+/c", True),
    ],
)
def test_filters_match_as_the_standard_says(
    topic: str, topic_filter: str, *, expected: bool
) -> None:
    assert matches(topic, topic_filter) is expected


@pytest.mark.parametrize("bad", ["a#", "a/#/b", "a+/b", "#+", "+a", "##"])
def test_a_wildcard_stands_alone_and_the_hash_last(bad: str) -> None:
    assert not is_filter(bad)


LETTERS = st.text(alphabet="AB/+#$.", max_size=6)


@given(before=LETTERS, middle=LETTERS, after=LETTERS)
def test_no_filter_that_a_pool_may_use_matches_a_topic_of_another(
    before: str, middle: str, after: str
) -> None:
    rights = Rights("ns")
    mine, foreign = PoolId("A"), PoolId("B")
    for wish in (f"{before}ns/readonly/{middle}A{after}", f"ns/readonly/A/{after}"):
        if is_filter(wish) and rights.may_read(mine, wish):
            for tail in ("W", after, "A/W"):
                assert not matches(f"ns/readonly/{foreign}/{tail}", wish)
