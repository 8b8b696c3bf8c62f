"""What the service counts of itself, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """One for each application: its registry is its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.batch = Histogram(
            "pairdex_search_batch_size", "Searches that were answered together.",
            buckets=_SIZES, registry=self.registry,
        )  # fmt: skip
        self.refused = Counter(
            "pairdex_search_refused", "Searches that found the queue full.", registry=self.registry
        )
        self._stages = Histogram(
            "pairdex_stage_seconds", "Seconds in each stage of the work.", ["stage"],
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip

    def stage(self, name: str, seconds: float) -> None:
        self._stages.labels(name).observe(seconds)
