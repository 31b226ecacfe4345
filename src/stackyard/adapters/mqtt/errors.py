"""What ends a connection or refuses a request, as MQTT 5 numbers it.

MQTT 3.1.1 has hardly any codes: there the connection is just closed.
"""

from enum import IntEnum


class Reason(IntEnum):
    SUCCESS = 0x00
    NO_SUBSCRIPTION = 0x11
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    NOT_SUPPORTED = 0x83  # "implementation specific error"
    VERSION = 0x84
    CLIENT_ID = 0x85
    NOT_AUTHORIZED = 0x87
    UNAVAILABLE = 0x88
    SHUTTING_DOWN = 0x8B
    AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE = 0x8D
    TAKEN_OVER = 0x8E
    TOPIC_FILTER = 0x8F
    TOPIC_ALIAS = 0x94
    TOO_LARGE = 0x95
    QUOTA = 0x97
    ADMINISTRATIVE = 0x98
    RETAIN = 0x9A
    QOS = 0x9B


class ProtocolError(Exception):
    """The peer broke the protocol, or asked for what this broker does not do."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class SlowReaderError(Exception):
    """The peer does not read, or does not acknowledge, fast enough."""
