"""What foreign clients, which know nothing of our broker, get from it."""

import asyncio
import ssl
import threading
from asyncio.subprocess import PIPE, Process
from importlib import import_module
from typing import Any

import aiomqtt
import gmqtt
import pytest
from tests.support.broker import HOST, House, Pool, eventually

from stackyard.kernel.ids import WorkerId

paho: Any = import_module("paho.mqtt.client")  # stubs of another version hide it

WORKER = WorkerId("W")
VERSIONS = pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
QOS = pytest.mark.parametrize("qos", [0, 1])


def connected(house: House, pool: Pool) -> bool:
    return house.broker.reads(pool.id, WORKER)


async def mosquitto(program: str, house: House, pool: Pool, *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        program,
        *("-h", HOST, "-p", str(house.port), "--cafile", str(pool.cafile)),
        *("--cert", str(pool.certfile), "--key", str(pool.keyfile)),
        *arguments,
        stdout=PIPE,
        stderr=PIPE,
    )


async def finish(process: Process) -> tuple[int, str, str]:
    try:
        out, err = await asyncio.wait_for(process.communicate(), 20)
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@VERSIONS
@QOS
async def test_mosquitto_publishes(house: House, version: str, qos: int) -> None:
    pool = house.pool()
    program = await mosquitto(
        *("mosquitto_pub", house, pool, "-V", version, "-q", str(qos)),
        *("-t", pool.outbox(), "-m", "hello"),
    )
    code, _, err = await finish(program)
    assert (code, err) == (0, "")
    await eventually(lambda: bool(house.heard), "heard")
    assert house.heard == [(pool.id, WORKER, b"hello")]


@VERSIONS
@QOS
@pytest.mark.parametrize("wildcard", [False, True])
async def test_mosquitto_subscribes(
    house: House, version: str, qos: int, *, wildcard: bool
) -> None:
    pool = house.pool()
    topic = pool.inbox("+" if wildcard else "W")
    program = await mosquitto(
        *("mosquitto_sub", house, pool, "-V", version, "-q", str(qos)),
        *("-t", topic, "-C", "2", "-F", "%q %p"),
    )
    await eventually(lambda: connected(house, pool), "subscribed")
    for number in (1, 2):
        payload = f"message {number}".encode()
        assert await house.broker.deliver(pool.id, WORKER, payload)
    code, out, _ = await finish(program)
    assert code == 0
    assert out.splitlines() == [f"{qos} message 1", f"{qos} message 2"]


@VERSIONS
async def test_mosquitto_publishes_five_hundred_messages_in_order(
    house: House, version: str
) -> None:
    pool = house.pool()
    program = await asyncio.create_subprocess_exec(
        *("mosquitto_pub", "-h", HOST, "-p", str(house.port), "-V", version),
        *("--cafile", str(pool.cafile), "--cert", str(pool.certfile)),
        *("--key", str(pool.keyfile), "-q", "1", "-t", pool.outbox(), "-l"),
        stdin=PIPE,
        stderr=PIPE,
    )
    lines = [f"line {number}".encode() for number in range(500)]
    await asyncio.wait_for(program.communicate(b"\n".join(lines) + b"\n"), 30)
    assert program.returncode == 0
    assert house.payloads == lines


async def test_mosquitto_is_told_that_a_foreign_topic_is_not_its_own(
    house: House,
) -> None:
    mine, foreign = house.pool(), house.pool()
    program = await mosquitto(
        *("mosquitto_sub", house, mine, "-V", "mqttv5", "-t", foreign.inbox()),
        *("-C", "1", "-W", "10"),
    )
    _, _, err = await finish(program)
    assert "denied" in err
    assert not connected(house, foreign)


async def test_mosquitto_without_a_certificate_does_not_get_in(house: House) -> None:
    pool = house.pool()
    program = await asyncio.create_subprocess_exec(
        *("mosquitto_pub", "-h", HOST, "-p", str(house.port), "-q", "1"),
        *("--cafile", str(pool.cafile), "-t", pool.outbox(), "-m", "hello"),
        stdout=PIPE,
        stderr=PIPE,
    )
    code, _, _ = await finish(program)
    assert code != 0
    assert house.heard == []


async def test_mosquitto_refuses_a_broker_under_another_name(house: House) -> None:
    pool = house.pool()
    program = await asyncio.create_subprocess_exec(
        *("mosquitto_pub", "-h", "localhost", "-p", str(house.port), "-m", "hello"),
        *("--cafile", str(pool.cafile), "--cert", str(pool.certfile)),
        *("--key", str(pool.keyfile), "-t", pool.outbox()),
        stdout=PIPE,
        stderr=PIPE,
    )
    assert (await finish(program))[0] != 0


class Paho:
    """paho runs a thread of its own; what it saw is looked at from outside."""

    def __init__(self, house: House, pool: Pool, version: int, **options: Any) -> None:
        self.messages: list[tuple[int, bytes]] = []
        self.connected = threading.Event()
        self.published: dict[int, Any] = {}
        self.granted: list[Any] = []
        self.left: list[Any] = []
        self.refused: list[Any] = []
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id="paho",
            protocol=version,
            **options,
        )
        self.client.tls_set_context(pool.context())
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self.client.on_publish = self._on_publish
        self.client.on_subscribe = self._on_subscribe
        self.client.on_disconnect = self._on_disconnect
        self.client.reconnect_delay_set(1, 1)
        self.port = house.port

    async def start(self) -> "Paho":
        await asyncio.to_thread(self.client.connect, HOST, self.port, 30)
        self.client.loop_start()
        await eventually(self.connected.is_set, "connected")
        return self

    async def stop(self) -> None:
        self.client.disconnect()
        await asyncio.to_thread(self.client.loop_stop)

    def _on_connect(self, *arguments: Any) -> None:
        reason = arguments[3]
        if reason.is_failure:
            self.refused.append(reason)
        else:
            self.connected.set()

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self.messages.append((message.qos, message.payload))

    def _on_publish(self, *arguments: Any) -> None:
        self.published[arguments[2]] = arguments[3]

    def _on_subscribe(self, *arguments: Any) -> None:
        self.granted.extend(arguments[3])

    def _on_disconnect(self, *arguments: Any) -> None:
        self.left.append(arguments[3])


PAHO = pytest.mark.parametrize("version", [paho.MQTTv311, paho.MQTTv5])


@PAHO
@QOS
async def test_paho_speaks_both_ways(house: House, version: int, qos: int) -> None:
    pool = house.pool()
    client = await Paho(house, pool, version).start()
    client.client.subscribe(pool.inbox(), qos)
    client.client.publish(pool.outbox(), b"from the worker", qos)
    await eventually(lambda: connected(house, pool), "subscribed")
    assert await house.broker.deliver(pool.id, WORKER, b"to the worker")
    await eventually(lambda: bool(client.messages), "delivered")
    await eventually(lambda: bool(house.heard), "heard")
    assert client.messages == [(qos, b"to the worker")]
    assert house.payloads == [b"from the worker"]
    await client.stop()


async def test_paho_is_granted_qos_1_when_it_wants_2(house: House) -> None:
    pool = house.pool()
    client = await Paho(house, pool, paho.MQTTv5).start()
    client.client.subscribe(pool.inbox(), 2)
    await eventually(lambda: bool(client.granted), "granted")
    assert [code.value for code in client.granted] == [1]
    assert await house.broker.deliver(pool.id, WORKER, b"x")
    await eventually(lambda: bool(client.messages), "delivered")
    assert client.messages == [(1, b"x")]
    await client.stop()


async def test_paho_learns_in_mqtt_5_that_it_published_on_a_foreign_topic(
    house: House,
) -> None:
    mine, foreign = house.pool(), house.pool()
    client = await Paho(house, mine, paho.MQTTv5).start()
    told = client.client.publish(foreign.outbox(), b"x", 1)
    own = client.client.publish(mine.outbox(), b"y", 1)
    await eventually(lambda: own.mid in client.published, "acknowledged")
    assert client.published[told.mid].value == 0x87
    assert client.published[own.mid].value == 0
    assert house.heard == [(mine.id, WORKER, b"y")]
    await client.stop()


async def test_paho_is_hung_up_on_in_3_1_1_for_publishing_on_a_foreign_topic(
    house: House,
) -> None:
    mine, foreign = house.pool(), house.pool()
    client = await Paho(house, mine, paho.MQTTv311).start()
    client.client.publish(foreign.outbox(), b"x", 1)
    await eventually(lambda: bool(client.left), "cut")
    await client.stop()
    assert house.heard == []


@PAHO
async def test_paho_is_refused_a_last_will(house: House, version: int) -> None:
    pool = house.pool()
    client = Paho(house, pool, version)
    client.client.will_set(pool.outbox(), b"I died", 1)
    await asyncio.to_thread(client.client.connect, HOST, house.port, 30)
    client.client.loop_start()
    await eventually(lambda: bool(client.refused), "refused")
    await client.stop()
    assert house.heard == []


@PAHO
async def test_what_the_handler_could_not_take_paho_repeats_until_it_could(
    house: House, version: int
) -> None:
    pool = house.pool()
    failures = 0

    async def down() -> None:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise ConnectionError

    house.trouble = down
    client = await Paho(house, pool, version, clean_session=None).start()
    told = client.client.publish(pool.outbox(), b"precious", 1)
    await eventually(told.is_published, "acknowledged", 30)
    assert failures == 3
    assert house.payloads == [b"precious"]
    assert len(client.left) == 2
    await client.stop()


@pytest.mark.parametrize("version", [4, 5])
async def test_gmqtt_speaks_both_ways(house: House, version: int) -> None:
    pool = house.pool()
    messages: list[bytes] = []
    client = gmqtt.Client("gmqtt")

    async def on_message(*arguments: Any) -> int:
        messages.append(arguments[2])
        return 0

    client.on_message = on_message
    context = pool.context()
    await client.connect(HOST, house.port, ssl=context, version=version)
    client.subscribe(pool.inbox(), qos=1)
    client.publish(pool.outbox(), b"from the worker", qos=1)
    await eventually(lambda: connected(house, pool), "subscribed")
    assert await house.broker.deliver(pool.id, WORKER, b"to the worker")
    await eventually(lambda: bool(messages and house.heard), "both ways")
    assert (messages, house.payloads) == ([b"to the worker"], [b"from the worker"])
    await client.disconnect()


@pytest.mark.parametrize(
    "version", [aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5]
)
async def test_aiomqtt_speaks_both_ways(
    house: House, version: aiomqtt.ProtocolVersion
) -> None:
    pool = house.pool()
    async with aiomqtt.Client(
        HOST, house.port, tls_context=pool.context(), protocol=version, timeout=10
    ) as client:
        await client.subscribe(pool.inbox(), qos=1)
        await client.publish(pool.outbox(), b"from the worker", qos=1)
        assert await house.broker.deliver(pool.id, WORKER, b"to the worker")
        async with asyncio.timeout(10):
            message = await anext(aiter(client.messages))
        assert message.payload == b"to the worker"
    assert house.payloads == [b"from the worker"]


async def test_aiomqtt_with_a_certificate_that_was_replaced_is_refused(
    house: House,
) -> None:
    pool = house.pool()
    house.known.clear()
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(HOST, house.port, tls_context=pool.context()):
            pass


def test_tls_below_1_2_is_not_spoken(house: House) -> None:
    assert house.broker.ssl.minimum_version is ssl.TLSVersion.TLSv1_2
