"""The packets that the broker sends, as bytes."""

from collections.abc import Sequence
from typing import Final

from stackyard.adapters.mqtt import properties, wire
from stackyard.adapters.mqtt.errors import Reason
from stackyard.adapters.mqtt.packets import (
    CONNACK,
    DISCONNECT,
    PINGRESP,
    PUBACK,
    PUBLISH,
    SUBACK,
    UNSUBACK,
    V5,
)
from stackyard.adapters.mqtt.properties import Property

PONG: Final = wire.packet(PINGRESP << 4)
_NOTHING: Final = b"\0"  # no properties
_REFUSED: Final = 0x80  # the only refusal of a subscription that 3.1.1 knows

# MQTT 3.1.1 knows five refusals; whatever is not here is "not authorized".
_RETURN_CODES: Final = {
    Reason.SUCCESS: 0,
    Reason.VERSION: 1,
    Reason.CLIENT_ID: 2,
    Reason.UNAVAILABLE: 3,
    Reason.QUOTA: 3,
}


def connack(
    version: int, reason: Reason, tell: dict[Property, int | str] | None = None
) -> bytes:
    if version == V5:
        body = bytes([0, reason]) + properties.write(tell or {})
    else:
        body = bytes([0, _RETURN_CODES.get(reason, 5)])
    return wire.packet(CONNACK << 4, body)


def puback(version: int, packet_id: int, reason: Reason = Reason.SUCCESS) -> bytes:
    code = bytes([reason]) if version == V5 and reason else b""
    return wire.packet(PUBACK << 4, wire.short(packet_id), code)


def suback(version: int, packet_id: int, codes: Sequence[int]) -> bytes:
    if version == V5:
        return wire.packet(
            SUBACK << 4, wire.short(packet_id), _NOTHING, bytes(list(codes))
        )
    plain = bytes(min(code, _REFUSED) for code in codes)
    return wire.packet(SUBACK << 4, wire.short(packet_id), plain)


def unsuback(version: int, packet_id: int, codes: Sequence[int]) -> bytes:
    told = _NOTHING + bytes(list(codes)) if version == V5 else b""
    return wire.packet(UNSUBACK << 4, wire.short(packet_id), told)


def disconnect(reason: Reason) -> bytes:
    """Say why, to a client of MQTT 5; the others are only hung up on."""
    return wire.packet(DISCONNECT << 4, bytes([reason]))


def publish(version: int, topic: str, payload: bytes, packet_id: int) -> bytes:
    """Return a message; with a packet identifier it is QoS 1."""
    return wire.packet(
        PUBLISH << 4 | (0x02 if packet_id else 0),
        wire.text(topic),
        wire.short(packet_id) if packet_id else b"",
        _NOTHING if version == V5 else b"",
        payload,
    )
