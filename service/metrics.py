"""What the service counts of itself, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """One for each application: its registry is its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._batches = Histogram(
            "pairdex_batch_size", "Requests that were worked off together.", ["kind"],
            buckets=_SIZES, registry=self.registry,
        )  # fmt: skip
        self._refused = Counter(
            "pairdex_refused", "Requests that found a queue full.", ["kind"], registry=self.registry
        )
        self._stages = Histogram(
            "pairdex_stage_seconds", "Seconds in each stage of the work.", ["stage"],
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._requests = Histogram(
            "pairdex_request_seconds", "Seconds from a request's head to the end of its answer.",
            ["method", "route", "status"], buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.errors = Counter(
            "pairdex_errors", "Requests that were refused or failed, by the type of the problem.",
            ["type"], registry=self.registry,
        )  # fmt: skip
        self.in_flight = Gauge(
            "pairdex_requests_in_flight", "Requests that are not answered yet.",
            registry=self.registry,
        )  # fmt: skip
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def batch(self, kind: str, size: int) -> None:
        self._batches.labels(kind).observe(size)

    def refused(self, kind: str) -> None:
        self._refused.labels(kind).inc()

    def stage(self, name: str, seconds: float) -> None:
        self._stages.labels(name).observe(seconds)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A figure that is read when somebody asks for it."""
        Gauge(name, meaning, registry=self.registry).set_function(read)
