"""Collectors of OpenTelemetry's protocol: one that listens, one that never answers."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

Readings = dict[str, int]  # by value of the label


@dataclass
class Collector(MetricsServiceServicer):
    """Keeps what it was sent. `refuse` makes it answer that it is not available."""

    endpoint: str = ""
    refuse: bool = False
    refusals: int = 0
    requests: list[ExportMetricsServiceRequest] = field(default_factory=list)
    headers: dict[str, str | bytes] = field(default_factory=dict)
    _heard: threading.Condition = field(default_factory=threading.Condition)

    def Export(  # noqa: N802 - so the protocol calls it
        self, request: ExportMetricsServiceRequest, context: grpc.ServicerContext
    ) -> ExportMetricsServiceResponse:
        if self.refuse:
            with self._heard:
                self.refusals += 1
                self._heard.notify_all()
            context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        with self._heard:
            self.headers = dict(context.invocation_metadata())
            self.requests.append(request)
            self._heard.notify_all()
        return ExportMetricsServiceResponse()

    def wait_for_more(self, exports: int = 1, seconds: float = 20) -> None:
        with self._heard:
            wanted = len(self.requests) + exports
            assert self._heard.wait_for(lambda: len(self.requests) >= wanted, seconds)

    def wait_for_refusals(self, count: int, seconds: float = 20) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: self.refusals >= count, seconds)

    def wait_for(self, name: str, readings: Readings, seconds: float = 30) -> None:
        """Return when the last that was said of *name* has these readings."""
        deadline = time.monotonic() + seconds
        while not readings.items() <= self.last(name).items():
            assert time.monotonic() < deadline, f"{name} is {self.last(name)}"
            self.wait_for_more()

    @property
    def resource(self) -> dict[str, str]:
        attributes = self.requests[-1].resource_metrics[0].resource.attributes
        return {one.key: one.value.string_value for one in attributes}

    def names(self) -> set[str]:
        return {
            metric.name for request in self.requests for metric in _metrics(request)
        }

    def last(self, name: str, label: str = "queue") -> Readings:
        """Return what the last export said of *name*: nothing, if it did not."""
        if not self.requests:
            return {}
        return next(
            (
                _readings(metric, label)
                for metric in _metrics(self.requests[-1])
                if metric.name == name
            ),
            {},
        )


def _metrics(request: ExportMetricsServiceRequest) -> Iterator[Metric]:
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            yield from scope.metrics


def _readings(metric: Metric, label: str) -> Readings:
    points = metric.sum.data_points or metric.gauge.data_points
    return {_value(point.attributes, label): point.as_int for point in points}


def _value(attributes: Sequence[KeyValue], label: str) -> str:
    [only] = attributes
    assert only.key == label
    return only.value.string_value


@contextmanager
def running_collector(
    credentials: grpc.ServerCredentials | None = None,
) -> Iterator[Collector]:
    collector = Collector()
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        add_MetricsServiceServicer_to_server(  # type: ignore[no-untyped-call] # generated
            collector, server
        )
        if credentials is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        scheme = "http" if credentials is None else "https"
        collector.endpoint = f"{scheme}://127.0.0.1:{port}"
        try:
            yield collector
        finally:
            server.stop(None).wait(10)


@contextmanager
def hanging_collector() -> Iterator[str]:
    """Yield the endpoint of one that takes connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def absent_collector() -> Iterator[str]:
    """Yield an endpoint that nobody else can get and that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
