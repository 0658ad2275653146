"""Catalogue entries that say how far a track record can be believed."""

from __future__ import annotations

from perfkit.metrics.honesty import sharpe_inference
from perfkit.metrics.metric import Metric

__all__ = ["RECORD_METRICS"]

RECORD_METRICS = (
    Metric(
        name="probabilistic_sharpe_ratio",
        function=sharpe_inference.probabilistic_sharpe_ratio,
        unit="probability",
        better="higher",
        formula="Phi(s * sqrt(n - 1) / sqrt(1 - g3 * s + (g4 - 1) / 4 * s ** 2)), s a period's",
        source="Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier",
        needs="returns",
        undefined=("insufficient", "zero_variance"),
    ),
    Metric(
        name="minimum_track_record_length",
        function=sharpe_inference.minimum_track_record_length,
        unit="periods",
        better="lower",
        formula="1 + (1 - g3 * s + (g4 - 1) / 4 * s ** 2) * (Phi^-1(0.95) / s) ** 2",
        source="Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier",
        needs="returns",
        undefined=("insufficient", "zero_variance", "no_excess"),
    ),
)
