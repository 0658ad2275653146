"""Known figures: what the last bar before each of some times said, as one matrix.

The first rows of the matrix are the columns of a context, in one piece of memory, so
that they become Arrow columns without a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.market.session_levels import LEVELS

if TYPE_CHECKING:
    from perfkit.market.bars import FloatColumn

__all__ = ["FIGURES", "SHOWN", "FigureMatrix", "KnownFigures"]

FigureMatrix = npt.NDArray[np.float64]

_OF_BARS = (
    "close",
    "moving_average",
    "atr",
    "channel_high",
    "channel_low",
    "volatility",
    "volatility_rank",
    "adx",
    "momentum",
    "zscore",
)
SHOWN = (*LEVELS, "relative_volume", *_OF_BARS)
FIGURES = (*SHOWN, "fast_average", "slow_average", "support", "resistance", "bucket_bars")

_PLACES = {name: place for place, name in enumerate(FIGURES)}
_OF_PRICES = slice(_PLACES["close"], _PLACES["bucket_bars"])


class KnownFigures(NamedTuple):
    """Of each time, the figures that were known.

    Attributes
    ----------
    values : ndarray of shape (n_figures, n_times)
        One row for each of `FIGURES`; NaN where one is not known.
    rows : ndarray of shape (n_times,)
        How many bars of the symbol lie before the last one; -1 where there is none.
    close_times : ndarray of shape (n_times,)
        When the last bar closed, in microseconds since 1970, UTC.
    """

    values: FigureMatrix
    rows: npt.NDArray[np.intp]
    close_times: npt.NDArray[np.int64]

    def figure(self, name: str) -> FloatColumn:
        """Give one of `FIGURES`, of shape (n_times,)."""
        figure: FloatColumn = self.values[_PLACES[name]]
        return figure

    def shown(self) -> FloatColumn:
        """Give the figures of `SHOWN`, one behind the other."""
        return self.values[: len(SHOWN)].ravel()

    def at(self, place: int | np.intp) -> KnownFigures:
        """Give the figures of one of the times."""
        one = slice(place, place + 1)
        return KnownFigures(self.values[:, one], self.rows[one], self.close_times[one])

    def of_prices(self) -> FigureMatrix:
        """Give the figures that need nothing but bars of prices, of shape (n, n_times)."""
        return self.values[_OF_PRICES]
