"""Levels: the channel before a bar, and the swings nearest to its close.

A figure of bar ``i`` is a function of the columns up to ``i``. A swing at bar ``k``
exceeds the bars on both sides of it and is therefore written in the row of bar
``k + swing``, where it becomes known, never in its own.

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

__all__ = ["LevelFigures", "update_levels"]


class LevelFigures(NamedTuple):
    """Columns of the price levels, one row a bar."""

    channel_high: FloatColumn
    channel_low: FloatColumn
    swing_high: FloatColumn
    swing_low: FloatColumn
    last_swing: FloatColumn
    support: FloatColumn
    resistance: FloatColumn


def update_levels(
    bars: BarColumns, figures: LevelFigures, start: int, stop: int, definition: Definition
) -> None:
    """Fill the rows ``start`` to ``stop`` of the level figures.

    - ``channel_high``, ``channel_low``: highest high and lowest low of the bars
      before this one, which is not among them.
    - ``swing_high``, ``swing_low``: the swing that this bar confirms, or NaN.
    - ``last_swing``: the last row, this one included, that confirms a swing; -1
      when there is none.
    - ``support``, ``resistance``: the nearest remembered swing at or below the
      close, and above it; a swing of either kind serves as both. Infinite when
      there is none, NaN before the memory is full.

    References
    ----------
    .. [1] C. Faith (2007), *Way of the Turtle*, McGraw-Hill: the 55-day channel.
    .. [2] R. D. Edwards, J. Magee (1948), *Technical Analysis of Stock Trends*,
       chapter XIII: support becomes resistance and the reverse.
    """
    d = definition
    # the first bar that can confirm a swing is 2 * swing
    first = 2 * d.swing + d.levels - 1
    figures.support[start:stop], figures.resistance[start:stop] = math.nan, math.nan
    _fill_channel(bars.high, bars.low, figures, start, stop, d.channel)
    _fill_swings(bars.high, bars.low, figures, start, stop, d.swing)
    _fill_nearest(bars.close, figures, max(start, first), stop, d.levels)


@njit(cache=True, error_model="numpy")
def _fill_channel(
    high: FloatColumn, low: FloatColumn, figures: LevelFigures, start: int, stop: int, window: int
) -> None:
    for i in range(start, stop):
        figures.channel_high[i], figures.channel_low[i] = math.nan, math.nan
        if i >= window:
            figures.channel_high[i] = high[i - window : i].max()
            figures.channel_low[i] = low[i - window : i].min()


@njit(cache=True, error_model="numpy")
def _fill_swings(
    high: FloatColumn, low: FloatColumn, figures: LevelFigures, start: int, stop: int, swing: int
) -> None:
    last_swing = figures.last_swing
    for i in range(start, stop):
        top = _confirmed_swing(high, i, swing, 1.0)
        bottom = _confirmed_swing(low, i, swing, -1.0)
        figures.swing_high[i], figures.swing_low[i] = top, bottom
        if math.isnan(top) and math.isnan(bottom):
            last_swing[i] = last_swing[i - 1] if i else -1.0
        else:
            last_swing[i] = i


@njit(cache=True, error_model="numpy")
def _confirmed_swing(values: FloatColumn, i: int, swing: int, sign: float) -> float:
    if i < 2 * swing:
        return math.nan
    middle = i - swing
    for j in range(i - 2 * swing, i + 1):
        if j != middle and sign * values[j] >= sign * values[middle]:
            return math.nan
    return float(values[middle])


@njit(cache=True, error_model="numpy")
def _fill_nearest(
    close: FloatColumn, figures: LevelFigures, start: int, stop: int, memory: int
) -> None:
    for i in range(start, stop):
        support, resistance = -math.inf, math.inf
        row = int(figures.last_swing[i])
        while row > i - memory:
            for level in (figures.swing_high[row], figures.swing_low[row]):
                # a comparison with NaN is false: a row may confirm a swing of one kind only
                if support < level <= close[i]:
                    support = level
                elif close[i] < level < resistance:
                    resistance = level
            row = int(figures.last_swing[row - 1])
        figures.support[i], figures.resistance[i] = support, resistance
