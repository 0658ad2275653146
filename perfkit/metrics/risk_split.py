"""Risk split: what of the volatility moves with the benchmark, and what does not.

With the default ddof the two add up: systematic^2 + residual^2 = volatility^2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from perfkit.metrics.market_rows import MarketRows, market_rows
from perfkit.metrics.observations import per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.regression import fitted_line, inner, slope
from perfkit.metrics.returns import checked_periods, dispersion

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "ResidualOptions",
    "residual_of",
    "residual_volatility",
    "systematic_of",
    "systematic_risk",
]


class ResidualOptions(TypedDict, total=False):
    """What the sum of squared residuals is divided by.

    Attributes
    ----------
    ddof : int
        n less this: 1 as for volatility, 0 as Bacon, 2 as the error of a regression.
    """

    ddof: Literal[1, 0, 2]


@per_column
def residual_volatility(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf_per_period: Any = None,
    **how: Unpack[ResidualOptions],
) -> float:
    r"""Annualised deviation from what beta explains: the specific risk.

    .. math:: \sqrt{\frac{p}{n - ddof} \sum_t \left(e_t - \overline{e}\right)^2},
              \quad e = r - r_f - \beta (b - r_f)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.
    rf_per_period : float or array-like of shape (n,), optional
        Risk-free rate a period; a constant one changes nothing.
    **how
        ``ddof``, see `ResidualOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a year, at least 0; NaN below two common rows, with ddof 2 below
        three, or when the benchmark does not move.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, p. 75.

    Examples
    --------
    >>> market, own = [0.01, -0.02, 0.03], [0.02, -0.01, 0.03]
    >>> round(residual_volatility(own, market, periods=12), 4)
    0.0119
    """
    ddof = options_of(ResidualOptions, how)["ddof"]
    rows = market_rows(returns, benchmark, rf_per_period=rf_per_period)
    return residual_of(rows, periods, ddof)


@per_column
def systematic_risk(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf_per_period: Any = None,
) -> float:
    r"""Annualised volatility that comes from the benchmark.

    .. math:: |\beta| \, \sigma(b - r_f) \sqrt{p}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.
    rf_per_period : float or array-like of shape (n,), optional
        Risk-free rate a period; a constant one changes nothing.

    Returns
    -------
    float, or Series for a frame
        Fraction a year, at least 0; NaN below two common rows or when the
        benchmark does not move.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, p. 75.

    Examples
    --------
    >>> market, own = [0.01, -0.02, 0.03], [0.02, -0.01, 0.03]
    >>> round(systematic_risk(own, market, periods=12), 4)
    0.0711
    """
    rows = market_rows(returns, benchmark, rf_per_period=rf_per_period)
    return systematic_of(rows, periods)


def residual_of(rows: MarketRows, periods: float, ddof: int) -> float:
    """Measure the residual volatility on rows that are joined already."""
    line, scale = fitted_line(rows.excess, rows.market), math.sqrt(checked_periods(periods))
    if math.isnan(line.slope) or rows.n <= ddof:
        return math.nan
    spread = math.sqrt(inner(line.residuals, line.residuals) / (rows.n - ddof))
    return spread * line.size * scale


def systematic_of(rows: MarketRows, periods: float) -> float:
    """Measure the systematic risk on rows that are joined already."""
    risk = dispersion(rows.market) * math.sqrt(checked_periods(periods))
    return abs(slope(rows.excess, rows.market)) * risk
