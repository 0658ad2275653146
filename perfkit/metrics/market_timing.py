"""Market timing: whether beta was larger when the benchmark rose.

Both measures add a second regressor to the market model and read its coefficient.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from perfkit.metrics.market_rows import market_rows
from perfkit.metrics.observations import normalised, per_column
from perfkit.metrics.regression import fitted_line, slope

if TYPE_CHECKING:
    import numpy.typing as npt

    from perfkit.metrics.observations import Floats

__all__ = ["henriksson_merton", "treynor_mazuy"]


@per_column
def treynor_mazuy(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
) -> float:
    r"""Curvature of the returns in the benchmark's: Treynor and Mazuy's gamma.

    .. math:: r - r_f = \alpha + \beta (b - r_f) + \gamma (b - r_f)^2 + e

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year; it only turns `rf` into the rate of a period.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.

    Returns
    -------
    float, or Series for a frame
        For a return of a period: beta grows by twice gamma for a return of 1; above 0 for
        one who times the market well. NaN where the benchmark took fewer than three values.

    References
    ----------
    .. [1] J. L. Treynor and K. Mazuy (1966), "Can Mutual Funds Outguess the Market?",
       *Harvard Business Review* 44(4), 131-136.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.02]
    >>> round(treynor_mazuy([0.8 * b + 2.0 * b * b for b in market], market, periods=12), 6)
    2.0
    """
    rows = market_rows(returns, benchmark, periods=periods, rf=rf, rf_per_period=rf_per_period)
    market, step = normalised(rows.market)
    return _added(rows.excess, market, market * market) / step / step


@per_column
def henriksson_merton(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
) -> float:
    r"""Beta in rising markets above that in falling ones: Henriksson and Merton's gamma.

    .. math:: r - r_f = \alpha + \beta (b - r_f) + \gamma \max(r_f - b, 0) + e

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year; it only turns `rf` into the rate of a period.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; above 0 for one who times the market well: 1 for who holds it when
        it rises and nothing when it falls. NaN where the benchmark took no two values on
        one side of the risk-free rate and one on the other.

    References
    ----------
    .. [1] R. D. Henriksson and R. C. Merton (1981), "On Market Timing and Investment
       Performance. II", *Journal of Business* 54(4), 513-533.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, -0.01]
    >>> round(henriksson_merton([max(b, 0.0) for b in market], market, periods=12), 6)
    1.0
    """
    rows = market_rows(returns, benchmark, periods=periods, rf=rf, rf_per_period=rf_per_period)
    market, step = normalised(rows.market)
    return _added(rows.excess, market, np.maximum(-market, 0.0)) / step


def _added(values: Floats, first: Floats, second: Floats) -> float:
    """Regress on two columns and give the coefficient of the second (Frisch and Waugh)."""
    own = fitted_line(second, first)
    return slope(values, own.residuals * own.size) if not math.isnan(own.slope) else math.nan
