"""One symbol that was split: a set of figures for every era, the time from split to split.

The figures of an era are those of a back-adjusted chart as it was drawn then: all bars
so far, in the units of the era. Nothing but the bars as they were quoted is kept for
good; an era is filled from them when someone asks about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from perfkit.market.bars import BarColumns
from perfkit.market.symbol_codes import rows_by_code

if TYPE_CHECKING:
    from perfkit.market.known_figures import KnownFigures
    from perfkit.market.splits import SymbolSplits
    from perfkit.market.symbol_figures import SymbolFigures

__all__ = ["SymbolEras", "eras_of"]

_ALWAYS, _FOREVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def eras_of(quoted: SymbolFigures, splits: SymbolSplits | None) -> SymbolFigures | SymbolEras:
    """Give what answers for a symbol: its figures as quoted, or its eras.

    Parameters
    ----------
    quoted : SymbolFigures
        Of the bars as they were quoted; there is at least one.
    splits : SymbolSplits, optional
        Of the symbol. Those before the first bar change nothing.
    """
    if splits is None or not (matters := splits.times >= quoted.first_time).any():
        return quoted
    return SymbolEras(quoted, splits.times[matters], splits.ratios[matters])


class SymbolEras:
    """The figures of one symbol, in the units of the time that is asked about.

    Parameters
    ----------
    quoted : SymbolFigures
        Of the bars as they were quoted, which are those of the first era.
    times : ndarray of shape (n_splits,)
        Of the splits, in microseconds since 1970, UTC; rising, and not before the first
        bar closed.
    ratios : ndarray of shape (n_splits,)
        New units for one old.

    Notes
    -----
    A split holds for questions from its time on. A bar that closes at that time is one
    of before: it tells of the time before its close.
    """

    def __init__(
        self,
        quoted: SymbolFigures,
        times: npt.NDArray[np.int64],
        ratios: npt.NDArray[np.float64],
    ) -> None:
        self._splits, self._ratios = times, ratios
        self._bounds = np.concatenate([[_ALWAYS], times, [_FOREVER]])
        self._eras = [quoted, *(quoted.without_bars() for _ in times)]

    def answer(
        self, times: npt.NDArray[np.int64], places: npt.NDArray[np.intp], known: KnownFigures
    ) -> None:
        """Write the figures that were known at some times; see `SymbolFigures.answer`."""
        for number, rows in rows_by_code(self._splits.searchsorted(times, side="right")):
            self._era(number).answer(times[rows], places[rows], known)

    def holding(self, time: int) -> tuple[int, int]:
        """Give from when until when the figures of one time hold; see `SymbolFigures.holding`."""
        number = int(self._splits.searchsorted(time, side="right"))
        since, until = self._era(number).holding(time)
        return max(since, int(self._bounds[number])), min(until, int(self._bounds[number + 1]))

    def _era(self, number: int) -> SymbolFigures:
        """Give the figures of an era, with all bars that closed before its end."""
        quoted, era = self._eras[0], self._eras[number]
        if number == 0:
            return quoted
        start, stop = era.length, 1 + quoted.row_asof(int(self._bounds[number + 1]) - 1)
        if start < stop:
            times, bars = quoted.bars(start, stop)
            factor = self._factors(number)[self._splits.searchsorted(times, side="left")]
            prices = (bars.close / factor, bars.high / factor, bars.low / factor)
            era.append(times, BarColumns(*prices, bars.volume * factor))
        return era

    def _factors(self, number: int) -> npt.NDArray[np.float64]:
        """Give units of an era for one unit of each era up to it."""
        return np.array([self._ratios[own:number].prod() for own in range(number + 1)])
