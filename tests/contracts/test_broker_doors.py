"""Who gets in, who gets what, and what nobody can do to the others."""

import asyncio
import random
import ssl
from pathlib import Path

import pytest
from tests.support.broker import (
    AUTHORITY,
    HOST,
    House,
    Pool,
    Raw,
    connect,
    eventually,
    packet,
    publish,
    running_house,
    subscribe,
    text,
)

from stackyard.adapters.crypto.authority import Authority, BrokerTls
from stackyard.adapters.mqtt import Broker, Limits
from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import PoolId, WorkerId

WORKER = WorkerId("W")
SUBSCRIBED = b"\x90\x03\x00\x01"
REFUSED = b"\x80"
PING, PONG = b"\xc0\x00", b"\xd0\x00"


async def is_alive(raw: Raw) -> bool:
    raw.say(PING)
    return await raw.read(2) == PONG


async def test_a_context_that_asks_for_no_certificate_is_not_accepted(
    house: House,
) -> None:
    open_door = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(ValueError, match="client certificates"):
        Broker(house.authenticate, house.received, open_door, "spacelift")


async def test_a_certificate_of_another_authority_does_not_pass_the_handshake(
    house: House,
) -> None:
    stranger = Pool(house.folder, Authority.found(clock=system_clock))
    house.known[stranger.der] = stranger.id
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError, EOFError)):
        await Raw.enter(house, stranger)


async def test_the_brokers_own_certificate_does_not_open_its_door(
    house: House, tmp_path: Path
) -> None:
    pool = house.pool()
    served = BrokerTls(AUTHORITY, [HOST]).context
    assert served.verify_mode is ssl.CERT_REQUIRED
    house.known.clear()  # signed by our authority, and nobody's
    raw = await Raw.dial(house, pool)
    raw.say(connect("raw"))
    assert await raw.rest() == b"\x20\x02\x00\x05"


async def test_while_the_database_is_down_a_worker_is_told_to_come_again(
    house: House,
) -> None:
    async def down(_certificate: bytes) -> PoolId | None:
        raise ConnectionError

    pool = house.pool()
    house.broker.authenticate = down
    raw = await Raw.dial(house, pool)
    raw.say(connect("raw"))
    assert await raw.rest() == b"\x20\x02\x00\x03"


async def test_a_message_in_the_same_breath_as_connect_waits_for_the_certificate(
    house: House,
) -> None:
    pool, nobody = house.pool(), house.pool()
    del house.known[nobody.der]
    for who in (pool, nobody):
        raw = await Raw.dial(house, who)
        raw.say(connect("raw") + publish(who.outbox(), b"early") + b"\xe0\x00")
        await raw.rest()
    await eventually(lambda: bool(house.heard), "heard")
    assert house.heard == [(pool.id, WORKER, b"early")]


async def test_a_client_takes_over_its_own_name_within_its_pool(house: House) -> None:
    pool = house.pool()
    first = await Raw.enter(house, pool, "same")
    second = await Raw.enter(house, pool, "same")
    assert await first.rest() == b""
    assert await is_alive(second)


async def test_a_client_cannot_take_over_a_name_of_another_pool(house: House) -> None:
    victim, other = house.pool(), house.pool()
    first = await Raw.enter(house, victim, "same")
    first.say(subscribe(victim.inbox()))
    assert await first.read(5) == SUBSCRIBED + b"\1"
    await Raw.enter(house, other, "same")
    assert await is_alive(first)
    assert house.broker.reads(victim.id, WORKER)


async def test_a_refused_client_takes_nothing_over(house: House) -> None:
    pool = house.pool()
    first = await Raw.enter(house, pool, "same")
    stale = Pool(house.folder, id=pool.id)  # signed by us, but not the current one
    raw = await Raw.dial(house, stale)
    raw.say(connect("same"))
    assert await raw.rest() == b"\x20\x02\x00\x05"
    assert await is_alive(first)


@pytest.mark.parametrize(
    "topic_filter",
    [
        "#",
        "+/#",
        "spacelift/#",
        "spacelift/readonly/#",
        "spacelift/readonly/+/W",
        "spacelift/+/{mine}/W",
        "spacelift/readonly/{foreign}/W",
        "spacelift/readonly/{foreign}/#",
        "spacelift/writeonly/{mine}/W",
        "spacelift/readonly/{mine}",
        "spacelift/readonly/{mine}/",
        "spacelift/readonly/{mine}/../{foreign}/#/",
        "$share/group/spacelift/readonly/{mine}/W",
        "$SYS/#",
        "other/readonly/{mine}/W",
        "spacelift/readonly/{mine}/W#",
        "spacelift/readonly/{mine}/#/W",
        "spacelift/readonly/{mine}/a+",
        "",
    ],
)
async def test_a_pool_reads_nothing_but_its_own_topics(
    house: House, topic_filter: str
) -> None:
    mine, foreign = house.pool(), house.pool()
    raw = await Raw.enter(house, mine)
    raw.say(subscribe(topic_filter.format(mine=mine.id, foreign=foreign.id)))
    assert await raw.read(5) == SUBSCRIBED + REFUSED
    assert not await house.broker.deliver(foreign.id, WORKER, b"secret")
    assert not await house.broker.deliver(mine.id, WORKER, b"secret")
    assert await is_alive(raw)  # and nothing came before the pong


@pytest.mark.parametrize(
    "topic",
    [
        "spacelift/writeonly/{foreign}/W",
        "spacelift/readonly/{mine}/W",
        "spacelift/writeonly/{mine}",
        "spacelift/writeonly/{mine}/",
        "spacelift/writeonly/{mine}/W/more",
        "spacelift/writeonly/{mine}/../{foreign}/W",
        "$SYS/x",
        "other/writeonly/{mine}/W",
    ],
)
async def test_a_pool_writes_nothing_but_its_own_topics(
    house: House, topic: str
) -> None:
    mine, foreign = house.pool(), house.pool()
    raw = await Raw.enter(house, mine)
    raw.say(publish(topic.format(mine=mine.id, foreign=foreign.id), b"x", 7))
    assert await raw.rest() == b""
    assert house.heard == []


async def test_an_mqtt_5_client_that_goes_on_writing_elsewhere_is_cut(
    house: House,
) -> None:
    mine, foreign = house.pool(), house.pool()
    raw = await Raw.dial(house, mine)
    raw.say(connect("five", version=5))
    body = text(foreign.outbox()) + b"\0\7" + b"\0"  # no properties
    raw.say(packet(0x32, body) * 30)
    said = await raw.rest()
    assert said.endswith(b"\xe0\x01\x87")
    assert house.heard == []


async def test_nothing_is_retained_and_no_session_is_kept(house: House) -> None:
    pool = house.pool()
    raw = await Raw.dial(house, pool)
    raw.say(connect("kept", flags=0))  # a persistent session, please
    assert await raw.read(4) == b"\x20\x02\x00\x00"  # none was present
    raw.say(subscribe(pool.inbox()))
    await raw.read(5)
    raw.say(packet(0x31, text(pool.outbox()) + b"retain me"))
    await eventually(lambda: bool(house.heard), "heard")
    raw.say(b"\xe0\x00")
    await raw.rest()
    await eventually(lambda: not house.broker.reads(pool.id, WORKER), "gone")
    assert not await house.broker.deliver(pool.id, WORKER, b"missed")

    again = await Raw.dial(house, pool)
    again.say(connect("kept", flags=0))
    assert await again.read(4) == b"\x20\x02\x00\x00"
    again.say(subscribe(pool.inbox()))
    await again.read(5)
    assert await is_alive(again)  # and nothing came before the pong


async def test_a_message_is_delivered_once_to_overlapping_subscriptions(
    house: House,
) -> None:
    pool = house.pool()
    raw = await Raw.enter(house, pool)
    raw.say(subscribe(pool.inbox("+"), 0) + subscribe(pool.inbox(), 1))
    await raw.read(10)
    delivery = asyncio.create_task(house.broker.deliver(pool.id, WORKER, b"one"))
    expected = packet(0x32, text(pool.inbox()) + b"\0\1" + b"one")
    assert await raw.read(len(expected)) == expected
    raw.say(b"\x40\x02\0\1")
    assert await delivery
    assert await is_alive(raw)


async def test_after_unsubscribing_nothing_comes_any_more(house: House) -> None:
    pool = house.pool()
    raw = await Raw.enter(house, pool)
    for topic_filter in (pool.inbox(), pool.inbox("+")):
        raw.say(subscribe(topic_filter))
        await raw.read(5)
        raw.say(packet(0xA2, b"\0\2" + text(topic_filter)))
        assert await raw.read(4) == b"\xb0\x02\0\2"
        assert not house.broker.reads(pool.id, WORKER)


async def test_when_a_pools_credentials_change_its_connections_are_cut(
    house: House,
) -> None:
    pool, other = house.pool(), house.pool()
    raw, unconcerned = await Raw.enter(house, pool), await Raw.enter(house, other)
    del house.known[pool.der]
    house.broker.disconnect_pool(pool.id)
    assert await raw.rest() == b""
    assert await is_alive(unconcerned)


async def test_a_replica_that_was_not_told_finds_out_by_itself(tmp_path: Path) -> None:
    async with running_house(tmp_path, Limits(recheck_seconds=0.1)) as house:
        pool, other = house.pool(), house.pool()
        raw, unconcerned = await Raw.enter(house, pool), await Raw.enter(house, other)
        del house.known[pool.der]
        assert await raw.rest() == b""
        assert await is_alive(unconcerned)


async def test_a_certificate_that_was_replaced_while_it_was_looked_at_is_refused(
    house: House,
) -> None:
    pool = house.pool()
    asked, answer = asyncio.Event(), asyncio.Event()
    original = house.authenticate

    async def slow(certificate: bytes) -> PoolId | None:
        found = await original(certificate)
        asked.set()
        await answer.wait()
        return found

    house.broker.authenticate = slow
    raw = await Raw.dial(house, pool)
    raw.say(connect("raw"))
    await asked.wait()
    del house.known[pool.der]
    house.broker.disconnect_pool(pool.id)
    answer.set()
    assert await raw.rest() == b"\x20\x02\x00\x05"


async def test_a_handler_that_fails_leaves_the_message_unacknowledged(
    house: House,
) -> None:
    async def down() -> None:
        raise ConnectionError

    pool = house.pool()
    house.trouble = down
    raw = await Raw.enter(house, pool)
    raw.say(publish(pool.outbox(), b"precious", 1) + publish(pool.outbox(), b"b", 2))
    assert await raw.rest() == b""
    assert house.heard == []


async def test_a_handler_that_hangs_is_given_up(tmp_path: Path) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    async with running_house(tmp_path, Limits(handle_seconds=0.2)) as house:
        house.trouble = hang
        pool = house.pool()
        raw = await Raw.enter(house, pool)
        raw.say(publish(pool.outbox(), b"precious", 1))
        assert await raw.rest() == b""


async def test_what_was_received_is_handled_before_the_broker_closes(
    tmp_path: Path,
) -> None:
    async def slow() -> None:
        await asyncio.sleep(0.3)

    async with running_house(tmp_path) as house:
        house.trouble = slow
        pool = house.pool()
        raw = await Raw.enter(house, pool)
        raw.say(publish(pool.outbox(), b"last words"))
        assert await is_alive(raw)
    assert house.payloads == [b"last words"]


# --- nobody hurts the others --------------------------------------------------------


def malformed() -> dict[str, bytes]:
    hello = connect("raw")
    return {
        "not mqtt": b"GET / HTTP/1.1\r\nHost: " + b"x" * 100,
        "mqtt 3.1": packet(0x10, text("MQIsdp") + b"\x03\x02\0\x3c" + text("x")),
        "not connect first": publish("a", b"b"),
        "reserved bit": connect("raw", flags=3),
        "empty connect": b"\x10\x00",
        "short connect": packet(0x10, text("MQTT") + b"\x04"),
        "trailing connect": packet(0x10, hello[2:] + b"junk"),
        "endless length": b"\x10\xff\xff\xff\xff\x7f",
        "large before connect": b"\x10\xff\xff\x7f",
        "id too long": connect("x" * 300),
        "id not utf-8": packet(0x10, text("MQTT") + b"\x04\x02\0\x3c\0\1\xff"),
        "two connects": hello + hello,
        "qos 2": hello + packet(0x34, text("a") + b"\0\1x"),
        "qos 3": hello + packet(0x36, text("a") + b"\0\1x"),
        "packet id 0": hello + packet(0x32, text("a") + b"\0\0x"),
        "wildcard topic": hello + publish("spacelift/#", b"x"),
        "nul in topic": hello + publish("a\0b", b"x"),
        "empty subscribe": hello + packet(0x82, b"\0\1"),
        "subscribe flags": hello + packet(0x80, subscribe("a")[2:]),
        "subscribe qos 3": hello + subscribe("a", 3),
        "pubrec": hello + b"\x50\x02\0\1",
        "type 0": hello + b"\x00\x00",
        "auth": hello + b"\xf0\x00",
        "too large": hello + b"\x30\xff\xff\xff\x7f",
        "five: odd property": packet(
            0x10, text("MQTT") + b"\x05\x02\0\x3c" + b"\x02\x7f\x00" + text("x")
        ),
        "five: receive maximum 0": packet(
            0x10, text("MQTT") + b"\x05\x02\0\x3c" + b"\x03\x21\0\0" + text("x")
        ),
        "five: alias": connect("raw", version=5)
        + packet(0x30, text("") + b"\x03\x23\0\1" + b"x"),
    }


@pytest.mark.parametrize("case", malformed())
async def test_a_malformed_packet_ends_its_own_connection_only(
    house: House, case: str
) -> None:
    pool, other = house.pool(), house.pool()
    bystander = await Raw.enter(house, other)
    raw = await Raw.dial(house, pool)
    raw.say(malformed()[case])
    await raw.rest()
    assert await is_alive(bystander)
    assert house.heard == []


async def test_a_thousand_hostile_packets_hurt_nobody(house: House) -> None:
    mine, other = house.pool(), house.pool()
    bystander = await Raw.enter(house, other)
    chance = random.Random(7)

    async def attack(number: int) -> None:
        raw = await Raw.dial(house, mine)
        raw.say(connect(f"attack-{number}", version=chance.choice([4, 5])))
        for _ in range(10):
            junk = chance.randbytes(chance.randrange(60))
            raw.say(packet(chance.randrange(256), junk))
        raw.say(b"\xff" * chance.randrange(3))
        await asyncio.sleep(0.01)
        raw.hang_up()

    for start in range(0, 100, 10):
        await asyncio.gather(*(attack(number) for number in range(start, start + 10)))
        assert await is_alive(bystander)
    assert house.heard == []
    await eventually(lambda: house.broker.pools() == [other.id], "nothing is left")


async def test_a_client_that_never_says_connect_is_cut(tmp_path: Path) -> None:
    async with running_house(tmp_path, Limits(connect_seconds=0.5)) as house:
        raw = await Raw.dial(house, house.pool())
        assert await raw.rest() == b""


async def test_a_silent_client_is_cut_after_one_and_a_half_keep_alives(
    house: House,
) -> None:
    raw = await Raw.dial(house, house.pool())
    raw.say(connect("quiet", keep_alive=1))
    assert await raw.rest() == b"\x20\x02\x00\x00"


async def test_one_connection_too_many_is_closed_and_the_others_stay(
    tmp_path: Path,
) -> None:
    async with running_house(tmp_path, Limits(connections=2)) as house:
        pool = house.pool()
        stay = [await Raw.enter(house, pool, name) for name in "ab"]
        with pytest.raises((AssertionError, EOFError, ConnectionError)):
            await Raw.enter(house, pool, "c")
        for raw in stay:
            assert await is_alive(raw)


async def test_a_pool_has_its_share_of_connections_and_no_more(tmp_path: Path) -> None:
    async with running_house(tmp_path, Limits(connections_per_pool=1)) as house:
        greedy, other = house.pool(), house.pool()
        first = await Raw.enter(house, greedy, "a")
        raw = await Raw.dial(house, greedy)
        raw.say(connect("b"))
        assert await raw.rest() == b"\x20\x02\x00\x03"
        assert await is_alive(first)
        await Raw.enter(house, other)
        await Raw.enter(house, greedy, "a")  # taking over is not one more


async def test_subscriptions_are_bounded(tmp_path: Path) -> None:
    async with running_house(tmp_path, Limits(subscriptions=2)) as house:
        pool = house.pool()
        raw = await Raw.enter(house, pool)
        codes = []
        for worker in ("a", "b", "c", "a"):
            raw.say(subscribe(pool.inbox(worker)))
            codes.append((await raw.read(5))[-1])
        assert codes == [1, 1, 0x80, 1]


async def test_a_client_that_does_not_acknowledge_is_cut(tmp_path: Path) -> None:
    async with running_house(tmp_path, Limits(acknowledge_seconds=0.5)) as house:
        pool = house.pool()
        raw = await Raw.enter(house, pool)
        raw.say(subscribe(pool.inbox()))
        await raw.read(5)
        assert not await house.broker.deliver(pool.id, WORKER, b"anybody there?")


async def test_too_much_waiting_for_one_client_cuts_it(tmp_path: Path) -> None:
    async with running_house(tmp_path, Limits(inflight=2, waiting=3)) as house:
        pool = house.pool()
        raw = await Raw.enter(house, pool)
        raw.say(subscribe(pool.inbox()))
        await raw.read(5)
        deliveries = (house.broker.deliver(pool.id, WORKER, b"x") for _ in range(6))
        async with asyncio.timeout(10):
            assert await asyncio.gather(*deliveries) == [False] * 6


async def test_a_client_that_does_not_read_is_cut_and_holds_no_memory(
    tmp_path: Path,
) -> None:
    async with running_house(tmp_path, Limits(write_buffer=256 * 1024)) as house:
        pool, other = house.pool(), house.pool()
        bystander = await Raw.enter(house, other)
        raw = await Raw.enter(house, pool)
        raw.say(subscribe(pool.inbox(), 0))
        await raw.read(5)
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(400):
            await house.broker.deliver(pool.id, WORKER, b"x" * 50_000)
            await asyncio.sleep(0)
            if not house.broker.reads(pool.id, WORKER):
                break
        assert not house.broker.reads(pool.id, WORKER)
        assert await is_alive(bystander)


async def test_a_flood_of_messages_is_held_back_and_none_is_lost(
    tmp_path: Path,
) -> None:
    running = most = 0

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    async with running_house(tmp_path, Limits(unhandled=5)) as house:
        house.trouble = slow
        pool = house.pool()
        raw = await Raw.enter(house, pool)
        payloads = [str(number).encode() for number in range(3000)]
        raw.say(b"".join(publish(pool.outbox(), one) for one in payloads))
        await eventually(lambda: len(house.heard) == 3000, "all heard")
        assert house.payloads == payloads
        assert most == 1


async def test_the_window_of_an_mqtt_5_client_is_kept(house: House) -> None:
    pool = house.pool()
    raw = await Raw.dial(house, pool)
    properties = b"\x03\x21\0\1"  # receive maximum 1
    body = text("MQTT") + b"\x05\x02\0\x3c" + properties + text("narrow")
    raw.say(packet(0x10, body))
    length = (await raw.read(2))[1]
    await raw.read(length)
    raw.say(packet(0x82, b"\0\1\0" + text(pool.inbox()) + b"\1"))
    await raw.read(6)
    both = [
        asyncio.create_task(house.broker.deliver(pool.id, WORKER, payload))
        for payload in (b"1", b"2")
    ]
    for number in (b"1", b"2"):
        expected = text(pool.inbox()) + b"\0" + number.translate(_NUMBERS) + b"\0"
        message = packet(0x32, expected + number)
        assert await raw.read(len(message)) == message
        assert await is_alive(raw)  # nothing else came
        raw.say(b"\x40\x02\0" + number.translate(_NUMBERS))
    assert await asyncio.gather(*both) == [True, True]


_NUMBERS = bytes.maketrans(b"12", b"\1\2")


async def test_a_message_larger_than_a_client_takes_is_not_sent_to_it(
    house: House,
) -> None:
    pool = house.pool()
    raw = await Raw.dial(house, pool)
    properties = b"\x05\x27\0\0\0\x80"  # maximum packet size 128
    body = text("MQTT") + b"\x05\x02\0\x3c" + properties + text("small")
    raw.say(packet(0x10, body))
    await raw.read((await raw.read(2))[1])
    raw.say(packet(0x82, b"\0\1\0" + text(pool.inbox()) + b"\1"))
    await raw.read(6)
    assert not await house.broker.deliver(pool.id, WORKER, b"x" * 200)
    assert await is_alive(raw)
