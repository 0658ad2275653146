"""Regimes: how volatile and how busy a market is against its own past.

A figure of bar ``i`` is a function of the columns up to ``i``: the column's earlier
values are the state, so bars may come one by one or all at once. The current value
never stands in the window that it is ranked or measured against.

Kernels take plain arrays, numbers and the tuples of this file: one drawn up elsewhere
could change its fields without numba's cache on disk noticing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from perfkit.market.bars import BarColumns, FloatColumn
    from perfkit.market.definition import Definition

__all__ = ["VolatilityFigures", "VolumeFigures", "update_volatility", "update_volume"]


class VolatilityFigures(NamedTuple):
    """Columns of the volatility regime, one row a bar."""

    log_return: FloatColumn
    variance: FloatColumn
    volatility: FloatColumn
    volatility_rank: FloatColumn


class VolumeFigures(NamedTuple):
    """Columns of the volume regime, one row a bar."""

    bucket: FloatColumn
    same_bucket: FloatColumn
    bucket_bars: FloatColumn
    relative_volume: FloatColumn


def update_volatility(
    bars: BarColumns, figures: VolatilityFigures, start: int, stop: int, definition: Definition
) -> None:
    r"""Fill the rows ``start`` to ``stop`` of the volatility figures.

    .. math:: \sigma_t^2 = \lambda \sigma_{t-1}^2 + (1 - \lambda) r_t^2,
       \qquad r_t = \ln(c_t / c_{t-1})

    started by the mean square of the first returns. The rank is the fraction of
    the earlier volatilities that lie below the current one, ties by half. A price
    at or below zero has no log return: the recursion starts anew after it.

    References
    ----------
    .. [1] J.P. Morgan/Reuters (1996), *RiskMetrics: Technical Document*, 4th
       ed., section 5.2; lambda 0.94 for daily data.
    """
    d, new = definition, slice(start, stop)
    _fill_log_return(bars.close, figures.log_return, start, stop)
    _fill_variance(figures.log_return, figures.variance, start, stop, d.decay, d.decay_seed)
    figures.volatility[new] = np.sqrt(figures.variance[new])
    _fill_rank(figures.volatility, figures.volatility_rank, start, stop, d.rank)


def update_volume(
    bars: BarColumns,
    figures: VolumeFigures,
    newest: npt.NDArray[np.int64],
    start: int,
    stop: int,
    definition: Definition,
) -> None:
    """Fill the rows ``start`` to ``stop`` of the volume figures.

    - ``bucket``: time of day of the bar, as a number from 0; given, NaN where it is
      not known.
    - ``same_bucket``: row of the bar before it of the same time of day, -1 when there
      is none: rows of one time of day are a list that is linked backwards.
    - ``bucket_bars``: how many bars of the same time of day come before it.
    - ``relative_volume``: its volume over the median volume of the last of these;
      NaN when one of them has no volume or their median is zero.

    ``newest`` holds the last row of each time of day, -1 for none, and is brought
    forward.
    """
    _fill_relative(bars.volume, figures, newest, start, stop, definition.volume)


@njit(cache=True, error_model="numpy")
def _fill_log_return(close: FloatColumn, out: FloatColumn, start: int, stop: int) -> None:
    for i in range(start, stop):
        out[i] = math.nan
        if i > 0 and close[i] > 0 and close[i - 1] > 0:
            out[i] = math.log(close[i]) - math.log(close[i - 1])


@njit(cache=True, error_model="numpy")
def _fill_variance(
    log_return: FloatColumn, out: FloatColumn, start: int, stop: int, decay: float, seed: int
) -> None:
    for i in range(start, stop):
        before = out[i - 1] if i else math.nan
        out[i] = decay * before + (1.0 - decay) * log_return[i] ** 2
        if math.isnan(before) and i >= seed:
            # NaN as long as one of these returns is: the recursion starts on a full window
            out[i] = (log_return[i - seed + 1 : i + 1] ** 2).mean()


@njit(cache=True, error_model="numpy")
def _fill_rank(values: FloatColumn, out: FloatColumn, start: int, stop: int, window: int) -> None:
    for i in range(start, stop):
        out[i] = math.nan
        if i < window or math.isnan(values[i]):
            continue
        below, known = 0.0, 0
        for j in range(i - window, i):
            below += 1.0 * (values[j] < values[i]) + 0.5 * (values[j] == values[i])
            known += not math.isnan(values[j])
        if known == window:
            out[i] = below / window


@njit(cache=True, error_model="numpy")
def _fill_relative(
    volume: FloatColumn,
    figures: VolumeFigures,
    newest: npt.NDArray[np.int64],
    start: int,
    stop: int,
    window: int,
) -> None:
    usual = np.empty(window)
    for i in range(start, stop):
        figures.relative_volume[i] = math.nan
        figures.same_bucket[i], figures.bucket_bars[i] = -1.0, 0.0
        if math.isnan(figures.bucket[i]):
            continue
        bucket = int(figures.bucket[i])
        row = newest[bucket]
        newest[bucket] = i
        if row < 0:
            continue
        figures.same_bucket[i], figures.bucket_bars[i] = row, figures.bucket_bars[row] + 1.0
        if figures.bucket_bars[i] < window:
            continue
        for k in range(window):
            usual[k] = volume[row]
            row = int(figures.same_bucket[row])
        median = math.nan if np.isnan(usual).any() else np.median(usual)
        if median > 0:
            figures.relative_volume[i] = volume[i] / median
