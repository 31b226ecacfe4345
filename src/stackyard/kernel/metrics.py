"""What a process counts and shows of itself, whoever collects it, or nobody.

An instrument has one label, whose values are known beforehand: what a user may choose
must not become a series. Nothing here waits or fails, so that it may stand anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Instrument:
    name: str
    meaning: str
    label: str
    values: tuple[str, ...]


class Counter(Protocol):
    def add(self, value: str, amount: int = 1) -> None:
        """Count *amount* more for *value* of the label; only from the event loop."""


class Gauge(Protocol):
    def show(self, readings: Mapping[str, int]) -> None:
        """Show these readings by value of the label, and nothing of the former."""


class Metrics(Protocol):
    @property
    def interval_seconds(self) -> float | None:
        """How often somebody looks; None if nobody does: then you need not count."""

    def counter(self, instrument: Instrument) -> Counter:
        """Return a counter that is zero for every value of the label."""

    def gauge(self, instrument: Instrument) -> Gauge:
        """Return a gauge that shows nothing yet."""


class _Nothing:
    def add(self, value: str, amount: int = 1) -> None:
        pass

    def show(self, readings: Mapping[str, int]) -> None:
        pass


class NoMetrics:
    """What a process has where nobody collects anything."""

    interval_seconds = None

    def counter(self, instrument: Instrument) -> Counter:  # noqa: ARG002 - the same
        return _Nothing()

    def gauge(self, instrument: Instrument) -> Gauge:  # noqa: ARG002 - the same
        return _Nothing()


NO_METRICS: Final[Metrics] = NoMetrics()
