"""Metrics for OpenTelemetry's collectors. Imported only where that is chosen."""

from stackyard.adapters.telemetry.otlp import OpenTelemetry

__all__ = ["OpenTelemetry"]
