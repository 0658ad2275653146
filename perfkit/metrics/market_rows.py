"""Market rows: returns, a benchmark's and the risk-free rate, on the rows that all have.

Series are joined on the dates that all of them have; bare columns are paired
by position. A row in which anything is missing is left out of everything.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.observations import Floats, aligned
from perfkit.metrics.returns import checked_periods, growth_rate, rate_per_period

__all__ = ["MarketRows", "market_rows"]


class MarketRows(NamedTuple):
    """Rows of which everything is known.

    Attributes
    ----------
    returns, benchmark : ndarray of shape (n,)
        Simple returns a period.
    rates : float or ndarray of shape (n,)
        Risk-free rate a period.
    """

    returns: Floats
    benchmark: Floats
    rates: float | Floats

    @property
    def n(self) -> int:
        """How many rows remain."""
        return int(self.returns.size)

    @property
    def excess(self) -> Floats:
        """Returns above the risk-free rate."""
        return self._above(self.returns)

    @property
    def market(self) -> Floats:
        """The benchmark's returns above the risk-free rate."""
        return self._above(self.benchmark)

    def _above(self, column: Floats) -> Floats:
        is_free = isinstance(self.rates, float) and self.rates == 0.0
        return column if is_free else column - self.rates

    def on_side(self, side: str) -> Self:
        """Keep the rows of one side of the market; see `SideOptions` of `benchmark`."""
        if side == "all":
            return self
        moves = self.market if side.endswith("_rf") else self.benchmark
        kept = moves > 0.0 if side in ("up", "above_rf") else moves < 0.0
        rates = self.rates[kept] if isinstance(self.rates, np.ndarray) else self.rates
        return type(self)(self.returns[kept], self.benchmark[kept], rates)

    def annual_rate(self, periods: float) -> float:
        """Give the rate a year: what the rates of a period compound to."""
        if isinstance(self.rates, np.ndarray):
            return growth_rate(self.rates, periods)
        with np.errstate(over="ignore"):
            return float(np.expm1(checked_periods(periods) * math.log1p(self.rates)))


def market_rows(
    returns: Any,
    benchmark: Any,
    *,
    periods: float = 1.0,
    rf: float = 0.0,
    rf_per_period: Any = None,
) -> MarketRows:
    """Join returns, a benchmark and the risk-free rate.

    Parameters
    ----------
    returns, benchmark : array-like of shape (n,)
        Simple returns a period.
    periods : float
        Periods in a year.
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is joined by date, as the third column.

    Raises
    ------
    InvalidArgumentError
        When both rates are given, one is out of its range, or the columns can't be
        paired: different lengths, mixed time zones, dates that are only some columns'.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=3, freq="D")
    >>> rows = market_rows(
    ...     pd.Series([0.02, 0.01, 0.03], days),
    ...     pd.Series([0.01, 0.02], days[1:]),
    ...     rf_per_period=pd.Series([0.001, 0.001], days[:2]),
    ... )
    >>> rows.n, round(float(rows.market[0]), 6)
    (1, 0.009)
    """
    rate = rate_per_period(rf, periods)
    if rf_per_period is None:
        values, market = aligned(returns, benchmark)
        return MarketRows(values, market, rate)
    if rf != 0.0:
        raise InvalidArgumentError(
            f"give rf (a year) or rf_per_period, not both; rf was {rf} beside rf_per_period"
        )
    if np.ndim(rf_per_period) > 0:
        values, market, rates = aligned(returns, benchmark, rf_per_period)
        return MarketRows(values, market, rates)
    if not -1.0 < rf_per_period < 1e3:
        raise InvalidArgumentError(
            f"rf_per_period must be a rate above -1, was {rf_per_period}; write 0.3 % as 0.003"
        )
    values, market = aligned(returns, benchmark)
    return MarketRows(values, market, float(rf_per_period))
