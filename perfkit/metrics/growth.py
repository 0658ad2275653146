"""Growth: how fast wealth grew, in a year or in a period."""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.observations import observations, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.returns import average, checked_periods, growth_rate

__all__ = [
    "NEEDS_DATES",
    "GrowthOptions",
    "annual_growth",
    "cagr",
    "compound",
    "geometric_mean_return",
    "mean_return",
]

# Options, and the value of each that is read from the dates of the returns.
NEEDS_DATES = frozenset({("years", "calendar")})


class GrowthOptions(TypedDict, total=False):
    """How growth is brought to a year.

    Attributes
    ----------
    growth : str
        ``compound``: what the wealth grew by; ``mean``: the mean return compounded over a
        year, ``(1 + mean) ** p - 1``; ``arithmetic``: p times the mean return.
    years : str
        ``periods``: n observations are n / p years; ``calendar``: from the first date of
        the series to its last, a first row without a return included.
    """

    growth: Literal["compound", "mean", "arithmetic"]
    years: Literal["periods", "calendar"]


@per_column
def cagr(
    returns: npt.ArrayLike,
    *,
    periods: float,
    days_in_year: float = 365.25,
    **how: Unpack[GrowthOptions],
) -> float:
    r"""Compound annual growth rate.

    .. math:: \left(\prod_t (1 + r_t)\right)^{p/n} - 1

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped and not counted in n.
    periods : float
        Periods in a year, p.
    days_in_year : float
        Days in a year of the calendar, where ``years="calendar"``.
    **how
        ``growth`` and ``years``, see `GrowthOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a year, at least -1. NaN when empty, or when more than
        everything was lost.

    Raises
    ------
    InvalidArgumentError
        When ``years="calendar"`` and the returns have no dates.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley.

    Examples
    --------
    >>> round(cagr([0.10, 0.10], periods=1), 4)
    0.1
    """
    chosen = options_of(GrowthOptions, how)
    return annual_growth(returns, periods, days_in_year, chosen["growth"], chosen["years"])


@per_column
def mean_return(returns: npt.ArrayLike) -> float:
    r"""Arithmetic mean of the returns.

    .. math:: \frac{1}{n} \sum_t r_t

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

    Returns
    -------
    float, or Series for a frame
        Fraction a period; NaN when empty.

    Examples
    --------
    >>> round(mean_return([0.10, -0.04]), 4)
    0.03
    """
    return average(observations(returns))


@per_column
def geometric_mean_return(returns: npt.ArrayLike) -> float:
    r"""Return a period that compounds to the whole.

    .. math:: \left(\prod_t (1 + r_t)\right)^{1/n} - 1

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

    Returns
    -------
    float, or Series for a frame
        Fraction a period, at most the arithmetic mean. NaN when empty, or
        when more than everything was lost.

    Examples
    --------
    >>> round(geometric_mean_return([0.10, -0.04]), 4)
    0.0276
    """
    return growth_rate(observations(returns), 1.0)


def annual_growth(
    returns: Any, periods: float, days_in_year: float, growth: str, years: str
) -> float:
    """Bring growth to a year, as `GrowthOptions` say."""
    values = observations(returns)
    count = checked_periods(periods)
    if years == "calendar":
        count = values.size / _elapsed(returns, days_in_year) if values.size else math.nan
    if not math.isfinite(count):
        return math.nan
    if growth == "compound":
        return growth_rate(values, count)
    mean = average(values)
    return mean * count if growth == "arithmetic" else compound(mean, count)


def compound(rate: float, times: float) -> float:
    """Compound a rate; NaN when more than everything is lost, infinite beyond float64."""
    if not rate >= -1.0:
        return math.nan
    with np.errstate(over="ignore"):
        return float(np.power(1.0 + rate, times) - 1.0)


def _elapsed(returns: Any, days_in_year: float) -> float:
    """Years between the first date and the last; NaN where no time passed."""
    if not isinstance(getattr(returns, "index", None), pd.DatetimeIndex):
        raise InvalidArgumentError(
            f"years='calendar' needs returns with dates, was {type(returns).__name__}; "
            "give a Series with a DatetimeIndex, or years='periods'"
        )
    if not 0.0 < days_in_year < math.inf:
        raise InvalidArgumentError(f"days_in_year must be > 0, was {days_in_year}; 365.25 or 365")
    days = (returns.index[-1] - returns.index[0]) / pd.Timedelta(days=1)
    return days / days_in_year if days > 0.0 else math.nan
