"""Single periods: the best, the worst, and how many of them were what."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.observations import observations, per_column

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["best_period", "positive_periods", "time_in_market", "worst_period"]


@per_column
def best_period(returns: npt.ArrayLike) -> float:
    """Largest return of a period.

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
    >>> best_period([0.02, -0.03])
    0.02
    """
    values = observations(returns)
    return float(values.max()) if values.size else math.nan


@per_column
def worst_period(returns: npt.ArrayLike) -> float:
    """Smallest return of a period.

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
    >>> worst_period([0.02, -0.03])
    -0.03
    """
    values = observations(returns)
    return float(values.min()) if values.size else math.nan


@per_column
def positive_periods(returns: npt.ArrayLike, *, threshold: float = 0.0) -> float:
    """Share of the periods that returned more than a threshold.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped and not counted.
    threshold : float
        Return of a period that must be exceeded.

    Returns
    -------
    float, or Series for a frame
        0 to 1; NaN when empty.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, p. 94.

    Examples
    --------
    >>> positive_periods([0.02, -0.03, 0.0, 0.01])
    0.5
    """
    if not math.isfinite(threshold):
        raise InvalidArgumentError(f"threshold must be a return a period, was {threshold}")
    values = observations(returns)
    return float(np.mean(values > threshold)) if values.size else math.nan


@per_column
def time_in_market(returns: npt.ArrayLike) -> float:
    """Share of the periods with any return: those that were not spent in cash.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped and not counted.

    Returns
    -------
    float, or Series for a frame
        0 to 1; NaN when empty.

    Examples
    --------
    >>> time_in_market([0.02, 0.0, 0.0, 0.01])
    0.5
    """
    values = observations(returns)
    return float(np.mean(values != 0.0)) if values.size else math.nan
