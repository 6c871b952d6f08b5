"""The prover's figures for Prometheus, as its mapped files have them: how old what is proven is, and how much there is."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..prover.certificates import proofs


class ProofFigures(Collector):
    """The figures of every tree in this home."""

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        as_of = GaugeMetricFamily(
            "raseed_display_proven_as_of_seconds", "Unix time up to which all is proven.", labels=["tree"]
        )
        batch = GaugeMetricFamily("raseed_display_proven_batch", "Last batch of the ledger proven.", labels=["tree"])
        accounts = GaugeMetricFamily("raseed_display_proven_accounts", "Accounts with a leaf.", labels=["tree"])
        for tree, head in proofs().heads():
            as_of.add_metric([tree], head.as_of_us // 1_000_000)
            batch.add_metric([tree], head.batch)
            accounts.add_metric([tree], head.accounts)
        yield from (as_of, batch, accounts)
