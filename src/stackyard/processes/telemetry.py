"""Whether, and how, a process tells what it counts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from stackyard.kernel.metrics import NO_METRICS, Metrics
from stackyard.settings.parts import TelemetryPart

log = structlog.get_logger()


@asynccontextmanager
async def telemetry(settings: TelemetryPart, process: str) -> AsyncIterator[Metrics]:
    """Lend a process its metrics, and close them as the last thing that it does.

    The SDK is imported only here, and only if it is asked for: it takes a sixth of a
    second and 20 MB. Whatever is wrong with it, the process works without.
    """
    if settings.observability_vendor != "OpenTelemetry":
        yield NO_METRICS
        return
    try:
        from stackyard.adapters.telemetry import OpenTelemetry  # noqa: PLC0415 - above

        metrics = OpenTelemetry.connect(
            settings.otel_exporter_otlp_endpoint or "",
            process=process,
            interval_seconds=settings.otel_metric_export_interval / 1000,
        )
    except Exception:
        log.exception("telemetry.not_started")
        yield NO_METRICS
        return
    try:
        yield metrics
    finally:
        await metrics.close()
