"""OpenTelemetry's SDK, kept at arm's length.

Counting is an addition in a dictionary of ours; the SDK reads it in a thread of its
own when it exports. A collector that is away, or that hangs, holds up that thread only,
and the end of the process for no longer than `CLOSE_SECONDS`.
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

# Read when the library below is loaded. It speaks its mind on standard error, and has
# handlers for forks, which would make each start of git wait for its threads.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import structlog
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (
    OTLPMetricExporter,
)
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource

from stackyard.kernel.metrics import Counter, Gauge, Instrument

log = structlog.get_logger()

EXPORT_SECONDS: Final = 5.0  # retries included
CLOSE_SECONDS: Final = 2.0
_UNIT: Final = "{message}"
_LIBRARY: Final = logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter")


@dataclass(slots=True)
class _Readings:
    """What is exported next. Replaced or added to by the loop, read by the SDK."""

    label: str
    now: dict[str, int] = field(default_factory=dict)

    def add(self, value: str, amount: int = 1) -> None:
        self.now[value] = self.now.get(value, 0) + amount

    def show(self, readings: Mapping[str, int]) -> None:
        self.now = {str(value): reading for value, reading in readings.items()}

    def observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(reading, {self.label: value})
            for value, reading in self.now.copy().items()
        ]


class _Exporter(OTLPMetricExporter):
    """Tells of an outage once, in the library's own words; not of its attempts."""

    failing = False

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        result = super().export(metrics_data, timeout_millis, **kwargs)
        was, self.failing = self.failing, result is not MetricExportResult.SUCCESS
        if was and not self.failing:
            log.info("telemetry.exported_again")
        return result

    def is_news(self, _record: logging.LogRecord) -> bool:
        return not self.failing


@dataclass(frozen=True, slots=True)
class OpenTelemetry:
    """The metrics of one process, on their way to a collector."""

    interval_seconds: float
    _provider: MeterProvider
    _exporter: _Exporter

    @classmethod
    def connect(
        cls,
        endpoint: str,
        *,
        process: str,
        interval_seconds: float,
        export_seconds: float = EXPORT_SECONDS,
    ) -> Self:
        """Start to export; nothing is dialled before the first interval is over.

        Headers, certificates and attributes of the resource come from the variables
        that OpenTelemetry names for them.
        """
        exporter = _Exporter(
            endpoint=endpoint,
            insecure=endpoint.startswith("http://"),
            timeout=export_seconds,
        )
        _LIBRARY.setLevel(logging.ERROR)
        _LIBRARY.addFilter(exporter.is_news)
        reader = PeriodicExportingMetricReader(
            exporter, export_interval_millis=interval_seconds * 1000
        )
        provider = MeterProvider(
            [reader],
            resource=Resource.create({"service.name": process}),
            shutdown_on_exit=False,  # it would wait half a minute
        )
        return cls(interval_seconds, provider, exporter)

    def counter(self, instrument: Instrument) -> Counter:
        readings = _Readings(instrument.label, dict.fromkeys(instrument.values, 0))
        self._provider.get_meter("stackyard").create_observable_counter(
            instrument.name, [readings.observe], _UNIT, instrument.meaning
        )
        return readings

    def gauge(self, instrument: Instrument) -> Gauge:
        readings = _Readings(instrument.label)
        self._provider.get_meter("stackyard").create_observable_gauge(
            instrument.name, [readings.observe], _UNIT, instrument.meaning
        )
        return readings

    async def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Export what was counted last, if the collector takes it in time.

        In a thread that nobody joins: the SDK's own limits were seen to be exceeded,
        and neither the loop nor the end of the process may wait for them.
        """
        loop, closed = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            try:
                self._provider.shutdown(timeout_millis=seconds * 1000)
            except Exception as error:  # noqa: BLE001 - there is no second attempt
                log.warning("telemetry.not_closed", reason=type(error).__name__)
            with contextlib.suppress(RuntimeError):  # the loop is closed: too late
                loop.call_soon_threadsafe(closed.set)

        threading.Thread(target=shut_down, name="telemetry", daemon=True).start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await closed.wait()
        _LIBRARY.removeFilter(self._exporter.is_news)
