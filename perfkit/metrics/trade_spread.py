"""Spread of closed round trips: how far their results scatter, and how sure their mean is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

from perfkit.metrics.observations import per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.returns import SampleOptions
from perfkit.metrics.trades import tally_of

if TYPE_CHECKING:
    from perfkit.metrics.trades import Trips

__all__ = [
    "expectancy_standard_error",
    "pnl_standard_deviation",
    "system_quality_number",
    "trade_sharpe_ratio",
]


@per_column
def pnl_standard_deviation(pnl: Trips) -> float:
    r"""Standard deviation of the round trips (ddof 1).

    .. math:: \sqrt{\frac{1}{n - 1} \sum_i (p_i - \overline{p})^2}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency, at least 0; NaN below two trips.

    Examples
    --------
    >>> round(pnl_standard_deviation([100.0, -50.0, 200.0, -100.0]), 4)
    137.6893
    """
    return tally_of(pnl).std


@per_column
def expectancy_standard_error(pnl: Trips) -> float:
    r"""Standard error of the mean round trip.

    .. math:: \frac{\sigma(p)}{\sqrt{n}}

    Two of them either way are where the true expectancy lies, as far as trips are
    independent of each other.

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Account currency, at least 0; NaN below two trips.

    Examples
    --------
    >>> round(expectancy_standard_error([100.0, -50.0, 200.0, -100.0]), 4)
    68.8446
    """
    tally = tally_of(pnl)
    return tally.std / math.sqrt(tally.n) if tally.n > 1 else math.nan


@per_column
def trade_sharpe_ratio(pnl: Trips) -> float:
    r"""Mean round trip for the standard deviation of round trips.

    .. math:: \frac{\overline{p}}{\sigma(p)}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, of one trip and not of a year; NaN below two trips or without
        dispersion.

    References
    ----------
    .. [1] R. Pardo (2008), *The Evaluation and Optimization of Trading
       Strategies*, 2nd ed., Wiley.

    Examples
    --------
    >>> round(trade_sharpe_ratio([100.0, -50.0, 200.0, -100.0]), 4)
    0.2724
    """
    tally = tally_of(pnl)
    return tally.mean / tally.std if tally.std > 0 else math.nan


@per_column
def system_quality_number(pnl: Trips, **how: Unpack[SampleOptions]) -> float:
    r"""Mean P&L in standard errors of it.

    It is the t statistic of the expectancy.

    .. math:: \sqrt{n} \, \frac{\overline{p}}{\sigma(p)}

    Parameters
    ----------
    pnl : array-like of shape (n_trips,), DataFrame or Tally
        Net P&L of each closed round trip, in the account currency; NaN is
        dropped.
    **how
        ``ddof``, see `SampleOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; NaN below two trips or without dispersion.

    References
    ----------
    .. [1] V. K. Tharp (2008), *The Definitive Guide to Position Sizing*.

    Examples
    --------
    >>> round(system_quality_number([100.0, -50.0, 200.0, -100.0]), 4)
    0.5447
    """
    ddof, tally = options_of(SampleOptions, how)["ddof"], tally_of(pnl)
    if not tally.std > 0:
        return math.nan
    spread = tally.std * math.sqrt((tally.n - 1) / (tally.n - ddof))
    return math.sqrt(tally.n) * tally.mean / spread
