"""Averages of drawdowns: over time (pain, ulcer, the worst part) and over the falls."""

from __future__ import annotations

import math
from typing import Literal, Unpack

import numpy as np
import numpy.typing as npt

from perfkit.metrics.drawdown import DrawdownOptions, PeakOptions, depths, spells
from perfkit.metrics.observations import Floats, normalised, observations, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.returns import average
from perfkit.metrics.tail import checked_tail, mean_of_worst

__all__ = [
    "UlcerOptions",
    "average_drawdown",
    "average_drawdown_length",
    "conditional_drawdown_at_risk",
    "pain_index",
    "root_mean_square",
    "ulcer_index",
]


class UlcerOptions(PeakOptions, total=False):
    """Options of the ulcer index.

    Attributes
    ----------
    unit : str
        ``fraction``, or ``percent``: 100 times that.
    ddof : int
        What is subtracted from n: 0 or 1.
    """

    unit: Literal["fraction", "percent"]
    ddof: Literal[0, 1]


@per_column
def pain_index(returns: npt.ArrayLike, **how: Unpack[PeakOptions]) -> float:
    r"""Mean depth below the peak, over all observations.

    .. math:: \frac{1}{n} \sum_t d_t, \quad d_t = 1 - W_t / \max_{s \le t} W_s

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    **how
        ``peak``, see `PeakOptions`.

    Returns
    -------
    float, or Series for a frame
        A positive fraction, 0 when it never fell; NaN when empty.

    References
    ----------
    .. [1] T. Becker (2006), "The Zephyr K-Ratio", Zephyr Associates.

    Examples
    --------
    >>> round(pain_index([-0.10, -0.10, 0.50]), 4)
    0.0967
    """
    depth = depths(observations(returns), options_of(PeakOptions, how)["peak"])
    return average(depth)


@per_column
def ulcer_index(returns: npt.ArrayLike, **how: Unpack[UlcerOptions]) -> float:
    r"""Root mean square of the depths below the peak.

    .. math:: \sqrt{\frac{1}{n} \sum_t d_t^2}, \quad d_t = 1 - W_t / \max_{s \le t} W_s

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    **how
        ``peak``, ``unit`` and ``ddof``, see `UlcerOptions`.

    Returns
    -------
    float, or Series for a frame
        A positive fraction, 0 when it never fell; NaN when empty.

    References
    ----------
    .. [1] P. G. Martin and B. B. McCann (1989), *The Investor's Guide to
       Fidelity Funds*, Wiley.

    Examples
    --------
    >>> round(ulcer_index([-0.10, -0.10, 0.50]), 4)
    0.124
    """
    chosen = options_of(UlcerOptions, how)
    index = root_mean_square(depths(observations(returns), chosen["peak"]), chosen["ddof"])
    return index * (100.0 if chosen["unit"] == "percent" else 1.0)


@per_column
def average_drawdown(returns: npt.ArrayLike, **how: Unpack[DrawdownOptions]) -> float:
    r"""Mean of the depths to which each drawdown went.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    **how
        ``peak`` and ``sign``, see `DrawdownOptions`.

    Returns
    -------
    float, or Series for a frame
        A positive fraction, a drawdown that is still on included; 0 when it
        never fell, NaN when empty.

    References
    ----------
    .. [1] C. Bacon (2008), *Practical Portfolio Performance Measurement and
       Attribution*, 2nd ed., Wiley, p. 88.

    Examples
    --------
    >>> round(average_drawdown([-0.10, 0.30, -0.20]), 4)
    0.15
    """
    chosen = options_of(DrawdownOptions, how)
    depth = depths(observations(returns), chosen["peak"])
    if not depth.size:
        return math.nan
    starts, _ = spells(depth)
    mean = average(np.fmax.reduceat(depth, starts)) if starts.size else 0.0
    return mean if chosen["sign"] == "loss" else 0.0 - mean


@per_column
def average_drawdown_length(returns: npt.ArrayLike, **how: Unpack[PeakOptions]) -> float:
    """Mean number of observations that a drawdown stayed below its peak.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    **how
        ``peak``, see `PeakOptions`.

    Returns
    -------
    float, or Series for a frame
        Periods, a drawdown that is still on included; 0 when it never fell,
        NaN when empty. The period of the recovery is not counted.

    Examples
    --------
    >>> average_drawdown_length([0.1, -0.1, 0.01, 0.5, -0.1])
    1.5
    """
    depth = depths(observations(returns), options_of(PeakOptions, how)["peak"])
    if not depth.size:
        return math.nan
    starts, ends = spells(depth)
    return float((ends - starts).mean()) if starts.size else 0.0


@per_column
def conditional_drawdown_at_risk(
    returns: npt.ArrayLike, *, tail: float = 0.05, **how: Unpack[DrawdownOptions]
) -> float:
    r"""Mean depth below the peak over the worst part of the observations.

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    tail : float
        The worst part, in (0, 1); the observation at its edge counts in part.
    **how
        ``peak`` and ``sign``, see `DrawdownOptions`.

    Returns
    -------
    float, or Series for a frame
        A positive fraction, between the pain index and the maximum drawdown;
        NaN when empty.

    References
    ----------
    .. [1] A. Chekhlov, S. Uryasev and M. Zabarankin (2005), "Drawdown Measure
       in Portfolio Optimization", *International Journal of Theoretical and
       Applied Finance* 8(1), 13-58.

    Examples
    --------
    >>> round(conditional_drawdown_at_risk([-0.10, -0.10, 0.50], tail=0.5), 4)
    0.16
    """
    checked_tail(tail)
    chosen = options_of(DrawdownOptions, how)
    depth = depths(observations(returns), chosen["peak"])
    if not depth.size or np.isnan(depth[-1]):
        return math.nan
    scaled, scale = normalised(depth)
    mean = mean_of_worst(-scaled, tail) * scale
    return 0.0 - mean if chosen["sign"] == "loss" else mean


def root_mean_square(depth: Floats, ddof: int) -> float:
    """Root of the summed squares over n - ddof; NaN of too few."""
    if depth.size <= ddof:
        return math.nan
    scaled, scale = normalised(depth)
    return math.sqrt(float((scaled * scaled).sum()) / (depth.size - ddof)) * scale
