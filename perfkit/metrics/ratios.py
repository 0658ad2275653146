"""Ratios: return for risk.

The risk-free rate is subtracted observation by observation before anything
is measured. Where risk is a dispersion, none of it is NaN; where it is a loss,
none of it is infinity for a gain and NaN for nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from perfkit.metrics.observations import GUARD, Floats, normalised, observations, per_column
from perfkit.metrics.path import Path
from perfkit.metrics.returns import excess_returns, growth_rate

__all__ = ["calmar_ratio", "downside_deviation", "quotient", "sharpe_ratio", "sortino_ratio"]


@per_column
def sharpe_ratio(
    returns: npt.ArrayLike, *, periods: float, rf: float = 0.0, rf_per_period: Any = None
) -> float:
    r"""Mean excess return for its standard deviation, annualised.

    .. math:: \frac{\overline{r - r_f}}{\sigma(r - r_f)} \sqrt{p}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, p; 1 leaves the ratio a period's.
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.

    Returns
    -------
    float, or Series for a frame
        Dimensionless. NaN below two observations or without dispersion.

    References
    ----------
    .. [1] W. F. Sharpe (1994), "The Sharpe Ratio", *Journal of Portfolio
       Management* 21(1), 49-58.

    Examples
    --------
    >>> round(sharpe_ratio([0.01, 0.03, -0.01], periods=252), 3)
    7.937
    """
    excess = excess_returns(returns, periods=periods, rf=rf, rf_per_period=rf_per_period)
    scaled, _ = normalised(excess, observations(returns))
    risk = float(scaled.std(ddof=1)) if scaled.size > 1 else 0.0
    return float(scaled.mean()) / risk * math.sqrt(periods) if risk > GUARD else math.nan


@per_column
def downside_deviation(
    returns: npt.ArrayLike, *, periods: float, rf: float = 0.0, rf_per_period: Any = None
) -> float:
    r"""Root mean square of the shortfalls below the acceptable return, annualised.

    .. math:: \sqrt{\frac{p}{n} \sum_t \min(r_t - r_f, 0)^2}

    The mean is over **all** n observations, not only the losing ones.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, p.
    rf : float
        Minimum acceptable return a year.
    rf_per_period : float or array-like of shape (n,), optional
        Minimum acceptable return a period instead.

    Returns
    -------
    float, or Series for a frame
        Fraction a year, at least 0; NaN when empty.

    References
    ----------
    .. [1] F. A. Sortino and L. N. Price (1994), "Performance Measurement in a
       Downside Risk Framework", *Journal of Investing* 3(3), 59-64.

    Examples
    --------
    >>> round(downside_deviation([0.03, -0.01], periods=1), 5)
    0.00707
    """
    excess = excess_returns(returns, periods=periods, rf=rf, rf_per_period=rf_per_period)
    return _shortfall(excess, observations(returns)) * math.sqrt(periods)


@per_column
def sortino_ratio(
    returns: npt.ArrayLike, *, periods: float, rf: float = 0.0, rf_per_period: Any = None
) -> float:
    r"""Mean excess return for its downside deviation, annualised.

    .. math:: \frac{\overline{r - r_f}}
              {\sqrt{\frac{1}{n} \sum_t \min(r_t - r_f, 0)^2}} \sqrt{p}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, p; 1 leaves the ratio a period's.
    rf : float
        Risk-free rate a year, which is the minimum acceptable return.
    rf_per_period : float or array-like of shape (n,), optional
        Minimum acceptable return a period instead.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` when nothing fell short, NaN when nothing was
        made either, and below two observations.

    References
    ----------
    .. [1] T. Rollinger and S. Hoffman (2013), "Sortino: A 'Sharper' Ratio",
       Red Rock Capital.

    Examples
    --------
    >>> annual = [0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04]
    >>> round(sortino_ratio(annual, periods=1), 3)
    4.417
    """
    excess = excess_returns(returns, periods=periods, rf=rf, rf_per_period=rf_per_period)
    if excess.size < 2:
        return math.nan
    reference = observations(returns)
    _, scale = normalised(excess, reference)
    mean, risk = float((excess / scale).mean()), _shortfall(excess, reference) / scale
    return quotient(mean if abs(mean) > GUARD or risk else 0.0, risk) * math.sqrt(periods)


@per_column
def calmar_ratio(returns: npt.ArrayLike, *, periods: float) -> float:
    r"""Compound annual growth for the maximum drawdown, over the whole history.

    .. math:: \frac{CAGR}{MDD}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` for a gain without a drawdown, NaN for nothing
        made and nothing lost, when empty, or when more than everything was
        lost.

    References
    ----------
    .. [1] T. W. Young (1991), "Calmar Ratio: A Smoother Tool", *Futures* 20(1).

    Examples
    --------
    >>> round(calmar_ratio([0.10, -0.05, 0.10], periods=3), 2)
    2.99
    """
    values = observations(returns)
    return quotient(growth_rate(values, periods), Path.of_returns(values).max_drawdown)


def quotient(numerator: float, denominator: float) -> float:
    """Divide as IEEE 754 does: x/0 is infinite, 0/0 is NaN."""
    if denominator != 0.0:
        return numerator / denominator
    return math.copysign(math.inf, numerator) if abs(numerator) > 0.0 else math.nan


def _shortfall(excess: Floats, reference: Floats) -> float:
    if not excess.size:
        return math.nan
    scaled, scale = normalised(excess, reference)
    risk = float(np.sqrt(np.mean(np.minimum(scaled, 0.0) ** 2)))
    return risk * scale if risk > GUARD else 0.0
