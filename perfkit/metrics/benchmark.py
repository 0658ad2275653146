"""Benchmark: what of a return is the market's, and what is the strategy's own.

Two Series are joined on the dates that both have, arrays by position; a
row in which either is missing is left out of both.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from perfkit.metrics.observations import GUARD, Floats, aligned, normalised, per_column
from perfkit.metrics.returns import (
    checked_periods,
    dispersion,
    rate_per_period,
)

__all__ = [
    "alpha",
    "beta",
    "correlation",
    "information_ratio",
    "tracking_error",
]


@per_column
def beta(returns: npt.ArrayLike, benchmark: npt.ArrayLike) -> float:
    r"""Slope of the returns on the benchmark's.

    .. math:: \mathrm{cov}(r, b) / \mathrm{var}(b)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.

    Returns
    -------
    float, or Series for a frame
        Dimensionless. NaN below two common rows or when the benchmark does
        not move. A constant risk-free rate would not change it.

    References
    ----------
    .. [1] M. C. Jensen (1968), "The Performance of Mutual Funds in the Period
       1945-1964", *Journal of Finance* 23(2), 389-416.

    Examples
    --------
    >>> round(beta([0.02, -0.01, 0.03], [0.01, -0.02, 0.03]), 4)
    0.8158
    """
    return _slope(*aligned(returns, benchmark))


@per_column
def alpha(
    returns: npt.ArrayLike, benchmark: npt.ArrayLike, *, periods: float, rf: float = 0.0
) -> float:
    r"""Return above what beta explains, compounded to a year.

    .. math:: \left(1 + \overline{r - r_f - \beta (b - r_f)}\right)^p - 1

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.
    rf : float
        Risk-free rate a year, subtracted from both.

    Returns
    -------
    float, or Series for a frame
        Fraction a year; NaN where beta is, or when the mean is -1 or less.

    References
    ----------
    .. [1] M. C. Jensen (1968), "The Performance of Mutual Funds in the Period
       1945-1964", *Journal of Finance* 23(2), 389-416.

    Examples
    --------
    >>> round(alpha([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    0.099
    """
    values, market = aligned(returns, benchmark)
    rate, slope = rate_per_period(rf, periods), _slope(values, market)
    if math.isnan(slope):
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(np.mean(values - rate - slope * (market - rate)))
        return float(np.power(1.0 + mean, periods) - 1.0) if mean > -1.0 else math.nan


@per_column
def correlation(returns: npt.ArrayLike, benchmark: npt.ArrayLike) -> float:
    r"""Pearson correlation with the benchmark.

    .. math:: \mathrm{cov}(r, b) / (\sigma_r \sigma_b)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.

    Returns
    -------
    float, or Series for a frame
        -1 to 1; NaN below two common rows or when either does not move.

    Examples
    --------
    >>> round(correlation([0.02, -0.01, 0.03], [0.01, -0.02, 0.03]), 4)
    0.9862
    """
    x, y = (_deviations(column)[0] for column in aligned(returns, benchmark))
    length = math.sqrt(float(x @ x) * float(y @ y))
    return max(-1.0, min(1.0, float(x @ y) / length)) if length > 0 else math.nan


@per_column
def tracking_error(returns: npt.ArrayLike, benchmark: npt.ArrayLike, *, periods: float) -> float:
    r"""Annualised standard deviation of the active return (ddof 1).

    .. math:: \sigma(r - b) \sqrt{p}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.

    Returns
    -------
    float, or Series for a frame
        Fraction a year, at least 0; NaN below two common rows.

    References
    ----------
    .. [1] R. C. Grinold and R. N. Kahn (1999), *Active Portfolio Management*,
       2nd ed., McGraw-Hill.

    Examples
    --------
    >>> round(tracking_error([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    0.02
    """
    values, market = aligned(returns, benchmark)
    return dispersion(values - market, values) * math.sqrt(checked_periods(periods))


@per_column
def information_ratio(returns: npt.ArrayLike, benchmark: npt.ArrayLike, *, periods: float) -> float:
    r"""Mean active return for its standard deviation, annualised.

    .. math:: \frac{\overline{r - b}}{\sigma(r - b)} \sqrt{p}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; NaN below two common rows or when the active return
        does not move.

    References
    ----------
    .. [1] R. C. Grinold and R. N. Kahn (1999), *Active Portfolio Management*,
       2nd ed., McGraw-Hill.

    Examples
    --------
    >>> round(information_ratio([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    4.0
    """
    values, market = aligned(returns, benchmark)
    scaled, _ = normalised(values - market, values)
    risk = float(scaled.std(ddof=1)) if scaled.size > 1 else 0.0
    scale = math.sqrt(checked_periods(periods))
    return float(scaled.mean()) / risk * scale if risk > GUARD else math.nan


def _slope(values: Floats, market: Floats) -> float:
    (own, size), (moves, step) = _deviations(values), _deviations(market)
    variance = float(moves @ moves)
    return float(moves @ own) / variance * (size / step) if variance > 0 else math.nan


def _deviations(values: Floats) -> tuple[Floats, float]:
    """Deviations from the mean and their scale; all 0 where they are only rounding."""
    scaled, scale = normalised(values)
    if scaled.size < 2 or float(scaled.std()) <= GUARD:
        return np.zeros_like(scaled), scale
    return scaled - scaled.mean(), scale
