"""Bootstrap: within what limits a metric's true value may lie.

The interval is the bias-corrected percentile interval of the stationary bootstrap,
widened for the size of the sample. `benchmarks/honesty.py` holds the choice against the
plain percentile, basic and accelerated ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from perfkit.metrics.honesty.enough import checked_draws, checked_level, shortfall, too_small
from perfkit.metrics.honesty.percentile_interval import bounds_of_draws
from perfkit.metrics.honesty.resampling import block_length, drawn_positions
from perfkit.metrics.observations import Floats, aligned, observations
from perfkit.metrics.returns import dispersion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Interval", "confidence_interval", "intervals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A metric's value and the limits within which its true value may lie.

    Attributes
    ----------
    value : float
        The metric of the sample.
    low, high : float
        NaN where `reason` says why.
    level : float
        In how many of many samples such an interval holds the true value.
    n : int
        Observations of the sample.
    draws : int
        Resamples it was read from.
    block : float
        Mean block length of the resamples, in observations; NaN where none was drawn.
    reason : str, optional
        ``insufficient``: the sample is too small, or the metric hangs on so few of its
        observations that resamples can't show how far it may lie. ``zero_variance``: no
        column moves. ``undefined``: the metric has no finite value on the sample.
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    draws: int
    block: float
    reason: str | None = None

    @property
    def verdict(self) -> str:
        """The interval in words."""
        if self.reason == "insufficient":
            if too_small(self.n):
                return shortfall(self.n)
            return f"insufficient: the value hangs on too few of the {self.n:,} observations"
        if self.reason == "zero_variance":
            return "zero_variance: the observations do not move, so nothing can be resampled"
        if self.reason is not None:
            return "undefined: there is no finite value to put an interval around"
        return f"{self.low:.4g} to {self.high:.4g} ({self.level:.0%}, n={self.n:,})"


def confidence_interval(
    returns: Any,
    metric: Callable[..., float],
    *,
    level: float = 0.95,
    draws: int = 1_000,
    block: float | None = None,
    seed: int = 0,
) -> Interval:
    """Confidence interval of a metric by the stationary bootstrap.

    Parameters
    ----------
    returns : array-like of shape (n,), or tuple of them
        What the metric is measured on; NaN is dropped. Several columns, such as returns
        and a benchmark, are paired by date and resampled together.
    metric : callable
        Takes the columns as float64 arrays and returns a number.
    level : float
        Confidence, in (0, 1).
    draws : int
        Resamples.
    block : float, optional
        Mean block length in observations; estimated where it isn't given.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Interval
        NaN with the reason ``insufficient`` below 30 observations.

    Raises
    ------
    InvalidArgumentError
        For a level, a number of draws or a block length out of its range.

    Notes
    -----
    Measured coverage of 95 % intervals of mean, Sharpe, Sortino and Omega ratio: 92 to 97 %
    from 30 observations on, normal, t(4) or AR(1) of 0.2; of a 5 % value at risk 92 to
    96 % from 60 on. What fat tails make needs more: the 5 % expected shortfall is answered
    from some 200 observations on and covered in 89 to 92 %, the volatility of t(4) returns
    in 81 % at 30 and 88 % at 250. A drawdown or a streak hangs on the order of all
    observations and has no such interval: ask `drawdown_odds`.

    References
    ----------
    .. [1] D. N. Politis and J. P. Romano (1994), "The Stationary Bootstrap", *Journal of
       the American Statistical Association* 89(428), 1303-1313.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.tile([0.02, -0.01, 0.01, 0.00], 15)
    >>> confidence_interval(returns, np.mean).verdict
    '0.003667 to 0.006333 (95%, n=60)'
    >>> confidence_interval([0.02], np.mean).verdict
    'insufficient: 1 of at least 30 observations'
    """
    columns = returns if isinstance(returns, tuple) else (returns,)
    arrays = _aligned_columns(columns)
    found = _measured(arrays, {"metric": metric}, checked_draws(draws), block=block, seed=seed)
    return _interval(found, 0, checked_level(level), draws)


def intervals(
    columns: Any,
    metrics: Mapping[str, Callable[..., float]],
    *,
    level: float = 0.95,
    draws: int = 1_000,
    block: float | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Confidence intervals of many metrics from one set of resamples.

    Parameters
    ----------
    columns : array-like of shape (n,), or tuple of them
        As `confidence_interval` takes them; every metric is given all of them.
    metrics : mapping of str to callable
        By name.
    level, draws, block, seed
        As for `confidence_interval`.

    Returns
    -------
    DataFrame
        Indexed by metric: ``value``, ``low``, ``high``, ``n`` and ``reason``.

    Examples
    --------
    >>> import numpy as np
    >>> table = intervals(np.tile([0.02, -0.01], 30), {"mean": np.mean, "worst": np.min})
    >>> table["reason"].fillna("").to_dict()
    {'mean': '', 'worst': 'insufficient'}
    """
    given = columns if isinstance(columns, tuple) else (columns,)
    arrays = _aligned_columns(given)
    found = _measured(arrays, metrics, checked_draws(draws), block=block, seed=seed)
    checked_level(level)
    rows = [_interval(found, i, level, draws) for i in range(len(metrics))]
    return pd.DataFrame(
        {
            "value": [r.value for r in rows],
            "low": [r.low for r in rows],
            "high": [r.high for r in rows],
            "n": [r.n for r in rows],
            "reason": [r.reason for r in rows],
        },
        index=pd.Index(list(metrics), name="metric"),
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """Metrics of a sample and of its resamples."""

    values: Floats
    drawn: Floats
    n: int
    block: float
    reason: str | None = None


def _measured(
    arrays: tuple[Floats, ...],
    metrics: Mapping[str, Callable[..., float]],
    draws: int,
    *,
    block: float | None,
    seed: int,
) -> _Measured:
    n = arrays[0].size
    values = _values(metrics, arrays) if n else np.full(len(metrics), math.nan)
    none = np.empty((0, len(metrics)))
    if too_small(n):
        return _Measured(values, none, n, math.nan, "insufficient")
    if not any(dispersion(array) for array in arrays):
        return _Measured(values, none, n, math.nan, "zero_variance")
    length = block_length(np.column_stack(arrays), block)
    drawn = np.empty((draws, len(metrics)))
    for row, positions in enumerate(drawn_positions(n, length, draws, seed)):
        drawn[row] = _values(metrics, [array[positions] for array in arrays])
    return _Measured(values, drawn, n, length)


def _values(metrics: Mapping[str, Callable[..., float]], arrays: Sequence[Floats]) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # such as no loss drawn
        return np.array([metric(*arrays) for metric in metrics.values()], dtype=np.float64)


def _interval(found: _Measured, column: int, level: float, draws: int) -> Interval:
    value, reason, bounds = float(found.values[column]), found.reason, None
    if reason is None and not math.isfinite(value):
        reason = "undefined"
    if reason is None:
        drawn = found.drawn[:, column]
        bounds = bounds_of_draws(value, drawn, level=level, effective=found.n / found.block)
        reason = "insufficient" if bounds is None else None
    low, high = bounds or (math.nan, math.nan)
    return Interval(
        value=value, low=low, high=high, level=level, n=found.n, draws=draws, block=found.block,
        reason=reason,
    )  # fmt: skip


def _aligned_columns(columns: tuple[Any, ...]) -> tuple[Floats, ...]:
    return (observations(columns[0]),) if len(columns) == 1 else aligned(*columns)
