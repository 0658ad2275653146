"""The same metrics over the same returns: perfkit's catalogue beside quantstats."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from benchmarks.timing import median_seconds
from perfkit.metrics import METRICS, compute

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

    peer = f"quantstats {quantstats.__version__}"
    answer = []
    for n in (2_520, 100_000):
        rng = np.random.default_rng(3)
        days = pd.date_range("1700-01-01", periods=n, freq="D")
        returns, market = (pd.Series(rng.standard_t(4, n) * 0.008 + 0.0003, days) for _ in range(2))
        trades = rng.normal(5.0, 100.0, n)
        what = f"the same {len(SHARED)} metrics, {n:,} returns"
        own = median_seconds(lambda r=returns: compute(r, metrics=list(SHARED), periods=252))
        answer.append((what, "perfkit", own * 1e3))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the peer's own deprecations
            theirs = median_seconds(lambda s=returns: _quantstats(s), runs=3)
            whole = median_seconds(lambda s=returns, b=market: _full_table(s, b), runs=3)
        answer.append((what, peer, theirs * 1e3))
        every = median_seconds(lambda r=returns, b=market: _everything(r, b))
        what = f"whole table beside a benchmark, {n:,}"
        answer.append((what, "perfkit", every * 1e3))
        answer.append((what, peer, whole * 1e3))
        every = median_seconds(lambda r=returns, b=market, t=trades: _everything(r, b, t))
        answer.append((f"all {len(METRICS)} metrics, and {n:,} trades", "perfkit", every * 1e3))
    return answer


def _everything(
    returns: pd.Series, market: pd.Series, trades: np.ndarray | None = None
) -> pd.DataFrame:
    return compute(returns, trades, metrics="all", periods=252, benchmark=market)


def _full_table(returns: pd.Series, market: pd.Series) -> pd.DataFrame:
    import quantstats

    return quantstats.reports.metrics(returns, benchmark=market, mode="full", display=False)


def _quantstats(series: pd.Series) -> list[float]:
    import quantstats

    return [float(getattr(quantstats.stats, name)(series)) for name in SHARED.values()]
