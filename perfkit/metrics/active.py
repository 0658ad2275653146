"""Active return: what was made above the benchmark, how steadily, and whether by more than luck."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from perfkit.metrics.benchmark import compounded_mean
from perfkit.metrics.newey_west import newey_west_error, newey_west_lags
from perfkit.metrics.observations import GUARD, aligned, normalised, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.returns import (
    SampleOptions,
    average,
    checked_periods,
    dispersion,
    growth_rate,
)

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "ActiveOptions",
    "InformationOptions",
    "active_return",
    "active_return_t_stat",
    "information_ratio",
    "tracking_error",
]


class ActiveOptions(TypedDict, total=False):
    """How the difference becomes a year's.

    Attributes
    ----------
    annualise : str
        ``growth``: difference of the growth rates; ``arithmetic``: p times the mean
        difference; ``compound_mean``: difference of the compounded means.
    """

    annualise: Literal["growth", "arithmetic", "compound_mean"]


class InformationOptions(TypedDict, total=False):
    """What is divided by what.

    Attributes
    ----------
    annualise : bool
        Whether a year's, or a period's, which is smaller by the square root of p.
    numerator : str
        ``mean_active``: mean active return; or the difference of a year's returns:
        ``geometric_annualised_difference`` (growth rates), ``compound_mean_difference``
        (compounded means).
    ddof : int
        Of the tracking error.
    """

    annualise: Literal[True, False]
    numerator: Literal["mean_active", "geometric_annualised_difference", "compound_mean_difference"]
    ddof: Literal[1, 0]


@per_column
def active_return(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    **how: Unpack[ActiveOptions],
) -> float:
    r"""Growth a year above the benchmark's, over the rows that both have.

    .. math:: CAGR(r) - CAGR(b)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.
    **how
        ``annualise``, see `ActiveOptions`.

    Returns
    -------
    float, or Series for a frame
        Fraction a year; NaN without common rows, or when more than everything was lost.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley.

    Examples
    --------
    >>> round(active_return([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    0.09
    """
    said = options_of(ActiveOptions, how)["annualise"]
    values, market = aligned(returns, benchmark)
    if said == "arithmetic":
        return average(values - market) * checked_periods(periods)
    annual = growth_rate if said == "growth" else compounded_mean
    return annual(values, periods) - annual(market, periods)


@per_column
def active_return_t_stat(
    returns: npt.ArrayLike, benchmark: npt.ArrayLike, *, lags: int | None = None
) -> float:
    r"""Mean active return in Newey-West standard errors of it.

    .. math:: \overline{r - b} \, / \, se_{NW}\left(\overline{r - b}\right)

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    lags : int, optional
        Neighbouring periods that are allowed to hang together; by default as many as
        `newey_west_lags` gives.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; beyond 2 either way it is hardly luck. NaN below two common rows or
        when the active return does not move.

    References
    ----------
    .. [1] W. K. Newey and K. D. West (1987), "A Simple, Positive Semi-Definite,
       Heteroskedasticity and Autocorrelation Consistent Covariance Matrix",
       *Econometrica* 55(3), 703-708.

    Examples
    --------
    >>> round(active_return_t_stat([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], lags=0), 4)
    2.0
    """
    values, market = aligned(returns, benchmark)
    scaled, _ = normalised(values - market, values)
    lags = newey_west_lags(scaled.size, lags)
    if scaled.size < 2 or float(scaled.std()) <= GUARD:
        return math.nan
    mean = float(scaled.mean())
    error = newey_west_error((scaled - mean) / scaled.size, lags=lags, estimated=1)
    return mean / error if error > GUARD else math.nan


@per_column
def tracking_error(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    **how: Unpack[SampleOptions],
) -> float:
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
    **how
        ``ddof``, see `SampleOptions`.

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
    ddof = options_of(SampleOptions, how)["ddof"]
    return dispersion(values - market, values, ddof) * math.sqrt(checked_periods(periods))


@per_column
def information_ratio(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    **how: Unpack[InformationOptions],
) -> float:
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
    **how
        ``annualise``, ``numerator`` and ``ddof``, see `InformationOptions`.

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
    said, count = options_of(InformationOptions, how), checked_periods(periods)
    values, market = aligned(returns, benchmark)
    scaled, unit = normalised(values - market, values)
    risk = float(scaled.std(ddof=said["ddof"])) if scaled.size > 1 else 0.0
    if not risk > GUARD:
        return math.nan
    gain = float(scaled.mean())
    if said["numerator"] != "mean_active":
        annual = growth_rate if said["numerator"].startswith("geometric") else compounded_mean
        gain = (annual(values, periods) - annual(market, periods)) / unit / count
    return gain / risk * (math.sqrt(count) if said["annualise"] else 1.0)
