"""The packets that a client sends, as values. Strict, pure, both versions."""

from dataclasses import dataclass
from typing import Final

from stackyard.adapters.mqtt import properties
from stackyard.adapters.mqtt.errors import ProtocolError, Reason
from stackyard.adapters.mqtt.properties import Property
from stackyard.adapters.mqtt.wire import Reader

V3: Final = 4  # MQTT 3.1.1, by its number on the wire
V5: Final = 5
LONGEST_CLIENT_ID: Final = 256
LONGEST_TOPIC: Final = 1024

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 8, 9, 10, 11
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14


@dataclass(frozen=True, slots=True)
class Connect:
    version: int
    client_id: str
    clean: bool
    keep_alive: int
    has_will: bool
    authentication_method: bool
    receive_maximum: int
    maximum_packet: int


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    payload: bytes
    qos: int
    packet_id: int  # 0 for QoS 0


@dataclass(frozen=True, slots=True)
class Subscribe:
    packet_id: int
    wishes: tuple[tuple[str, int], ...]  # topic filter, QoS


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    packet_id: int
    filters: tuple[str, ...]


def version_of(body: bytes) -> int:
    """Return the version that a CONNECT asks for, whether we speak it or not."""
    reader = Reader(body)
    if reader.text() != "MQTT":
        raise ProtocolError(Reason.VERSION, "not MQTT, or older than 3.1.1")
    return reader.byte()


def read_connect(body: bytes) -> Connect:
    """Read a CONNECT; user name and password are taken and mean nothing."""
    reader = Reader(body)
    reader.text()
    version, flags, keep_alive = reader.byte(), reader.byte(), reader.short()
    _check_flags(version, flags)
    found = properties.read(reader) if version == V5 else {}
    client_id = reader.text()
    if len(client_id) > LONGEST_CLIENT_ID:
        raise ProtocolError(Reason.CLIENT_ID, "the client identifier is too long")
    _skip_credentials(reader, version, flags)
    return Connect(
        version=version,
        client_id=client_id,
        clean=bool(flags & 0x02),
        keep_alive=keep_alive,
        has_will=bool(flags & 0x04),
        authentication_method=Property.AUTHENTICATION_METHOD in found,
        receive_maximum=properties.number(found, Property.RECEIVE_MAXIMUM, 65535),
        maximum_packet=properties.number(found, Property.MAXIMUM_PACKET, 2**28),
    )


def _check_flags(version: int, flags: int) -> None:
    will, will_qos = flags & 0x04, flags >> 3 & 3
    if flags & 0x01 or will_qos == 3:  # noqa: PLR2004 - QoS 3 does not exist
        raise ProtocolError(Reason.MALFORMED, "reserved bits are set in CONNECT")
    if not will and flags & 0x38:
        raise ProtocolError(Reason.MALFORMED, "there is no will, but bits of one")
    if version == V3 and flags & 0xC0 == 0x40:  # noqa: PLR2004 - password, no user
        raise ProtocolError(Reason.MALFORMED, "a password without a user name")


def _skip_credentials(reader: Reader, version: int, flags: int) -> None:
    if flags & 0x04:
        if version == V5:
            properties.read(reader)
        reader.text()
        reader.binary()
    if flags & 0x80:
        reader.text()
    if flags & 0x40:
        reader.binary()
    reader.end()


def read_publish(flags: int, body: bytes, version: int) -> Publish:
    qos = flags >> 1 & 3
    if qos > 1:
        raise ProtocolError(Reason.QOS, "QoS 2 is not served")
    if not qos and flags & 0x08:
        raise ProtocolError(Reason.MALFORMED, "a repetition of a QoS 0 message")
    if flags & 0x01 and version == V5:  # the CONNACK said so; 3.1.1 cannot be told
        raise ProtocolError(Reason.RETAIN, "messages are not retained")
    reader = Reader(body)
    topic = reader.text()
    packet_id = reader.packet_id() if qos else 0
    if version == V5 and Property.TOPIC_ALIAS in properties.read(reader):
        raise ProtocolError(Reason.TOPIC_ALIAS, "topic aliases are not served")
    if not topic or len(topic) > LONGEST_TOPIC or "+" in topic or "#" in topic:
        raise ProtocolError(Reason.MALFORMED, "not a topic")
    return Publish(topic, reader.rest(), qos, packet_id)


def read_puback(body: bytes) -> int:
    """Return which message is acknowledged; a reason of failure ends it as well."""
    return Reader(body).packet_id()


def read_subscribe(flags: int, body: bytes, version: int) -> Subscribe:
    reader, packet_id = _begin(flags, body, version)
    wishes = []
    while reader.left:
        topic_filter, options = reader.text(), reader.byte()
        reserved = 0xC0 if version == V5 else 0xFC
        if options & reserved or options & 3 == 3:  # noqa: PLR2004 - no such QoS
            raise ProtocolError(Reason.MALFORMED, "reserved bits in SUBSCRIBE")
        wishes.append((topic_filter, options & 3))
    if not wishes:
        raise ProtocolError(Reason.PROTOCOL_ERROR, "SUBSCRIBE to nothing")
    return Subscribe(packet_id, tuple(wishes))


def read_unsubscribe(flags: int, body: bytes, version: int) -> Unsubscribe:
    reader, packet_id = _begin(flags, body, version)
    filters = []
    while reader.left:
        filters.append(reader.text())
    if not filters:
        raise ProtocolError(Reason.PROTOCOL_ERROR, "UNSUBSCRIBE from nothing")
    return Unsubscribe(packet_id, tuple(filters))


def _begin(flags: int, body: bytes, version: int) -> tuple[Reader, int]:
    if flags != 0x02:  # noqa: PLR2004 - fixed by the standard
        raise ProtocolError(Reason.MALFORMED, "wrong flags")
    reader = Reader(body)
    packet_id = reader.packet_id()
    if version == V5 and Property.SUBSCRIPTION_ID in properties.read(reader):
        raise ProtocolError(Reason.NOT_SUPPORTED, "no subscription identifiers")
    return reader, packet_id
