"""Downside: risk as falling short of what was asked for, and what was earned for it.

What was asked for is the risk-free rate, or any other rate in its place. Where
nothing fell short there is no risk: a gain for it is infinite, nothing is NaN.
"""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.metrics.observations import GUARD, Floats, normalised, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.ratios import MeanOptions, mean_excess, quotient
from perfkit.metrics.returns import returns_and_rates

__all__ = [
    "DenominatorOptions",
    "DownsideOptions",
    "SortinoOptions",
    "adjusted_sortino_ratio",
    "downside_deviation",
    "settled_excess",
    "shortfall",
    "sortino_ratio",
]


class DenominatorOptions(TypedDict, total=False):
    """Over which observations the shortfalls are averaged.

    Attributes
    ----------
    denominator : str
        ``all`` observations; only those ``below``; or ``spread_below``: the standard
        deviation (ddof 1) of those below, around their own mean.
    """

    denominator: Literal["all", "below", "spread_below"]


class DownsideOptions(DenominatorOptions, total=False):
    """Options of the downside deviation.

    Attributes
    ----------
    annualise : bool
        Whether it is a year's, or a period's.
    """

    annualise: Literal[True, False]


class SortinoOptions(DownsideOptions, MeanOptions, total=False):
    """Options of the Sortino ratio: those of its deviation, and of its mean."""


@per_column
def downside_deviation(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[DownsideOptions],
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
    **how
        ``denominator`` and ``annualise``, see `DownsideOptions`.

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
    chosen = options_of(DownsideOptions, how)
    values, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    scaled, scale = settled_excess(values, rates)
    years = periods if chosen["annualise"] else 1.0
    return shortfall(scaled, chosen["denominator"]) * scale * math.sqrt(years)


@per_column
def sortino_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[SortinoOptions],
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
    **how
        ``denominator``, ``annualise`` and ``mean``, see `SortinoOptions`.

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
    chosen = options_of(SortinoOptions, how)
    values, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    if values.size < 2:
        return math.nan
    count = periods if chosen["annualise"] else 1.0
    scaled, scale = settled_excess(values, rates)
    risk = shortfall(scaled, chosen["denominator"]) * math.sqrt(count)
    if chosen["mean"] == "arithmetic":
        return quotient(float(scaled.mean()) * count, risk)
    return quotient(mean_excess(values, rates, chosen["mean"], count) / scale, risk)


@per_column
def adjusted_sortino_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[SortinoOptions],
) -> float:
    r"""Sortino ratio over the square root of 2, on the scale of a Sharpe ratio.

    Returns that lie evenly around the rate then have the two ratios alike.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, p.
    rf : float
        Risk-free rate a year, which is the minimum acceptable return.
    rf_per_period : float or array-like of shape (n,), optional
        Minimum acceptable return a period instead.
    **how
        See `SortinoOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; undefined as `sortino_ratio`.

    References
    ----------
    .. [1] J. D. Schwager (2020), *Unknown Market Wizards*, Harriman House.

    Examples
    --------
    >>> annual = [0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04]
    >>> round(adjusted_sortino_ratio(annual, periods=1), 3)
    3.123
    """
    said = {"periods": periods, "rf": rf, "rf_per_period": rf_per_period, **how}
    return float(sortino_ratio(returns, **said)) / math.sqrt(2.0)


def settled_excess(values: Floats, rates: Any) -> tuple[Floats, float]:
    """Excess returns and their scale, exactly 0 where they are only rounding."""
    scaled, scale = normalised(values - rates, values)
    scaled[np.abs(scaled) <= GUARD] = 0.0
    return scaled, scale


def shortfall(scaled: Floats, denominator: str) -> float:
    """Size of the shortfalls among excess returns, by one of `DenominatorOptions`."""
    if not scaled.size:
        return math.nan
    below = scaled[scaled < 0.0]
    if denominator == "spread_below":
        if below.size < 2:
            return math.nan if below.size else 0.0
        spread = float(below.std(ddof=1))
        return spread if spread > GUARD else 0.0
    size = scaled.size if denominator == "all" else max(1, below.size)
    return math.sqrt(float((below * below).sum()) / size)
