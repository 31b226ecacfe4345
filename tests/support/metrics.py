"""Metrics that a test can read."""

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass, field

from stackyard.kernel.metrics import Counter, Gauge, Instrument


@dataclass
class Readings:
    now: dict[str, int]

    def add(self, value: str, amount: int = 1) -> None:
        self.now[value] = self.now.get(value, 0) + amount

    def show(self, readings: Mapping[str, int]) -> None:
        self.now = dict(readings)


@dataclass
class ReadableMetrics:
    interval_seconds: float = 0.05
    instruments: dict[str, Readings] = field(default_factory=dict)

    def counter(self, instrument: Instrument) -> Counter:
        return self._new(instrument, dict.fromkeys(instrument.values, 0))

    def gauge(self, instrument: Instrument) -> Gauge:
        return self._new(instrument, {})

    def said(self, name: str) -> dict[str, int]:
        """Return what is not zero."""
        return dict(Tally(self.instruments[name].now) + Tally())

    def _new(self, instrument: Instrument, readings: dict[str, int]) -> Readings:
        assert instrument.name not in self.instruments, "a series would be lost"
        return self.instruments.setdefault(instrument.name, Readings(readings))
