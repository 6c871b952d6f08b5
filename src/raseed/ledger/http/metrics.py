"""Group commit's figures for Prometheus: how much waits, and what each lane has done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..commit import GroupCommit

_COUNTERS: Final = {
    "batches": "Transactions posted.",
    "transfers": "Transfers answered, posted or refused.",
    "seconds": "Time spent posting.",
    "again": "Transactions tried again because others stood in the way.",
    "reconnects": "Times the database was away and came back.",
    "unknown": "Commits whose outcome had to be found out.",
}


class GroupCommitFigures(Collector):
    """The figures of one group commit."""

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        yield GaugeMetricFamily("raseed_ledger_waiting_transfers", "Transfers that are queued.", self._commit.waiting)
        yield CounterMetricFamily("raseed_ledger_calls_refused", "Calls refused by a full queue.", self._commit.refused)
        for name, text in _COUNTERS.items():
            family = CounterMetricFamily(f"raseed_ledger_lane_{name}", text, labels=["lane"])
            for number, tally in enumerate(self._commit.tallies):
                family.add_metric([str(number)], getattr(tally, name))
            yield family
