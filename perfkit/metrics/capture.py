"""Capture: the share of the benchmark's rises and falls that a strategy took.

A period in which the benchmark did not move counts for neither side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.metrics.observations import Floats, aligned, per_column
from perfkit.metrics.ratios import quotient
from perfkit.metrics.returns import growth_rate

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["down_capture", "up_capture"]


@per_column
def up_capture(returns: npt.ArrayLike, benchmark: npt.ArrayLike, *, periods: float) -> float:
    r"""Growth over the periods in which the benchmark rose, for the benchmark's.

    .. math:: \frac{CAGR(r \mid b > 0)}{CAGR(b \mid b > 0)}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, 1 when both grew alike; NaN when the benchmark never
        rose.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley.

    Examples
    --------
    >>> round(up_capture([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    1.2885
    """
    values, market = aligned(returns, benchmark)
    return _capture(values[market > 0.0], market[market > 0.0], periods)


@per_column
def down_capture(returns: npt.ArrayLike, benchmark: npt.ArrayLike, *, periods: float) -> float:
    r"""Growth over the periods in which the benchmark fell, for the benchmark's.

    .. math:: \frac{CAGR(r \mid b < 0)}{CAGR(b \mid b < 0)}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, below 1 when less was lost; NaN when the benchmark
        never fell.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley.

    Examples
    --------
    >>> round(down_capture([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    0.5277
    """
    values, market = aligned(returns, benchmark)
    return _capture(values[market < 0.0], market[market < 0.0], periods)


def _capture(values: Floats, market: Floats, periods: float) -> float:
    return quotient(growth_rate(values, periods), growth_rate(market, periods))
