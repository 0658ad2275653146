"""The latest figures of all symbols side by side: what a live question reads.

A column of the matrix holds for its symbol from the last bar on, until another bar
comes or a session ends. One take by the symbols' numbers then answers a whole batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from perfkit.market.known_figures import FIGURES, KnownFigures

if TYPE_CHECKING:
    from perfkit.market.symbol_codes import Codes

__all__ = ["UNKNOWN", "LatestFigures"]

UNKNOWN = -1  # the number of a symbol that no bar has spoken of: the last column
_ALWAYS, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_FIRST_CAPACITY = 64


class LatestFigures:
    """For each symbol, by its number, the figures that hold now."""

    def __init__(self) -> None:
        self._values = np.empty((len(FIGURES), 0))
        self._rows = np.empty(0, dtype=np.intp)
        self._close_times = self._since = self._until = np.empty(0, dtype=np.int64)
        self._make_room(_FIRST_CAPACITY)

    def forget(self, number: int) -> None:
        """Let the figures of a symbol hold for no time, for bars have come."""
        if number >= len(self._rows) - 1:
            self._make_room(2 * len(self._rows))
        self._since[number] = _NEVER

    def keep(self, number: int, figures: KnownFigures, since: int, until: int) -> None:
        """Keep the figures of a symbol, which hold from one time until before another.

        Parameters
        ----------
        number : int
            Of the symbol.
        figures : KnownFigures
            Of one time.
        since, until : int
            Microseconds since 1970, UTC.
        """
        self._values[:, number] = figures.values[:, 0]
        self._rows[number], self._close_times[number] = figures.rows[0], figures.close_times[0]
        self._since[number], self._until[number] = since, until

    def hold(self, numbers: Codes, times: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell for which times the figures of each symbol hold; of `UNKNOWN` for all."""
        return (self._since.take(numbers) <= times) & (times < self._until.take(numbers))

    def take(self, numbers: Codes) -> KnownFigures:
        """Give the figures of each symbol; of `UNKNOWN` there are none."""
        return KnownFigures(
            values=self._values.take(numbers, axis=1),
            rows=self._rows.take(numbers),
            close_times=self._close_times.take(numbers),
        )

    def _make_room(self, capacity: int) -> None:
        last = max(len(self._rows) - 1, 0)

        def grown(column: npt.NDArray[np.int64], fill: int) -> npt.NDArray[np.int64]:
            return np.concatenate([column[:last], np.full(capacity - last, fill)])

        self._values = np.concatenate(
            [self._values[:, :last], np.full((len(FIGURES), capacity - last), np.nan)], axis=1
        )
        self._rows = grown(self._rows, -1)
        self._close_times = grown(self._close_times, 0)
        self._since, self._until = grown(self._since, _ALWAYS), grown(self._until, _NEVER)
