"""Partial moments: what lies above a rate, for what lies below it, a period."""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.downside import settled_excess, shortfall
from perfkit.metrics.observations import per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.ratios import quotient
from perfkit.metrics.returns import average, returns_and_rates

__all__ = [
    "UpsideOptions",
    "kappa_ratio",
    "prospect_ratio",
    "upside_potential_ratio",
    "volatility_skewness",
]


class UpsideOptions(TypedDict, total=False):
    """Over which observations both sides are averaged.

    Attributes
    ----------
    denominator : str
        ``all`` observations, or each side over those on its own side: ``below``.
    """

    denominator: Literal["all", "below"]


@per_column
def upside_potential_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    rf: float = 0.0,
    rf_per_period: Any = None,
    **how: Unpack[UpsideOptions],
) -> float:
    r"""Mean excess above the acceptable return for the deviation below it.

    .. math:: \frac{\frac{1}{n} \sum_t \max(r_t - r_f, 0)}
              {\sqrt{\frac{1}{n} \sum_t \min(r_t - r_f, 0)^2}}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, for the annual rate; the ratio is a period's.
    rf : float
        Minimum acceptable return a year.
    rf_per_period : float or array-like of shape (n,), optional
        Minimum acceptable return a period instead.
    **how
        ``denominator``, see `UpsideOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least 0; ``inf`` when nothing fell short, NaN when
        nothing rose above either.

    References
    ----------
    .. [1] F. Sortino, R. van der Meer and A. Plantinga (1999), "The Dutch
       Triangle", *Journal of Portfolio Management* 26(1), 50-57.

    Examples
    --------
    >>> round(upside_potential_ratio([0.03, -0.01], periods=12), 4)
    2.1213
    """
    kind = options_of(UpsideOptions, how)["denominator"]
    scaled, _ = settled_excess(*returns_and_rates(returns, periods, rf, rf_per_period))
    above = scaled[scaled > 0.0]
    size = scaled.size if kind == "all" else above.size
    potential = float(above.sum()) / size if size else 0.0
    return quotient(potential, shortfall(scaled, kind))


@per_column
def kappa_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    order: float = 3.0,
    rf: float = 0.0,
    rf_per_period: Any = None,
) -> float:
    r"""Mean excess return for the lower partial moment of any order.

    .. math:: \frac{\overline{r - r_f}}
              {\sqrt[k]{\frac{1}{n} \sum_t \max(r_f - r_t, 0)^k}}

    Order 1 is the omega ratio less 1 (the Omega-Sharpe ratio), order 2 the
    Sortino ratio of a period.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, for the annual rate; the ratio is a period's.
    order : float
        Order of the moment, k, above 0: the higher, the more the worst count.
    rf : float
        Minimum acceptable return a year.
    rf_per_period : float or array-like of shape (n,), optional
        Minimum acceptable return a period instead.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` when nothing fell short, NaN when nothing was
        made either, and when empty.

    References
    ----------
    .. [1] P. D. Kaplan and J. A. Knowles (2004), "Kappa: A Generalized
       Downside Risk-Adjusted Performance Measure", *Journal of Performance
       Measurement* 8, 42-54.

    Examples
    --------
    >>> round(kappa_ratio([0.03, -0.01], periods=12, order=1), 4)
    2.0
    """
    if not 0.0 < order < math.inf:
        raise InvalidArgumentError(f"order must be > 0, was {order}; 2 is Sortino's, 3 Kappa's")
    scaled, _ = settled_excess(*returns_and_rates(returns, periods, rf, rf_per_period))
    if not scaled.size:
        return math.nan
    below = -scaled[scaled < 0.0]
    worst = float(below.max(initial=0.0))
    if not worst:
        return quotient(float(scaled.mean()), 0.0)
    moment = min(1.0, float(np.power(below / worst, order).sum()) / scaled.size)
    return quotient(float(scaled.mean()), worst * math.pow(moment, 1.0 / order))


@per_column
def prospect_ratio(
    returns: npt.ArrayLike,
    *,
    periods: float,
    loss_aversion: float = 2.25,
    rf: float = 0.0,
    rf_per_period: Any = None,
) -> float:
    r"""Mean return with losses felt more than gains, for the downside deviation.

    .. math:: \frac{\frac{1}{n} \sum_t \left(\max(r_t, 0)
              + \lambda \min(r_t, 0)\right) - r_f}
              {\sqrt{\frac{1}{n} \sum_t \min(r_t - r_f, 0)^2}}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, for the annual rate; the ratio is a period's.
    loss_aversion : float
        How much more a loss is felt than a gain.
    rf : float
        Minimum acceptable return a year.
    rf_per_period : float or array-like of shape (n,), optional
        Minimum acceptable return a period instead.

    Returns
    -------
    float, or Series for a frame
        Dimensionless; ``inf`` when nothing fell short, NaN when nothing was
        made either, and when empty.

    References
    ----------
    .. [1] Y. Watanabe (2006), "Is Sharpe Ratio Still Effective?", *Journal of
       Performance Measurement* 11(1), 55-66.

    Examples
    --------
    >>> round(prospect_ratio([0.03, -0.01], periods=12), 4)
    0.5303
    """
    if not 0.0 <= loss_aversion < math.inf:
        raise InvalidArgumentError(
            f"loss_aversion must be a number >= 0, was {loss_aversion}; 1 feels both alike"
        )
    values, rates = returns_and_rates(returns, periods, rf, rf_per_period)
    scaled, scale = settled_excess(values, rates)
    if not scaled.size:
        return math.nan
    values, rates = values / scale, rates / scale
    felt = average(np.where(values < 0.0, loss_aversion * values, values) - rates)
    return quotient(felt if scaled.any() else 0.0, shortfall(scaled, "all"))


@per_column
def volatility_skewness(
    returns: npt.ArrayLike, *, periods: float, rf: float = 0.0, rf_per_period: Any = None
) -> float:
    r"""Variance above the acceptable return over the variance below it.

    .. math:: \frac{\sum_t \max(r_t - r_f, 0)^2}{\sum_t \min(r_t - r_f, 0)^2}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    periods : float
        Periods in a year, for the annual rate.
    rf : float
        Minimum acceptable return a year.
    rf_per_period : float or array-like of shape (n,), optional
        Minimum acceptable return a period instead.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, at least 0, above 1 for moves that are larger upwards;
        ``inf`` when nothing fell short, NaN when nothing rose above either.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, p. 97.

    Examples
    --------
    >>> round(volatility_skewness([0.03, -0.01], periods=12), 4)
    9.0
    """
    scaled, _ = settled_excess(*returns_and_rates(returns, periods, rf, rf_per_period))
    above, below = scaled[scaled > 0.0], scaled[scaled < 0.0]
    return quotient(float((above * above).sum()), float((below * below).sum()))
