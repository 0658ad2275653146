"""Returns: how much was made, and how much it moved.

A return is simple and a period's; wealth starts at 1 before the first one.
`periods` is the number of periods in a year and is always said by the caller:
252 exchange days, 365 days of a market that never closes, 52 weeks, 12 months,
or 1 to leave the number a period's.
"""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict, Unpack

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
from perfkit.metrics.options import options_of
from perfkit.metrics.path import wealth

__all__ = [
    "SampleOptions",
    "average",
    "checked_periods",
    "dispersion",
    "excess_returns",
    "growth_rate",
    "rate_per_period",
    "returns_and_rates",
    "total_return",
    "volatility",
]


class SampleOptions(TypedDict, total=False):
    """How a sample stands for what it was drawn from.

    Attributes
    ----------
    ddof : int
        What is subtracted from n in a variance: 1 (unbiased) or 0.
    """

    ddof: Literal[1, 0]


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
def volatility(returns: npt.ArrayLike, *, periods: float, **how: Unpack[SampleOptions]) -> float:
    r"""Annualised standard deviation of the returns.

    .. math:: \sigma \sqrt{p}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, p.
    **how
        ``ddof``, see `SampleOptions`.

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
    ddof = options_of(SampleOptions, how)["ddof"]
    return dispersion(observations(returns), ddof=ddof) * math.sqrt(checked_periods(periods))


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
    values, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    excess: Floats = values - rates
    return excess


def returns_and_rates(
    returns: Any, periods: float, rf: float, rf_per_period: Any
) -> tuple[Floats, Any]:
    """Read returns, and the risk-free rate of each of their periods or of all.

    Returns
    -------
    tuple of ndarray and float or ndarray
        A Series of rates leaves only the dates that both have.

    Raises
    ------
    InvalidArgumentError
        When both rates are given, or a number is out of its range.
    """
    annual = rate_per_period(rf, periods)
    if rf_per_period is None:
        return observations(returns), annual
    if rf != 0.0:
        raise InvalidArgumentError(
            f"give rf (a year) or rf_per_period, not both; rf was {rf} beside rf_per_period"
        )
    if np.ndim(rf_per_period) == 0:
        if not -1.0 < rf_per_period < 1e3:
            raise InvalidArgumentError(
                f"rf_per_period must be a rate a period above -1, was {rf_per_period}; "
                "write 0.3 % as 0.003"
            )
        return observations(returns), float(rf_per_period)
    values, rates = aligned(returns, rf_per_period)
    return values, rates


def rate_per_period(rf: float, periods: float, name: str = "rf") -> float:
    """Turn an annual rate into the rate that compounds to it in a year."""
    count = checked_periods(periods)
    if not isinstance(rf, (int, float, np.integer, np.floating)):
        raise InvalidArgumentError(
            f"{name} must be one annual rate, a number, was a {type(rf).__name__}; "
            "rates by date are a period's: give them as rf_per_period"
        )
    if not -1.0 < rf < 1.0:
        raise InvalidArgumentError(
            f"{name} must be an annual rate above -1 and below 1, was {rf}; write 4 % as 0.04, "
            "and 100 % or more as rf_per_period"
        )
    return math.pow(1.0 + rf, 1.0 / count) - 1.0


def average(values: Floats) -> float:
    """Mean of numbers of any size; NaN of none."""
    if not values.size:
        return math.nan
    scaled, scale = normalised(values)
    return float(scaled.mean()) * scale


def dispersion(values: Floats, reference: Floats | None = None, ddof: int = 1) -> float:
    """Standard deviation, exactly 0 where it is only rounding.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite numbers.
    reference : ndarray, optional
        The numbers before something was subtracted, whose size sets the
        rounding.
    ddof : int
        What is subtracted from n.

    Returns
    -------
    float
        At least 0; NaN below two values.
    """
    if values.size < 2:
        return math.nan
    scaled, scale = normalised(values, reference)
    deviation = float(scaled.std(ddof=ddof))
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
    is_number = isinstance(periods, (int, float, np.integer, np.floating))
    if not (is_number and math.isfinite(periods) and periods >= 0.01):
        raise InvalidArgumentError(
            f"periods must be the number of periods in a year, >= 0.01, was {periods!r}; "
            "252 exchange days, 365 days, 52 weeks, 12 months"
        )
    return float(periods)
