"""Drawdown ratios: what was earned for the falls on the way.

Where it never fell there is nothing to divide by: a gain for it is infinite,
nothing is NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, Unpack

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.drawdown import PeakOptions, largest_depth
from perfkit.metrics.growth import GrowthOptions, annual_growth
from perfkit.metrics.observations import GUARD, observations, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.path import wealth
from perfkit.metrics.ratios import quotient
from perfkit.metrics.returns import average

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "CalmarOptions",
    "RecoveryOptions",
    "calmar_ratio",
    "over_depth",
    "recovery_factor",
    "sterling_ratio",
]


class CalmarOptions(GrowthOptions, PeakOptions, total=False):
    """Options of a ratio of growth and drawdown: those of either."""


class RecoveryOptions(PeakOptions, total=False):
    """Options of the recovery factor.

    Attributes
    ----------
    gain : str
        ``total``: the total return; ``sum``: the sum of the returns.
    """

    gain: Literal["total", "sum"]


@per_column
def calmar_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    window: float | None = None,
    days_in_year: float = 365.25,
    **how: Unpack[CalmarOptions],
) -> float:
    r"""Compound annual growth for the maximum drawdown.

    .. math:: \frac{CAGR}{MDD}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year.
    window : float, optional
        Years up to the last observation, all of them by default; the original
        paper takes 3.
    days_in_year : float
        Days in a year of the calendar, where ``years="calendar"``.
    **how
        ``growth``, ``years`` and ``peak``, see `CalmarOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` for a gain without a drawdown, NaN for nothing
        made and nothing lost, when empty, or when more than everything was
        lost.

    Raises
    ------
    InvalidArgumentError
        When a window is counted in years of the calendar.

    References
    ----------
    .. [1] T. W. Young (1991), "Calmar Ratio: A Smoother Tool", *Futures* 20(1).

    Examples
    --------
    >>> round(calmar_ratio([0.10, -0.05, 0.10], periods=3), 2)
    2.99
    """
    chosen = options_of(CalmarOptions, how)
    values: Any = observations(returns)
    if window is None:
        growth = annual_growth(returns, periods, days_in_year, chosen["growth"], chosen["years"])
    else:
        if chosen["years"] == "calendar" or not 1.0 <= window * periods < math.inf:
            raise InvalidArgumentError(
                f"window must be a number of years of at least one period, with years='periods'; "
                f"was {window} with years={chosen['years']!r}"
            )
        values = values[-round(window * periods) :]
        growth = annual_growth(values, periods, days_in_year, chosen["growth"], "periods")
    return over_depth(growth, largest_depth(values, chosen["peak"]))


@per_column
def sterling_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    excess: float = 0.10,
    days_in_year: float = 365.25,
    **how: Unpack[CalmarOptions],
) -> float:
    r"""Compound annual growth for the maximum drawdown and 10 %.

    .. math:: \frac{CAGR}{MDD + 0.1}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year.
    excess : float
        Fraction that is added to the drawdown, so that a short history
        without one is not praised beyond measure.
    days_in_year : float
        Days in a year of the calendar, where ``years="calendar"``.
    **how
        ``growth``, ``years`` and ``peak``, see `CalmarOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; NaN when empty, or when more than everything was lost.

    References
    ----------
    .. [1] D. Jones (1981), Deane Sterling Jones Company; here with the
       maximum drawdown of the whole history, as in R PerformanceAnalytics.

    Examples
    --------
    >>> round(sterling_ratio([0.10, -0.05, 0.10], periods=3), 2)
    1.0
    """
    if not 0.0 <= excess < math.inf:
        raise InvalidArgumentError(f"excess must be a fraction >= 0, was {excess}; 10 % is 0.10")
    chosen = options_of(CalmarOptions, how)
    growth = annual_growth(returns, periods, days_in_year, chosen["growth"], chosen["years"])
    return over_depth(growth, largest_depth(observations(returns), chosen["peak"]) + excess)


@per_column
def recovery_factor(returns: npt.ArrayLike, **how: Unpack[RecoveryOptions]) -> float:
    r"""Total return for the maximum drawdown.

    .. math:: \frac{\prod_t (1 + r_t) - 1}{MDD}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    **how
        ``gain`` and ``peak``, see `RecoveryOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, negative for a loss; ``inf`` for a gain without a
        drawdown, NaN for nothing made and nothing lost, and when empty.

    Examples
    --------
    >>> round(recovery_factor([0.10, -0.05, 0.10]), 2)
    2.99
    """
    chosen = options_of(RecoveryOptions, how)
    values = observations(returns)
    if chosen["gain"] == "total":
        gain = float(wealth(values)[-1] - 1.0)
    else:
        gain = average(values) * values.size
    return over_depth(gain, largest_depth(values, chosen["peak"]))


def over_depth(gain: float, depth: float) -> float:
    """Divide by a depth, which is 0 where it is rounding."""
    return quotient(gain, 0.0 if depth <= GUARD else depth)
