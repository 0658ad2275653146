"""Omega: all that was gained for all that was lost, around a threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.downside import settled_excess
from perfkit.metrics.observations import observations, per_column
from perfkit.metrics.ratios import quotient
from perfkit.metrics.returns import rate_per_period, returns_and_rates

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["d_ratio", "gain_to_pain_ratio", "omega_ratio"]


@per_column
def omega_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    threshold: float = 0.0,
    threshold_annual: float | None = None,
    rf: float = 0.0,
    rf_per_period: Any = None,
) -> float:
    r"""Gains above a threshold over losses below it.

    .. math:: \frac{\sum_t \max(r_t - r_f - \theta, 0)}{\sum_t \max(\theta + r_f - r_t, 0)}

    Around 0 it is the Bernardo-Ledoit ratio and the profit factor of the returns.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, for the annual rates.
    threshold : float
        Return a period that parts gains from losses, above the risk-free rate.
    threshold_annual : float, optional
        The threshold a year instead, which compounds from that of a period.
    rf : float
        Risk-free rate a year.
    rf_per_period : float or array-like of shape (n,), optional
        The rate a period instead.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least 0; ``inf`` when nothing was lost, NaN when
        nothing was gained either.

    Raises
    ------
    InvalidArgumentError
        When both thresholds are given.

    References
    ----------
    .. [1] C. Keating and W. F. Shadwick (2002), "A Universal Performance
       Measure", *Journal of Performance Measurement* 6(3), 59-84.

    Examples
    --------
    >>> round(omega_ratio([0.03, -0.01, 0.01], periods=252), 4)
    4.0
    """
    if not math.isfinite(threshold):
        raise InvalidArgumentError(f"threshold must be a return a period, was {threshold}")
    if threshold_annual is not None:
        if threshold != 0.0:
            raise InvalidArgumentError(
                f"give threshold (a period) or threshold_annual, not both; were {threshold} "
                f"and {threshold_annual}"
            )
        threshold = rate_per_period(threshold_annual, periods, "threshold_annual")
    values, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    scaled, _ = settled_excess(values, rates + threshold)
    return quotient(float(scaled[scaled > 0.0].sum()), -float(scaled[scaled < 0.0].sum()))


@per_column
def gain_to_pain_ratio(returns: npt.ArrayLike) -> float:
    r"""Sum of all returns over the sum of the losing ones.

    .. math:: \frac{\sum_t r_t}{\sum_t \max(-r_t, 0)}

    It is the omega ratio around 0, less 1; Schwager reads it from months.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least -1; ``inf`` when nothing was lost, NaN when
        nothing was gained either.

    References
    ----------
    .. [1] J. D. Schwager (2012), *Hedge Fund Market Wizards*, Wiley, app. A.

    Examples
    --------
    >>> round(gain_to_pain_ratio([0.03, -0.01, 0.01]), 4)
    3.0
    """
    scaled, _ = settled_excess(observations(returns), 0.0)
    return quotient(float(scaled.sum()), -float(scaled[scaled < 0.0].sum()))


@per_column
def d_ratio(returns: npt.ArrayLike) -> float:
    r"""Losses over gains, each weighed by how many there are.

    .. math:: \frac{n_d \sum_t \max(-r_t, 0)}{n_u \sum_t \max(r_t, 0)}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, 0 when nothing was lost; ``inf`` when nothing was
        gained, NaN when nothing was lost either.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, p. 95.

    Examples
    --------
    >>> round(d_ratio([0.03, -0.01, 0.01]), 4)
    0.125
    """
    scaled, _ = settled_excess(observations(returns), 0.0)
    above, below = scaled[scaled > 0.0], scaled[scaled < 0.0]
    return quotient(-below.size * float(below.sum()), above.size * float(above.sum()))
