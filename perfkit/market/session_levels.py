"""Levels of the session before: its high, low and close, and where its volume traded.

One row a session that had bars, found by the time at which the session closes; a session
that is not over is never looked at. A row is a function of that session's bars alone, so
it is the same however they were delivered.

Volume at price is the volume of the session's bars on `ROWS` rows of equal height
between its low and its high, each bar's volume spread evenly over the prices from its
low to its high.

The kernels take plain arrays only: a tuple drawn up elsewhere could change its fields
without numba's cache on disk noticing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from perfkit.market.sessions import Sessions

__all__ = ["LEVELS", "SessionLevels"]

LEVELS: Final = (
    "prior_high",
    "prior_low",
    "prior_close",
    "point_of_control",
    "value_area_low",
    "value_area_high",
)

IntColumn = npt.NDArray[np.int64]
FloatColumn = npt.NDArray[np.float64]
Columns = TypeVar("Columns", IntColumn, FloatColumn)

# prices diffuse: a session of 390 minutes spans about sqrt(390) = 20 times the range of one
# minute, so that finer rows would only show how a bar's volume was spread
ROWS = 24
VALUE_AREA = 0.7  # of the volume: about one standard deviation either side (CBOT)
# a price this near to a row's edge, in rows, is on it, and volumes this near to each other, as
# a part of all, are equal: a tick is no binary fraction, and shares of volume do not add up
SAME = 1e-6
LEAST_BARS = 4  # the hours of a half day; fewer say too little of where volume traded

_FIRST_CAPACITY = 64
_BARS = ("close", "high", "low", "volume")


class SessionLevels:
    """The levels of one symbol's sessions, growing with its bars.

    Parameters
    ----------
    sessions : Sessions
        Of the calendar that the symbol trades by.

    Notes
    -----
    - ``prior_high``, ``prior_low``, ``prior_close``: of the bars with open < close_time
      <= close of the last session that was over and had any.
    - ``point_of_control``: middle of the row with the most volume; of several the one
      nearest to the middle of the session's range, of two as near the lower.
    - ``value_area_low``, ``value_area_high``: bounds of the rows that, from the point of
      control on, were added one by one, always the one above or below with more volume
      (the upper of two equal ones), until they held `VALUE_AREA` of it.

    The last three are NaN where the session has fewer than `LEAST_BARS` bars, a bar
    of unknown volume, or no volume at all.

    References
    ----------
    .. [1] Chicago Board of Trade (1996), *A Six-Part Study Guide to Market Profile*.
    .. [2] J. P. Steidlmayer, K. Koy (1986), *Markets and Market Logic*, Porcupine Press.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        # row 0 is what is known before the first session is over; the last row is open: it
        # belongs to the session of the last bar, to which more may come
        self._closes: IntColumn = np.empty(_FIRST_CAPACITY, dtype=np.int64)
        self._levels: FloatColumn = np.full((len(LEVELS), _FIRST_CAPACITY), math.nan)
        self._rows = 1
        self._is_last_row_filled = True
        # bars of the open row, and those that were not asked about yet
        self._session_of: IntColumn = np.empty(_FIRST_CAPACITY, dtype=np.int64)
        self._bars: FloatColumn = np.empty((len(_BARS), _FIRST_CAPACITY))
        self._length = 0

    def append(
        self,
        close_times: IntColumn,
        close: FloatColumn,
        high: FloatColumn,
        low: FloatColumn,
        volume: FloatColumn,
    ) -> None:
        """Append bars later than all before; those outside a regular session say nothing.

        Parameters
        ----------
        close_times : ndarray of int64, shape (n_bars,)
            Microseconds since 1970, UTC, ascending.
        close, high, low : ndarray of float64, shape (n_bars,)
            Finite prices in the quote currency.
        volume : ndarray of float64, shape (n_bars,)
            Units, at least 0; NaN where it is not known.
        """
        session_of = self._sessions.of_bar(close_times)
        rows = np.flatnonzero(session_of >= 0)
        if not len(rows):
            return
        start, stop = self._length, self._length + len(rows)
        self._session_of = _with_room(self._session_of, stop)
        self._bars = _with_room(self._bars, stop)
        self._session_of[start:stop] = session_of[rows]
        for column, values in zip(self._bars, (close, high, low, volume), strict=True):
            column[start:stop] = values[rows]
        self._length, self._is_last_row_filled = stop, False

    def asof(self, times: IntColumn) -> dict[str, FloatColumn]:
        """Give each of `LEVELS` of the last session that was over at each time.

        Parameters
        ----------
        times : ndarray of int64
            Microseconds since 1970, UTC, in any order.
        """
        if not self._is_last_row_filled:
            self._close_rows()
        rows = self._closes[1 : self._rows].searchsorted(times, side="right")
        if not self._is_last_row_filled and rows.max(initial=0) == self._rows - 1:
            bounds = np.array([0, self._length], dtype=np.int64)
            _fill_levels(self._bars, bounds, self._levels, self._rows - 1)
            self._is_last_row_filled = True
        return dict(zip(LEVELS, self._levels[:, rows], strict=True))

    def _close_rows(self) -> None:
        """Fill the rows of all sessions but the last, and keep only its bars."""
        session_of = self._session_of[: self._length]
        if self._rows > 1 and session_of[0] == session_of[-1]:
            return
        starts = np.flatnonzero(np.diff(session_of, prepend=-1))
        first, kept = max(self._rows - 1, 1), starts[-1]
        self._rows = first + len(starts)
        self._closes = _with_room(self._closes, self._rows)
        self._levels = _with_room(self._levels, self._rows)
        self._closes[first : self._rows] = self._sessions.close_of(session_of[starts])
        _fill_levels(self._bars, starts, self._levels, first)
        self._session_of = self._session_of[kept:].copy()
        self._bars = self._bars[:, kept:].copy()
        self._length -= kept


def _with_room(columns: Columns, length: int) -> Columns:
    capacity = columns.shape[-1]
    if length <= capacity:
        return columns
    grown = np.empty((*columns.shape[:-1], max(length, 2 * capacity)), dtype=columns.dtype)
    grown[..., :capacity] = columns
    return grown


@njit(cache=True, error_model="numpy")
def _fill_levels(bars: FloatColumn, starts: IntColumn, levels: FloatColumn, first: int) -> None:
    volumes = np.empty(ROWS)
    for n in range(len(starts) - 1):
        row, (close, high, low, volume) = first + n, bars[:, starts[n] : starts[n + 1]]
        top, bottom = high.max(), low.min()
        levels[:, row] = math.nan
        levels[0, row], levels[1, row], levels[2, row] = top, bottom, close[-1]
        total = volume.sum()
        if len(close) < LEAST_BARS or not total > 0.0:
            continue
        if top == bottom:
            levels[3:, row] = top
            continue
        height = (top - bottom) / ROWS
        if not 0.0 < height < math.inf:  # a range that float64 can't divide
            continue
        _spread((high - bottom) / height, (low - bottom) / height, volume, volumes)
        control = _control_row(volumes, SAME * total)
        lowest, highest = _value_rows(volumes, control, VALUE_AREA * total, SAME * total)
        levels[3, row] = bottom + (control + 0.5) * height
        levels[4, row] = bottom + lowest * height
        levels[5, row] = top if highest == ROWS - 1 else bottom + (highest + 1) * height


@njit(cache=True, error_model="numpy")
def _spread(high: FloatColumn, low: FloatColumn, volume: FloatColumn, volumes: FloatColumn) -> None:
    # prices are counted in rows from the lowest; the session's high is in the last row
    volumes[:] = 0.0
    for i in range(len(volume)):
        lowest, highest = min(int(low[i] + SAME), ROWS - 1), min(int(high[i] + SAME), ROWS - 1)
        if lowest == highest:
            volumes[lowest] += volume[i]
            continue
        of_row = volume[i] / (high[i] - low[i])
        volumes[lowest] += of_row * (lowest + 1 - low[i])
        volumes[lowest + 1 : highest] += of_row
        volumes[highest] += of_row * (high[i] - highest)


@njit(cache=True, error_model="numpy")
def _control_row(volumes: FloatColumn, slack: float) -> int:
    middle, most, best = (ROWS - 1) / 2, volumes.max(), -1
    for row in range(ROWS):
        if volumes[row] >= most - slack and (best < 0 or abs(row - middle) < abs(best - middle)):
            best = row
    return best


@njit(cache=True, error_model="numpy")
def _value_rows(volumes: FloatColumn, control: int, wanted: float, slack: float) -> tuple[int, int]:
    lowest, highest, held = control, control, volumes[control]
    while held < wanted - slack:
        above = volumes[highest + 1] if highest < ROWS - 1 else -math.inf
        below = volumes[lowest - 1] if lowest > 0 else -math.inf
        if above >= below - slack:
            highest += 1
            held += above
        else:
            lowest -= 1
            held += below
    return lowest, highest
