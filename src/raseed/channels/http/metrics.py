"""Figures of what is delivered, for Prometheus: how much, how often again, in how many writes."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..receiving.intake import Intake


class HookFigures(Collector):
    """The figures of an intake; read from the event loop that counts them."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        items = CounterMetricFamily("raseed_hooks_items", "Items delivered.", labels=["what"])
        items.add_metric(["new"], self._intake.kept)
        items.add_metric(["repeated"], self._intake.repeated)
        yield items
        yield CounterMetricFamily("raseed_hooks_writes", "Writes that kept them.", value=self._intake.writes)
        yield GaugeMetricFamily(
            "raseed_hooks_waiting_bytes", "Content that waits to be written.", value=self._intake.waiting_bytes
        )
