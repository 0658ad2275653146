"""The same metrics over the same returns: perfkit's catalogue beside quantstats."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from benchmarks.timing import median_seconds
from perfkit.metrics import compute

__all__ = ["rows"]

# what both have, by quantstats' names
SHARED = (
    "comp", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar",
    "skew", "kurtosis", "omega", "tail_ratio", "ulcer_index",
)  # fmt: skip


def rows() -> list[tuple[str, str, float]]:
    """Give (what, who, milliseconds)."""
    import quantstats

    answer = []
    for n in (2_520, 100_000):
        rng = np.random.default_rng(3)
        returns = rng.standard_t(4, n) * 0.008 + 0.0003
        trades = rng.normal(5.0, 100.0, n)
        own = median_seconds(lambda r=returns, t=trades: compute(r, t, metrics="all", periods=252))
        names = len(compute(returns, trades, metrics="all", periods=252))
        answer.append((f"all {names} metrics, {n:,} points", "perfkit", own * 1e3))
        index = pd.date_range("1700-01-01", periods=n, freq="D")
        series = pd.Series(returns, index)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the peer's own deprecations
            peer = median_seconds(lambda s=series: _quantstats(s), runs=3)
        who = f"quantstats {quantstats.__version__}"
        answer.append((f"{len(SHARED)} metrics, {n:,} points", who, peer * 1e3))
    return answer


def _quantstats(series: pd.Series) -> list[float]:
    import quantstats

    return [float(getattr(quantstats.stats, name)(series)) for name in SHARED]
