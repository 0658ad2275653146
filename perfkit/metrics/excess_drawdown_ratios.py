"""Excess drawdown ratios: what was earned above the risk-free rate, for pain, ulcers and losses.

The rate is a year's and is taken from the growth of a year. Where it never
fell there is nothing to divide by: a gain for it is infinite, nothing is NaN.
"""

from __future__ import annotations

import math
from typing import Any, Literal, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.metrics.drawdown import PeakOptions, depths, spells
from perfkit.metrics.drawdown_averages import root_mean_square
from perfkit.metrics.drawdown_ratios import over_depth
from perfkit.metrics.growth import GrowthOptions, annual_growth, compound
from perfkit.metrics.observations import observations, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.path import wealth
from perfkit.metrics.returns import average, growth_rate, returns_and_rates

__all__ = [
    "BurkeOptions",
    "PainOptions",
    "UlcerRatioOptions",
    "burke_ratio",
    "pain_ratio",
    "ulcer_performance_index",
]


class PainOptions(PeakOptions, total=False):
    """Options of a ratio of growth and depth.

    Attributes
    ----------
    growth : str
        As `GrowthOptions` has it, or ``total``: the total return, not brought to a year.
    years : str
        As `GrowthOptions` has it.
    """

    growth: Literal["compound", "mean", "arithmetic", "total"]
    years: Literal["periods", "calendar"]


class UlcerRatioOptions(PainOptions, total=False):
    """Options of the ulcer performance index.

    Attributes
    ----------
    ddof : int
        What is subtracted from n in the ulcer index: 0 or 1.
    """

    ddof: Literal[0, 1]


class BurkeOptions(GrowthOptions, total=False):
    """Options of the Burke ratio.

    Attributes
    ----------
    losses : str
        ``runs``: losing returns in a row, added; ``drawdowns``: from peak to trough.
    """

    losses: Literal["runs", "drawdowns"]


@per_column
def pain_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    days_in_year: float = 365.25,
    **how: Unpack[PainOptions],
) -> float:
    r"""Annual growth above the risk-free rate, for the pain index.

    .. math:: \frac{CAGR - r_f}{\frac{1}{n} \sum_t d_t}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead, which is compounded to a year.
    days_in_year : float
        Days in a year of the calendar, where ``years="calendar"``.
    **how
        ``growth``, ``years`` and ``peak``, see `PainOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` for a gain without a drawdown, NaN for nothing
        made and nothing lost, when empty, or when more than everything was
        lost.

    References
    ----------
    .. [1] T. Becker (2006), "The Zephyr K-Ratio", Zephyr Associates.

    Examples
    --------
    >>> round(pain_ratio([-0.10, -0.10, 0.50], periods=3), 4)
    2.2241
    """
    chosen = options_of(PainOptions, how)
    gain = _annual_gain(returns, periods, rf, rf_per_period, days_in_year, chosen)
    depth = depths(observations(returns), chosen["peak"])
    return over_depth(gain, average(depth))


@per_column
def ulcer_performance_index(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    days_in_year: float = 365.25,
    **how: Unpack[UlcerRatioOptions],
) -> float:
    r"""Annual growth above the risk-free rate, for the ulcer index: the Martin ratio.

    .. math:: \frac{CAGR - r_f}{\sqrt{\frac{1}{n} \sum_t d_t^2}}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead, which is compounded to a year.
    days_in_year : float
        Days in a year of the calendar, where ``years="calendar"``.
    **how
        ``growth``, ``years``, ``peak`` and ``ddof``, see `UlcerRatioOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` for a gain without a drawdown, NaN for nothing
        made and nothing lost, when empty, or when more than everything was
        lost.

    References
    ----------
    .. [1] P. G. Martin and B. B. McCann (1989), *The Investor's Guide to
       Fidelity Funds*, Wiley.

    Examples
    --------
    >>> round(ulcer_performance_index([-0.10, -0.10, 0.50], periods=3), 4)
    1.7344
    """
    chosen = options_of(UlcerRatioOptions, how)
    gain = _annual_gain(returns, periods, rf, rf_per_period, days_in_year, chosen)
    depth = depths(observations(returns), chosen["peak"])
    return over_depth(gain, root_mean_square(depth, chosen["ddof"]))


@per_column
def burke_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    days_in_year: float = 365.25,
    **how: Unpack[BurkeOptions],
) -> float:
    r"""Annual growth above the risk-free rate, for the root of the squared losses.

    .. math:: \frac{CAGR - r_f}{\sqrt{\sum_j D_j^2}}

    with D the sum of the returns of each run of losing periods.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead, which is compounded to a year.
    days_in_year : float
        Days in a year of the calendar, where ``years="calendar"``.
    **how
        ``growth``, ``years`` and ``losses``, see `BurkeOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` for a gain without a loss, NaN for nothing made
        and nothing lost, when empty, or when more than everything was lost.

    References
    ----------
    .. [1] G. Burke (1994), "A Sharper Sharpe Ratio", *Futures* 23(3).
    .. [2] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, p. 90.

    Examples
    --------
    >>> round(burke_ratio([0.02, -0.03, -0.01, 0.05], periods=4), 4)
    0.712
    """
    chosen = options_of(BurkeOptions, how)
    gain = _annual_gain(returns, periods, rf, rf_per_period, days_in_year, chosen)
    values = observations(returns)
    if math.isnan(gain):
        return math.nan
    is_run = chosen["losses"] == "runs"
    lost = np.maximum(-values, 0.0) if is_run else depths(values, "start")
    starts, _ = spells(lost)
    if not starts.size:
        return over_depth(gain, 0.0)
    losses = (np.add if is_run else np.fmax).reduceat(lost, starts)
    return over_depth(gain, root_mean_square(losses, 0) * math.sqrt(losses.size))


def _annual_gain(
    returns: Any,
    periods: float,
    rf: float,
    rf_per_period: Any,
    days_in_year: float,
    chosen: dict[str, Any],
) -> float:
    _, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    if rf_per_period is None:
        annual = rf
    else:
        annual = compound(rates, periods) if np.ndim(rates) == 0 else growth_rate(rates, periods)
    if chosen["growth"] == "total":
        values = observations(returns)
        return float(wealth(values)[-1] - 1.0) - annual if values.size else math.nan
    growth = annual_growth(returns, periods, days_in_year, chosen["growth"], chosen["years"])
    return growth - annual
