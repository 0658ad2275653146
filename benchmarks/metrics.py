"""The same metrics over the same returns: perfkit's catalogue beside quantstats."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from benchmarks.timing import median_seconds
from perfkit.metrics import compute

__all__ = ["rows"]

# the same nine questions: our name, the peer's
SHARED = {
    "total_return": "comp",
    "cagr": "cagr",
    "volatility": "volatility",
    "sharpe_ratio": "sharpe",
    "sortino_ratio": "sortino",
    "max_drawdown": "max_drawdown",
    "calmar_ratio": "calmar",
    "skewness": "skew",
    "kurtosis": "kurtosis",
}


def rows() -> list[tuple[str, str, float]]:
    """Give (what, who, milliseconds): ours and the peer's in turn."""
    import quantstats

    answer = []
    for n in (2_520, 100_000):
        rng = np.random.default_rng(3)
        returns = rng.standard_t(4, n) * 0.008 + 0.0003
        series = pd.Series(returns, pd.date_range("1700-01-01", periods=n, freq="D"))
        own = median_seconds(lambda r=returns: compute(r, metrics=list(SHARED), periods=252))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the peer's own deprecations
            peer = median_seconds(lambda s=series: _quantstats(s), runs=3)
        what = f"{len(SHARED)} metrics, {n:,} returns"
        answer.append((what, "perfkit", own * 1e3))
        answer.append((what, f"quantstats {quantstats.__version__}", peer * 1e3))
        trades = rng.normal(5.0, 100.0, n)
        every = median_seconds(lambda r=returns, t=trades: _everything(r, t))
        answer.append(
            (f"all {len(_everything(returns, trades))}, {n:,} returns", "perfkit", every * 1e3)
        )
    return answer


def _everything(returns: np.ndarray, trades: np.ndarray) -> pd.DataFrame:
    return compute(returns, trades, metrics="all", periods=252, benchmark=returns[::-1])


def _quantstats(series: pd.Series) -> list[float]:
    import quantstats

    return [float(getattr(quantstats.stats, name)(series)) for name in SHARED.values()]
