"""Drawdown: how far below the highest point so far.

A drawdown is a positive fraction of the peak, and the start counts as a peak.
"""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict, Unpack, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.metrics.observations import GUARD, Floats, observations, per_column
from perfkit.metrics.options import options_of
from perfkit.metrics.path import deepest, wealth

__all__ = [
    "DrawdownOptions",
    "PeakOptions",
    "depths",
    "drawdown_series",
    "drawdown_table",
    "largest_depth",
    "longest_drawdown",
    "max_drawdown",
    "spells",
]


class PeakOptions(TypedDict, total=False):
    """Where the highest wealth so far is first looked for.

    Attributes
    ----------
    peak : str
        ``start``: the wealth of 1 before the first return is a peak; ``first_close``: the
        wealth after it is the first, so that a first loss is none.
    """

    peak: Literal["start", "first_close"]


class DrawdownOptions(PeakOptions, total=False):
    """Options of a drawdown.

    Attributes
    ----------
    sign : str
        ``loss``: a positive fraction; ``return``: a negative one.
    """

    sign: Literal["loss", "return"]


@overload
def drawdown_series(
    returns: pd.Series[Any], **how: Unpack[DrawdownOptions]
) -> pd.Series[float]: ...
@overload
def drawdown_series(returns: npt.ArrayLike, **how: Unpack[DrawdownOptions]) -> Floats: ...
def drawdown_series(returns: Any, **how: Unpack[DrawdownOptions]) -> Any:
    r"""Fraction below the highest wealth so far, after each return.

    .. math:: 1 - W_t / \max_{s \le t} W_s, \quad W_0 = 1

    Parameters
    ----------
    returns : array-like of shape (n,)
        Simple returns a period; NaN is dropped.
    **how
        ``peak`` and ``sign``, see `DrawdownOptions`.

    Returns
    -------
    ndarray or Series of shape (n_valid,)
        At least 0; a Series keeps its dates.

    Examples
    --------
    >>> drawdown_series([-0.10, 0.30, -0.20]).round(2).tolist()
    [0.1, 0.0, 0.2]
    """
    chosen = options_of(DrawdownOptions, how)
    depth = depths(observations(returns), chosen["peak"])
    if chosen["sign"] == "return":
        depth = 0.0 - depth
    if isinstance(returns, pd.Series):
        return pd.Series(depth, index=returns.index[returns.notna()], name=returns.name)
    return depth


@per_column
def max_drawdown(returns: npt.ArrayLike, **how: Unpack[DrawdownOptions]) -> float:
    r"""Largest fall from a peak, the start included.

    .. math:: \max_t \left(1 - W_t / \max_{s \le t} W_s\right), \quad W_0 = 1

    Parameters
    ----------
    returns : array-like of shape (n,) or DataFrame
        Simple returns a period; NaN is dropped.
    **how
        ``peak`` and ``sign``, see `DrawdownOptions`.

    Returns
    -------
    float, or Series for a frame
        A positive fraction: 0.08 is 8 % below the peak; 0 when it never
        fell, above 1 when more than everything was lost, NaN when empty.

    References
    ----------
    .. [1] M. Magdon-Ismail and A. Atiya (2004), "Maximum Drawdown",
       *Risk Magazine* 17(10), 99-102.

    Examples
    --------
    >>> round(max_drawdown([-0.10, 0.20, -0.50]), 4)
    0.5
    """
    chosen = options_of(DrawdownOptions, how)
    depth = largest_depth(observations(returns), chosen["peak"])
    return depth if chosen["sign"] == "loss" else 0.0 - depth


@per_column
def longest_drawdown(returns: npt.ArrayLike, **how: Unpack[PeakOptions]) -> float:
    """Most observations in a row below the peak.

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
        NaN when empty.

    Examples
    --------
    >>> longest_drawdown([0.1, -0.1, 0.01, 0.5, -0.1])
    2.0
    """
    depth = depths(observations(returns), options_of(PeakOptions, how)["peak"])
    if not depth.size:
        return math.nan
    starts, ends = spells(depth)
    return float((ends - starts).max(initial=0))


def drawdown_table(returns: npt.ArrayLike) -> pd.DataFrame:
    """Every drawdown, the deepest first.

    Parameters
    ----------
    returns : array-like of shape (n,)
        Simple returns a period; NaN is dropped. What is no Series is dated by position.

    Returns
    -------
    DataFrame
        ``peak`` (missing when it is the start), ``below`` (first date below
        it), ``trough``, ``recovery`` (missing while it lasts), ``depth``
        (positive fraction) and ``length`` (observations below the peak).
    """
    known: pd.Series[Any] = (
        returns if isinstance(returns, pd.Series) else pd.Series(observations(returns))
    )
    depth = drawdown_series(known)
    starts, ends = spells(depth.to_numpy())
    dates = pd.Series(depth.index)
    troughs = [s + int(depth.iloc[s:e].argmax()) for s, e in zip(starts, ends, strict=True)]
    table = pd.DataFrame(
        {
            "peak": dates.reindex(starts - 1).array,
            "below": dates.reindex(starts).array,
            "trough": dates.reindex(troughs).array,
            "recovery": dates.reindex(ends).array,
            "depth": depth.to_numpy()[troughs],
            "length": ends - starts,
        }
    )
    return table.sort_values("depth", ascending=False, kind="stable", ignore_index=True)


def depths(values: Floats, peak: str) -> Floats:
    """Fraction below the highest wealth so far after each return; 0 where it is rounding."""
    levels = wealth(values)
    highest = np.maximum.accumulate(levels if peak == "start" else levels[1:])
    highest[highest <= 0.0] = math.nan  # all was lost before the first close
    with np.errstate(invalid="ignore"):  # a wealth beyond float64 has no depth
        depth: Floats = levels[1:] / highest[highest.size - values.size :]
    np.subtract(1.0, depth, out=depth)
    depth *= depth > GUARD
    return depth


def largest_depth(values: Floats, peak: str) -> float:
    """Largest drawdown as a positive fraction; NaN of none."""
    if not values.size:
        return math.nan
    levels = wealth(values)[0 if peak == "start" else 1 :]
    _, _, highest, lowest = deepest(levels)
    if levels[highest] <= 0.0:  # all was lost before the first close
        return math.nan
    return float(1.0 - levels[lowest] / levels[highest])


def spells(depth: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First position of each spell below the peak, and the one after its last."""
    below = np.concatenate(([False], depth > 0.0, [False])).astype(np.int8)
    edges = np.diff(below)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
