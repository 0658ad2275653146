"""Capture: the share of the benchmark's rises and falls that a strategy took.

By default a period in which the benchmark did not move counts for neither side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from perfkit.metrics.observations import Floats, aligned, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.path import wealth
from perfkit.metrics.ratios import quotient
from perfkit.metrics.returns import checked_periods, growth_rate

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["CaptureOptions", "capture_ratio", "down_capture", "total_capture", "up_capture"]


class CaptureOptions(TypedDict, total=False):
    """What of a side is compared, and where a benchmark at rest belongs.

    Attributes
    ----------
    method : str
        ``cagr``: growth a year; ``cumulative_geometric``: total return;
        ``arithmetic_sum``: sum of the returns.
    zero_benchmark : str
        ``neither``; ``down``: a period in which it did not move counts as a fall.
    """

    method: Literal["cagr", "cumulative_geometric", "arithmetic_sum"]
    zero_benchmark: Literal["neither", "down"]


@per_column
def up_capture(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    **how: Unpack[CaptureOptions],
) -> float:
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
    **how
        ``method`` and ``zero_benchmark``, see `CaptureOptions`.

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
    said = options_of(CaptureOptions, how)
    values, market = aligned(returns, benchmark)
    return _capture(values, market, market > 0.0, periods, said["method"])


@per_column
def down_capture(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    **how: Unpack[CaptureOptions],
) -> float:
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
    **how
        ``method`` and ``zero_benchmark``, see `CaptureOptions`.

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
    said = options_of(CaptureOptions, how)
    values, market = aligned(returns, benchmark)
    fell = market <= 0.0 if said["zero_benchmark"] == "down" else market < 0.0
    return _capture(values, market, fell, periods, said["method"])


@per_column
def capture_ratio(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike,
    *,
    periods: float,
    **how: Unpack[CaptureOptions],
) -> float:
    r"""Up-capture for down-capture.

    .. math:: \frac{CAGR(r \mid b > 0)}{CAGR(b \mid b > 0)} \bigg/
              \frac{CAGR(r \mid b < 0)}{CAGR(b \mid b < 0)}

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period, r.
    benchmark : array-like of shape (n,)
        The benchmark's, b.
    periods : float
        Periods in a year, p.
    **how
        ``method`` and ``zero_benchmark``, see `CaptureOptions`.

    Returns
    -------
    float, or Series for a frame
        Dimensionless, above 1 when more of the rises was taken than of the falls, below 0
        when one of the two was answered by the other way; NaN when the benchmark never
        rose or never fell.

    References
    ----------
    .. [1] Morningstar (2024), *Upside and Downside Capture Ratios*, methodology paper.

    Examples
    --------
    >>> round(capture_ratio([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    2.4416
    """
    up = float(up_capture(returns, benchmark, periods=periods, **how))
    return quotient(up, float(down_capture(returns, benchmark, periods=periods, **how)))


@per_column
def total_capture(returns: npt.ArrayLike, benchmark: npt.ArrayLike, *, periods: float) -> float:
    r"""Growth over all periods, for the benchmark's.

    .. math:: \frac{CAGR(r)}{CAGR(b)}

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
        Dimensionless, 1 when both grew alike; infinite or NaN when the benchmark ended
        where it began.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley.

    Examples
    --------
    >>> round(total_capture([0.02, -0.01, 0.03], [0.01, -0.02, 0.03], periods=12), 4)
    2.1209
    """
    values, market = aligned(returns, benchmark)
    return quotient(growth_rate(values, periods), growth_rate(market, periods))


def _capture(
    values: Floats, market: Floats, side: npt.NDArray[np.bool_], periods: float, method: str
) -> float:
    own, other = (_gain(column[side], periods, method) for column in (values, market))
    return quotient(own, other)


def _gain(values: Floats, periods: float, method: str) -> float:
    if method == "cagr":
        return growth_rate(values, periods)
    checked_periods(periods)
    return float(values.sum() if method == "arithmetic_sum" else wealth(values)[-1] - 1.0)
