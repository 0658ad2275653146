"""Trend: averages, true range and directional movement of one symbol's bars.

A figure of bar ``i`` is a function of the columns up to ``i``: the column's earlier
values are the state, so bars may come one by one or all at once. Starting values are
those of TA-Lib, so that the numbers agree from the first bar on.

Kernels take plain arrays, numbers and the tuple of this file: one drawn up elsewhere
could change its fields without numba's cache on disk noticing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from numba import njit

if TYPE_CHECKING:
    from perfkit.market.bars import BarColumns, FloatColumn
    from perfkit.market.definition import Definition

__all__ = ["TrendFigures", "update_trend"]


class TrendFigures(NamedTuple):
    """Columns of the trend, one row a bar."""

    moving_average: FloatColumn
    zscore: FloatColumn
    momentum: FloatColumn
    fast_average: FloatColumn
    slow_average: FloatColumn
    true_range: FloatColumn
    atr: FloatColumn
    rise: FloatColumn
    fall: FloatColumn
    directional_index: FloatColumn
    adx: FloatColumn


def update_trend(
    bars: BarColumns, figures: TrendFigures, start: int, stop: int, definition: Definition
) -> None:
    r"""Fill the rows ``start`` to ``stop`` of the trend figures.

    - ``moving_average``: simple mean of the last closes; ``zscore``: distance of
      the close to it in population standard deviations of the same closes, NaN
      where they are all equal.
    - ``momentum``: :math:`c_t / c_{t-n} - 1`, NaN where a price is not positive.
    - ``fast_average``, ``slow_average``: exponential, :math:`\alpha = 2/(n+1)`,
      started by the mean of the first n closes.
    - ``atr``: Wilder's average of the true range
      :math:`\max(h_t, c_{t-1}) - \min(l_t, c_{t-1})`.
    - ``adx``: Wilder's average of
      :math:`100\,|{+}DM - {-}DM| / ({+}DM + {-}DM)`; a bar on which nothing has
      moved in either direction leaves it as it was, and counts 0 at the start.

    References
    ----------
    .. [1] J. W. Wilder (1978), *New Concepts in Technical Trading Systems*,
       Trend Research, sections III and IV.
    .. [2] J. Bollinger (2001), *Bollinger on Bollinger Bands*, McGraw-Hill:
       20 bars, population standard deviation.
    """
    close, high, low = bars.close, bars.high, bars.low
    f, d = figures, definition
    _fill_band(close, f, start, stop, d.average)
    _fill_momentum(close, f.momentum, start, stop, d.momentum)
    _fill_exponential(close, f.fast_average, start, stop, d.average)
    _fill_exponential(close, f.slow_average, start, stop, d.slow_average)
    _fill_true_range(close, high, low, f.true_range, start, stop)
    _fill_wilder(f.true_range, f.atr, start, stop, 1, d.atr)
    _fill_directional_index(high, low, f, start, stop, d.adx)
    _fill_wilder(f.directional_index, f.adx, start, stop, d.adx, d.adx)


@njit(cache=True, error_model="numpy")
def _fill_band(
    close: FloatColumn, figures: TrendFigures, start: int, stop: int, window: int
) -> None:
    average, zscore = figures.moving_average, figures.zscore
    for i in range(start, stop):
        average[i], zscore[i] = math.nan, math.nan
        if i < window - 1:
            continue
        total, square, are_equal = 0.0, 0.0, True
        for j in range(i - window + 1, i + 1):
            total += close[j]
            are_equal &= close[j] == close[i]
        # the mean of equal numbers may differ from them by rounding
        average[i] = close[i] if are_equal else total / window
        for j in range(i - window + 1, i + 1):
            square += (close[j] - average[i]) ** 2
        if not are_equal:
            zscore[i] = (close[i] - average[i]) / math.sqrt(square / window)


@njit(cache=True, error_model="numpy")
def _fill_momentum(
    close: FloatColumn, out: FloatColumn, start: int, stop: int, window: int
) -> None:
    for i in range(start, stop):
        out[i] = math.nan
        if i >= window and close[i] > 0 and close[i - window] > 0:
            out[i] = close[i] / close[i - window] - 1.0


@njit(cache=True, error_model="numpy")
def _fill_exponential(
    values: FloatColumn, out: FloatColumn, start: int, stop: int, window: int
) -> None:
    for i in range(start, stop):
        if i < window - 1:
            out[i] = math.nan
        elif i == window - 1:
            out[i] = values[:window].mean()
        else:
            out[i] = out[i - 1] + (values[i] - out[i - 1]) * 2.0 / (window + 1.0)


@njit(cache=True, error_model="numpy")
def _fill_wilder(
    values: FloatColumn, out: FloatColumn, start: int, stop: int, first: int, window: int
) -> None:
    # Wilder's average of values that begin at row `first`; an undefined one changes nothing
    for i in range(start, stop):
        if i < first + window - 1:
            out[i] = math.nan
        elif i == first + window - 1:
            total = 0.0
            for j in range(first, i + 1):
                total += 0.0 if math.isnan(values[j]) else values[j]
            out[i] = total / window
        else:
            value = out[i - 1] if math.isnan(values[i]) else values[i]
            out[i] = (out[i - 1] * (window - 1) + value) / window


@njit(cache=True, error_model="numpy")
def _fill_true_range(
    close: FloatColumn, high: FloatColumn, low: FloatColumn, out: FloatColumn, start: int, stop: int
) -> None:
    for i in range(start, stop):
        out[i] = math.nan
        if i > 0:
            out[i] = max(high[i], close[i - 1]) - min(low[i], close[i - 1])


@njit(cache=True, error_model="numpy")
def _fill_directional_index(
    high: FloatColumn, low: FloatColumn, figures: TrendFigures, start: int, stop: int, window: int
) -> None:
    rise, fall = figures.rise, figures.fall
    for i in range(start, stop):
        if i == 0:
            rise[0], fall[0] = 0.0, 0.0
        else:
            kept = 1.0 - 1.0 / window if i >= window else 1.0
            up, down = high[i] - high[i - 1], low[i - 1] - low[i]
            rise[i] = rise[i - 1] * kept + (up if up > max(down, 0.0) else 0.0)
            fall[i] = fall[i - 1] * kept + (down if down > max(up, 0.0) else 0.0)
        moved = rise[i] + fall[i]
        index = 100.0 * abs(rise[i] - fall[i]) / moved if moved > 0 else math.nan
        figures.directional_index[i] = index
