"""Catalogue entries that are read from returns beside a benchmark."""

from __future__ import annotations

from perfkit.metrics import benchmark, capture
from perfkit.metrics.metric import Metric

__all__ = ["BENCHMARK_METRICS"]

BENCHMARK_METRICS = (
    Metric(
        name="alpha",
        function=benchmark.alpha,
        unit="fraction a year",
        better="higher",
        formula="(1 + mean(r - rf - beta * (b - rf))) ** y - 1",
        source="Jensen (1968), Performance of Mutual Funds",
        needs="benchmark",
        minimum=2,
        undefined=("zero_variance", "ruin"),
    ),
    Metric(
        name="beta",
        function=benchmark.beta,
        unit="ratio",
        better="neither",
        formula="cov(r, b) / var(b)",
        source="Jensen (1968), Performance of Mutual Funds",
        needs="benchmark",
        minimum=2,
        undefined=("zero_variance",),
    ),
    Metric(
        name="correlation",
        function=benchmark.correlation,
        unit="ratio",
        better="neither",
        formula="cov(r, b) / (std(r) * std(b))",
        source="Pearson (1895), Notes on Regression",
        needs="benchmark",
        minimum=2,
        undefined=("zero_variance",),
    ),
    Metric(
        name="tracking_error",
        function=benchmark.tracking_error,
        unit="fraction a year",
        better="lower",
        formula="std(r - b, ddof=1) * sqrt(y)",
        source="Grinold and Kahn (1999), Active Portfolio Management",
        needs="benchmark",
        minimum=2,
    ),
    Metric(
        name="information_ratio",
        function=benchmark.information_ratio,
        unit="ratio",
        better="higher",
        formula="mean(r - b) / std(r - b, ddof=1) * sqrt(y)",
        source="Grinold and Kahn (1999), Active Portfolio Management",
        needs="benchmark",
        minimum=2,
        undefined=("zero_variance",),
    ),
    Metric(
        name="up_capture",
        function=capture.up_capture,
        unit="ratio",
        better="higher",
        formula="cagr(r | b > 0) / cagr(b | b > 0)",
        source="Bacon (2008), Practical Portfolio Performance Measurement",
        needs="benchmark",
        undefined=("ruin", "too_few"),
    ),
    Metric(
        name="down_capture",
        function=capture.down_capture,
        unit="ratio",
        better="lower",
        formula="cagr(r | b < 0) / cagr(b | b < 0)",
        source="Bacon (2008), Practical Portfolio Performance Measurement",
        needs="benchmark",
        undefined=("ruin", "too_few"),
    ),
)
