"""Returns: how much was made, and how much it moved.

A return is simple and a period's; wealth starts at 1 before the first one.
`periods` is the number of periods in a year and is always said by the caller:
252 exchange days, 365 days of a market that never closes, 52 weeks, 12 months,
or 1 to leave the number a period's.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.observations import (
    GUARD,
    Floats,
    aligned,
    normalised,
    observations,
    per_column,
)
from perfkit.metrics.path import wealth

__all__ = [
    "PERIODS_PER_YEAR",
    "cagr",
    "compounded",
    "dispersion",
    "excess_returns",
    "growth_rate",
    "rate_per_period",
    "total_return",
    "volatility",
]

# 252 = average number of NYSE sessions a year; weeks and months of the calendar.
PERIODS_PER_YEAR = MappingProxyType({"daily": 252.0, "weekly": 52.0, "monthly": 12.0})
MONDAY = np.datetime64("1970-01-05", "D")


@per_column
def total_return(returns: npt.ArrayLike) -> float:
    r"""Gain over the whole span as a fraction of the start.

    .. math:: \prod_t (1 + r_t) - 1

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

    Returns
    -------
    float, or Series for a frame
        At least -1 unless more than everything was lost: nothing compounds
        after a return of -1 or less. NaN when empty.

    Examples
    --------
    >>> round(total_return([0.10, -0.50]), 4)
    -0.45
    """
    values = observations(returns)
    return float(wealth(values)[-1] - 1.0) if values.size else math.nan


@per_column
def cagr(returns: npt.ArrayLike, *, periods: float) -> float:
    r"""Compound annual growth rate.

    .. math:: \left(\prod_t (1 + r_t)\right)^{p/n} - 1

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped and not counted in n.
    periods : float
        Periods in a year, p.

    Returns
    -------
    float, or Series for a frame
        Fraction a year, at least -1. NaN when empty, or when more than
        everything was lost.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley.

    Examples
    --------
    >>> round(cagr([0.10, 0.10], periods=1), 4)
    0.1
    """
    return growth_rate(observations(returns), periods)


@per_column
def volatility(returns: npt.ArrayLike, *, periods: float) -> float:
    r"""Annualised standard deviation of the returns (ddof 1).

    .. math:: \sigma \sqrt{p}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, p.

    Returns
    -------
    float, or Series for a frame
        Fraction a year, at least 0, and exactly 0 for a constant series; NaN
        below two observations.

    Examples
    --------
    >>> round(volatility([0.01, 0.03], periods=12), 4)
    0.049
    """
    return dispersion(observations(returns)) * math.sqrt(checked_periods(periods))


def compounded(
    returns: npt.ArrayLike, days: npt.ArrayLike, *, period: str
) -> tuple[Floats, npt.NDArray[np.datetime64]]:
    """Compound daily returns into weeks or months.

    Parameters
    ----------
    returns : array-like of shape (n,)
        Simple daily returns; NaN is dropped.
    days : array-like of shape (n,)
        Trading days, ascending.
    period : str
        ``daily``, ``weekly`` (Monday to Sunday) or ``monthly``.

    Returns
    -------
    tuple of ndarray
        One return for each period that has a day, and that period's last
        day. The first and last may be part of a week or month.

    Raises
    ------
    InvalidArgumentError
        When the period is none of the three.
    """
    if period not in PERIODS_PER_YEAR:
        raise InvalidArgumentError(
            f"period must be one of {', '.join(PERIODS_PER_YEAR)}, was {period!r}; "
            "select the days first for a span of your own"
        )
    values, dates = np.asarray(returns, np.float64), np.asarray(days, "M8[D]")
    values, dates = values[~np.isnan(values)], dates[~np.isnan(values)]
    if not values.size or period == "daily":
        return values, dates
    months = dates.astype("M8[M]").astype(np.int64)
    group = months if period == "monthly" else (dates - MONDAY).astype(np.int64) // 7
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    last = np.append(first[1:], values.size) - 1
    with np.errstate(over="ignore"):
        grown: Floats = np.multiply.reduceat(1.0 + values, first)
    return grown - 1.0, dates[last]


def excess_returns(
    returns: Any, *, periods: float, rf: float = 0.0, rf_per_period: Any = None
) -> Floats:
    r"""Returns above the risk-free rate, period by period.

    .. math:: r_t - \left((1 + r_f)^{1/p} - 1\right)

    Parameters
    ----------
    returns : array-like of shape (n,)
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, p.
    rf : float
        Risk-free rate a **year**: 0.04 is 4 %.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.

    Returns
    -------
    ndarray of shape (n_valid,)

    Raises
    ------
    InvalidArgumentError
        When both rates are given, or a number is out of its range.
    """
    annual = rate_per_period(rf, periods)
    if rf_per_period is None:
        return observations(returns) - annual
    if rf != 0.0:
        raise InvalidArgumentError(
            f"give rf (a year) or rf_per_period, not both; rf was {rf} beside rf_per_period"
        )
    if np.ndim(rf_per_period) == 0:
        return observations(returns) - observations([rf_per_period])
    values, rates = aligned(returns, rf_per_period)
    return values - rates


def rate_per_period(rf: float, periods: float) -> float:
    """Turn an annual rate into the rate that compounds to it in a year."""
    count = checked_periods(periods)
    if not -1.0 < rf < 1e3:
        raise InvalidArgumentError(
            f"rf must be an annual rate above -1, was {rf}; write 4 % as 0.04"
        )
    return math.pow(1.0 + rf, 1.0 / count) - 1.0


def dispersion(values: Floats, reference: Floats | None = None) -> float:
    """Sample standard deviation (ddof 1), exactly 0 where it is only rounding.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite numbers.
    reference : ndarray, optional
        The numbers before something was subtracted, whose size sets the
        rounding.

    Returns
    -------
    float
        At least 0; NaN below two values.
    """
    if values.size < 2:
        return math.nan
    scaled, scale = normalised(values, reference)
    deviation = float(scaled.std(ddof=1))
    return deviation * scale if deviation > GUARD else 0.0


def growth_rate(values: Floats, periods: float) -> float:
    """Annual rate at which returns compounded; NaN of none, or beyond ruin."""
    count = checked_periods(periods)
    end = wealth(values)[-1]
    if not values.size or end < 0.0:
        return math.nan
    with np.errstate(over="ignore"):
        return float(np.power(end, count / values.size) - 1.0)


def checked_periods(periods: float) -> float:
    """Refuse what can't be a number of periods in a year."""
    if not (math.isfinite(periods) and periods >= 0.01):
        raise InvalidArgumentError(
            f"periods must be the number of periods in a year, >= 0.01, was {periods}; "
            "252 exchange days, 365 days, 52 weeks, 12 months"
        )
    return float(periods)
