from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer may cost us. A worker comes nowhere near any of these."""

    packet: int = 256 * 1024
    first_packet: int = 8 * 1024  # before we know who it is
    connect_seconds: float = 10  # TLS handshake, then CONNECT and authentication
    keep_alive: int = 300  # the longest; 0 and more are taken as this
    connections: int = 20_000
    connections_per_pool: int = 5_000
    subscriptions: int = 100
    unhandled: int = 100  # messages of one peer that wait for their handler
    handle_seconds: float = 30
    inflight: int = 100  # sent to one peer and not acknowledged
    waiting: int = 1_000  # behind those
    acknowledge_seconds: float = 20
    write_buffer: int = 1024 * 1024
    refusals: int = 20  # messages of one MQTT 5 peer on topics that are not its own
    close_seconds: float = 5
    recheck_seconds: float = 10  # are the certificates of the connected still good?
