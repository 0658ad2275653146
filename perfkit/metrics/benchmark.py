"""Benchmark: what of a return is the market's, and what is the strategy's own.

Returns, benchmark and a series of risk-free rates are joined on the dates that
all have, bare columns by position; a row in which any is missing is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from perfkit.metrics.growth import compound
from perfkit.metrics.market_rows import MarketRows, market_rows
from perfkit.metrics.observations import Floats, aligned, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.regression import deviations, inner, slope
from perfkit.metrics.returns import average, checked_periods, growth_rate

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "AlphaOptions",
    "SideOptions",
    "alpha",
    "alpha_of",
    "beta",
    "compounded_mean",
    "correlation",
    "r_squared",
]


class SideOptions(TypedDict, total=False):
    """Which rows count.

    Attributes
    ----------
    side : str
        ``all``; ``up`` and ``down``: rows in which the benchmark rose or fell;
        ``above_rf`` and ``below_rf``: in which it beat the risk-free rate or fell short.
    """

    side: Literal["all", "up", "down", "above_rf", "below_rf"]


class AlphaOptions(SideOptions, total=False):
    """How alpha becomes a year's; and which rows count, see `SideOptions`.

    Attributes
    ----------
    annualise : str
        ``compound``: the mean of a period compounds over p; ``arithmetic``: p times the
        mean; ``per_period``: the mean itself; ``capm``: the return of a year less
        what the model grants it, both from compounded means; ``jensen``: both from growth rates.
    """

    annualise: Literal["compound", "arithmetic", "per_period", "capm", "jensen"]


@per_column
def beta(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    rf_per_period: Any = None,
    **how: Unpack[SideOptions],
) -> float:
    r"""Slope of the returns on the benchmark's.

    .. math:: \mathrm{cov}(r - r_f, b - r_f) / \mathrm{var}(b - r_f)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    rf_per_period : float or array-like of shape (n,), optional
        Risk-free rate a period; a constant one changes nothing where all rows count.
    **how
        ``side``, see `SideOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless. NaN below two common rows or when the benchmark does
        not move.

    References
    ----------
    .. [1] M. C. Jensen (1968), "The Performance of Mutual Funds in the Period
       1945-1964", *Journal of Finance* 23(2), 389-416.

    Examples
    --------
    >>> round(beta([0.02, -0.01, 0.03], [0.01, -0.02, 0.03]), 4)
    0.8158
    >>> round(beta([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], side="up"), 4)
    0.5
    """
    side = options_of(SideOptions, how)["side"]
    rows = market_rows(returns, benchmark, rf_per_period=rf_per_period).on_side(side)
    return slope(rows.excess, rows.market)


@per_column
def alpha(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[AlphaOptions],
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
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead; a Series is aligned by date.
    **how
        ``annualise`` and ``side``, see `AlphaOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a year; NaN where beta is, or when the mean is below -1.

    References
    ----------
    .. [1] M. C. Jensen (1968), "The Performance of Mutual Funds in the Period
       1945-1964", *Journal of Finance* 23(2), 389-416.

    Examples
    --------
    >>> round(alpha([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    0.099
    """
    said = options_of(AlphaOptions, how)
    rows = market_rows(returns, benchmark, periods=periods, rf=rf, rf_per_period=rf_per_period)
    return alpha_of(rows.on_side(said["side"]), periods, said["annualise"])


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
    x, y = (deviations(column)[0] for column in aligned(returns, benchmark))
    length = math.sqrt(inner(x, x) * inner(y, y))
    return max(-1.0, min(1.0, inner(x, y) / length)) if length > 0 else math.nan


@per_column
def r_squared(returns: npt.ArrayLike, benchmark: npt.ArrayLike) -> float:
    r"""Part of the variance of the returns that the benchmark explains.

    .. math:: \left(\frac{\mathrm{cov}(r, b)}{\sigma_r \sigma_b}\right)^2

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.

    Returns
    -------
    float, or Series for a frame
        0 to 1; NaN below two common rows or when either does not move.

    Examples
    --------
    >>> round(r_squared([0.02, -0.01, 0.03], [0.01, -0.02, 0.03]), 4)
    0.9727
    """
    return float(correlation(returns, benchmark)) ** 2


def alpha_of(rows: MarketRows, periods: float, annualise: str) -> float:
    """Measure alpha on rows that are joined already; see `AlphaOptions`."""
    count, steepness = checked_periods(periods), slope(rows.excess, rows.market)
    if math.isnan(steepness):
        return math.nan
    if annualise in ("capm", "jensen"):
        annual = growth_rate if annualise == "jensen" else compounded_mean
        rate = rows.annual_rate(count)
        granted = rate + steepness * (annual(rows.benchmark, count) - rate)
        return annual(rows.returns, count) - granted
    own = rows.excess - steepness * rows.market
    if annualise == "compound":
        return compounded_mean(own, count)
    return average(own) * (count if annualise == "arithmetic" else 1.0)


def compounded_mean(values: Floats, periods: float) -> float:
    """Compound the mean of a period to a year; NaN of none, or below -1."""
    return compound(average(values), checked_periods(periods))
