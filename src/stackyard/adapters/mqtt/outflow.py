"""What goes out to one client: QoS 0 and 1, within its window, never without bound."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from stackyard.adapters.mqtt import answers
from stackyard.adapters.mqtt.errors import SlowReaderError
from stackyard.adapters.mqtt.limits import Limits

_LAST_PACKET_ID = 65535


@dataclass(slots=True)
class _Sent:
    at: float
    done: asyncio.Future[bool]


@dataclass(slots=True)
class Outflow:
    """`window` and `largest` are the client's: so many at once, of so many bytes."""

    transport: asyncio.Transport
    version: int
    window: int
    largest: int
    limits: Limits
    _inflight: dict[int, _Sent] = field(default_factory=dict)
    _waiting: deque[tuple[str, bytes, asyncio.Future[bool]]] = field(
        default_factory=deque
    )
    _last_id: int = 0

    def send(self, topic: str, payload: bytes, *, qos: int) -> asyncio.Future[bool]:
        """Send, or queue, one message.

        The future is true once the client acknowledged it (QoS 1) or it was written
        (QoS 0), and false when that will not happen any more. Raises
        `SlowReaderError` when too much waits for this client already.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self.transport.get_write_buffer_size() > self.limits.write_buffer:
            raise SlowReaderError
        if not qos:
            done.set_result(self._write(topic, payload, 0))
        elif len(self._inflight) < self.window:
            self._transmit(topic, payload, done)
        elif len(self._waiting) >= self.limits.waiting:
            raise SlowReaderError
        else:
            self._waiting.append((topic, payload, done))
        return done

    def acknowledge(self, packet_id: int) -> None:
        sent = self._inflight.pop(packet_id, None)
        if sent is None:
            return  # twice, or never sent: harmless
        _settle(sent.done, delivered=True)
        while self._waiting and len(self._inflight) < self.window:
            self._transmit(*self._waiting.popleft())

    def give_up(self) -> None:
        """The connection is gone: whoever waits must try another one."""
        for sent in self._inflight.values():
            _settle(sent.done, delivered=False)
        for _, _, done in self._waiting:
            _settle(done, delivered=False)
        self._inflight.clear()
        self._waiting.clear()

    def is_stuck(self, now: float) -> bool:
        """Whether the client stopped reading, or has not acknowledged in time."""
        oldest = next(iter(self._inflight.values()), None)
        late = oldest is not None and now - oldest.at > self.limits.acknowledge_seconds
        return late or (
            self.transport.get_write_buffer_size() > self.limits.write_buffer
        )

    def _transmit(self, topic: str, payload: bytes, done: asyncio.Future[bool]) -> None:
        packet_id = self._next_id()
        if self._write(topic, payload, packet_id):
            now = asyncio.get_running_loop().time()
            self._inflight[packet_id] = _Sent(now, done)
        else:
            _settle(done, delivered=False)

    def _write(self, topic: str, payload: bytes, packet_id: int) -> bool:
        packet = answers.publish(self.version, topic, payload, packet_id)
        if len(packet) > self.largest or self.transport.is_closing():
            return False
        self.transport.write(packet)
        return True

    def _next_id(self) -> int:
        while True:  # ends: the window is smaller than the identifiers are many
            self._last_id = self._last_id % _LAST_PACKET_ID + 1
            if self._last_id not in self._inflight:
                return self._last_id


def _settle(done: asyncio.Future[bool], *, delivered: bool) -> None:
    if not done.done():  # whoever waited may have been cancelled
        done.set_result(delivered)
