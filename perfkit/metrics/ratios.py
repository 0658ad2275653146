"""Ratios: return for its dispersion.

The risk-free rate is subtracted observation by observation before anything
is measured. Without a dispersion there is no ratio: it is NaN.
"""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.growth import compound
from perfkit.metrics.observations import Floats, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.returns import (
    SampleOptions,
    average,
    dispersion,
    growth_rate,
    returns_and_rates,
)
from perfkit.metrics.shape import moments

__all__ = [
    "AdjustedSharpeOptions",
    "MeanOptions",
    "SharpeOptions",
    "adjusted_sharpe_ratio",
    "kelly_fraction",
    "mean_excess",
    "quotient",
    "sharpe_ratio",
]


class MeanOptions(TypedDict, total=False):
    """Which mean of the excess returns stands above the bar.

    Attributes
    ----------
    mean : str
        ``arithmetic``: the mean; ``geometric``: the rate at which the excess returns
        compound; ``compound_mean``: the mean return compounded over a year, less the
        rate of that year.
    """

    mean: Literal["arithmetic", "geometric", "compound_mean"]


class SharpeOptions(MeanOptions, SampleOptions, total=False):
    """Options of the Sharpe ratio, beside those of its mean and its deviation.

    Attributes
    ----------
    annualise : bool
        Whether the ratio is a year's, or a period's.
    """

    annualise: Literal[True, False]


class AdjustedSharpeOptions(MeanOptions, SampleOptions, total=False):
    """Options of the adjusted Sharpe ratio.

    Attributes
    ----------
    moments : str
        ``biased`` skewness and kurtosis, or ``unbiased``.
    """

    moments: Literal["biased", "unbiased"]


@per_column
def sharpe_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[SharpeOptions],
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
    **how
        ``annualise``, ``mean`` and ``ddof``, see `SharpeOptions`.

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
    chosen = options_of(SharpeOptions, how)
    values, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    count = periods if chosen["annualise"] else 1.0
    return _sharpe(values, rates, count, chosen["mean"], chosen["ddof"])


@per_column
def adjusted_sharpe_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[AdjustedSharpeOptions],
) -> float:
    r"""Sharpe ratio that pays for skewness and is charged for fat tails.

    .. math:: S \left(1 + \frac{g_1}{6} S - \frac{g_2}{24} S^2\right)

    with the annual Sharpe ratio S and the skewness and excess kurtosis of the
    excess returns of a period.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, p.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead.
    **how
        ``mean``, ``ddof`` and ``moments``, see `AdjustedSharpeOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless. NaN below two observations (four for unbiased moments)
        or without dispersion.

    References
    ----------
    .. [1] J. Pezier and A. White (2006), "The Relative Merits of Investable
       Hedge Fund Indices and of Funds of Hedge Funds in Optimal Passive
       Portfolios", ICMA Centre DP 2006-10.

    Examples
    --------
    >>> round(adjusted_sharpe_ratio([0.01, 0.03, -0.01, 0.02], periods=1), 4)
    0.712
    """
    chosen = options_of(AdjustedSharpeOptions, how)
    values, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    ratio = _sharpe(values, rates, periods, chosen["mean"], chosen["ddof"])
    skew, excess_kurtosis = moments(values - rates, chosen["moments"])
    return ratio * (1.0 + skew / 6.0 * ratio - excess_kurtosis / 24.0 * ratio * ratio)


@per_column
def kelly_fraction(
    returns: npt.ArrayLike,
    *,
    periods: float,
    fraction: float = 0.5,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[SampleOptions],
) -> float:
    r"""Leverage at which wealth grows fastest, and a part of it.

    .. math:: f \, \frac{\overline{r - r_f}}{\sigma^2(r - r_f)}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, for the annual rate.
    fraction : float
        The part, f: half Kelly by default, 1 is the whole.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead.
    **how
        ``ddof``, see `SampleOptions`.

    Returns
    -------
    float, or Series for a frame
        Multiple of the capital, negative for a bet that loses. NaN below two
        observations or without dispersion.

    References
    ----------
    .. [1] E. O. Thorp (2006), "The Kelly Criterion in Blackjack, Sports
       Betting and the Stock Market", *Handbook of Asset and Liability
       Management* 1, 385-428.

    Examples
    --------
    >>> round(kelly_fraction([0.01, 0.03, -0.01], periods=252), 2)
    12.5
    """
    if not math.isfinite(fraction):
        raise InvalidArgumentError(f"fraction must be a number, was {fraction}; half Kelly is 0.5")
    values, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    risk = dispersion(values - rates, values, options_of(SampleOptions, how)["ddof"])
    return fraction * (average(values - rates) / risk) / risk if risk > 0.0 else math.nan


def quotient(numerator: float, denominator: float) -> float:
    """Divide as IEEE 754 does: x/0 is infinite, 0/0 is NaN."""
    if denominator != 0.0:
        return numerator / denominator
    return math.copysign(math.inf, numerator) if abs(numerator) > 0.0 else math.nan


def mean_excess(values: Floats, rates: Any, mean: str, count: float) -> float:
    """Excess return over `count` periods, by one of `MeanOptions`."""
    if mean == "arithmetic":
        return average(values - rates) * count
    if mean == "geometric":
        return growth_rate(values - rates, count)
    rate = float(rates) if np.ndim(rates) == 0 else average(rates)
    return compound(average(values), count) - compound(rate, count)


def _sharpe(values: Floats, rates: Any, count: float, mean: str, ddof: int) -> float:
    # the mean that is compounded is not of the excess, and so is its deviation
    moved = values if mean == "compound_mean" else values - rates
    risk = dispersion(moved, values, ddof)
    if not risk > 0.0:
        return math.nan
    return mean_excess(values, rates, mean, count) / risk / math.sqrt(count)
