"""The properties of MQTT 5: read strictly, since each has a type of its own."""

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final, TypeAlias

from stackyard.adapters.mqtt import wire
from stackyard.adapters.mqtt.errors import ProtocolError, Reason
from stackyard.adapters.mqtt.wire import Reader

Value: TypeAlias = int | str | bytes | tuple[str, str]
Properties: TypeAlias = dict[int, Value]


class Property(IntEnum):
    """Those that this broker reads or writes; the others are only skipped."""

    SUBSCRIPTION_ID = 0x0B
    SESSION_EXPIRY = 0x11
    ASSIGNED_CLIENT_ID = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTHENTICATION_METHOD = 0x15
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER = 0x26
    MAXIMUM_PACKET = 0x27
    SUBSCRIPTION_IDS_AVAILABLE = 0x29
    SHARED_AVAILABLE = 0x2A


def _pair(reader: Reader) -> tuple[str, str]:
    return reader.text(), reader.text()


_READERS: Final[dict[int, Callable[[Reader], Value]]] = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), Reader.byte),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), Reader.short),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), Reader.long),
    **dict.fromkeys((0x0B,), Reader.variable),
    **dict.fromkeys((0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F), Reader.text),
    **dict.fromkeys((0x09, 0x16), Reader.binary),
    Property.USER: _pair,
}
_REPEATABLE: Final = {Property.USER, Property.SUBSCRIPTION_ID}


def read(reader: Reader) -> Properties:
    inner = Reader(reader.take(reader.variable()))
    found: Properties = {}
    while inner.left:
        kind = inner.variable()
        read_value = _READERS.get(kind)
        if read_value is None:
            raise ProtocolError(Reason.MALFORMED, "an unknown property")
        if kind in found and kind not in _REPEATABLE:
            raise ProtocolError(Reason.PROTOCOL_ERROR, "a property is there twice")
        found[kind] = read_value(inner)
    return found


def number(properties: Properties, kind: Property, default: int) -> int:
    """Return a property that must not be 0, or *default* where it is not there."""
    value = properties.get(kind, default)
    if not isinstance(value, int) or not value:
        raise ProtocolError(Reason.PROTOCOL_ERROR, "a property must not be 0")
    return value


_BYTES: Final = {
    Property.MAXIMUM_QOS,
    Property.RETAIN_AVAILABLE,
    Property.SUBSCRIPTION_IDS_AVAILABLE,
    Property.SHARED_AVAILABLE,
}
_SHORTS: Final = {Property.RECEIVE_MAXIMUM, Property.SERVER_KEEP_ALIVE}


def write(properties: dict[Property, int | str]) -> bytes:
    out = bytearray()
    for kind, value in properties.items():
        out.append(kind)
        if isinstance(value, str):
            out += wire.text(value)
        elif kind in _BYTES:
            out.append(value)
        else:
            out += struct.pack("!H" if kind in _SHORTS else "!I", value)
    return wire.variable(len(out)) + bytes(out)
