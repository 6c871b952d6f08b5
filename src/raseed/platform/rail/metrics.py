"""Figures of a rail for Prometheus. Labels are routes, methods, statuses and names of ours: never a person's data."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

BOUNDS_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Requests(Collector):
    """Requests by route, method and status, and how long each route took; written by the event loop alone."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str, int], int] = defaultdict(int)
        self._times: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS_SECONDS) + 1))
        self._seconds: dict[str, float] = defaultdict(float)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request that was answered."""
        self._answered[route, method, status] += 1
        self._times[route][bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self._seconds[route] += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        answered = CounterMetricFamily(
            "raseed_rail_requests", "Requests answered.", labels=["route", "method", "status"]
        )
        for (route, method, status), count in sorted(self._answered.items()):
            answered.add_metric([route, method, str(status)], count)
        yield answered
        times = HistogramMetricFamily("raseed_rail_request_seconds", "From head to answer.", labels=["route"])
        for route, counts in sorted(self._times.items()):
            total, buckets = 0, []
            for bound, count in zip([*map(str, BOUNDS_SECONDS), "+Inf"], counts, strict=True):
                total += count
                buckets.append((bound, total))
            times.add_metric([route], buckets, self._seconds[route])
        yield times
