"""One symbol: its bars and their figures, one row a bar, growing at the end.

The rows that stand are the state. A delivery is appended behind them, and when
figures are asked for, the kernels fill its rows from those before it; nothing that
stands is ever changed. A symbol that no one asks about costs its bars and no more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import ConflictError, InvalidTableError, RowError
from perfkit.market.bars import BarColumns, FloatColumn, SymbolBars
from perfkit.market.known_figures import FIGURES, KnownFigures
from perfkit.market.levels import LevelFigures, update_levels
from perfkit.market.regimes import (
    VolatilityFigures,
    VolumeFigures,
    update_volatility,
    update_volume,
)
from perfkit.market.row_figures import write_rows
from perfkit.market.session_levels import LEVELS, SessionLevels
from perfkit.market.trend import TrendFigures, update_trend

if TYPE_CHECKING:
    from perfkit.market.definition import Definition
    from perfkit.market.sessions import Sessions

__all__ = ["SymbolFigures"]

Columns = TypeVar(
    "Columns", BarColumns, TrendFigures, VolatilityFigures, VolumeFigures, LevelFigures
)

_FIRST_CAPACITY = 64
_FOREVER = np.iinfo(np.int64).max
_MINUTES_A_DAY = 1440


class SymbolFigures:
    """The bars of one symbol and every figure read from them.

    Parameters
    ----------
    definition : Definition
        Windows of the figures.
    sessions : Sessions, optional
        Of the symbol's calendar. Without one there are no levels of a session, and
        no relative volume where the definition measures it by the time of day.

    Attributes
    ----------
    length : int
        How many bars there are.
    last_time : int
        When the last one closed, in microseconds since 1970, UTC; of no bars the
        end of all times.
    """

    def __init__(self, definition: Definition, sessions: Sessions | None = None) -> None:
        self.definition = definition
        self.length = 0
        self.last_time, self.last_close = _FOREVER, math.nan
        self._filled = 0  # rows that have their figures
        self._times: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._bars = _empty(BarColumns)
        self._trend = _empty(TrendFigures)
        self._volatility = _empty(VolatilityFigures)
        self._volume = _empty(VolumeFigures)
        self._levels = _empty(LevelFigures)
        self._sessions = sessions
        self._prior = SessionLevels(sessions) if sessions else None
        self._newest_of_bucket = np.full(_MINUTES_A_DAY // definition.volume_bucket, -1)

    def unseen(self, delivery: SymbolBars) -> SymbolBars:
        """Leave out of a delivery the bars that already stand here.

        Raises
        ------
        InvalidTableError
            When a bar is older than the last one and does not stand here.
        ConflictError
            When a bar stands here, or twice in the delivery, with other numbers.
        """
        times = delivery.times
        last = self._times[self.length - 1] if self.length else np.iinfo(np.int64).min
        latest = np.maximum.accumulate(np.concatenate([[last], times]))[:-1]
        is_new = times > latest
        new = _take(delivery, np.flatnonzero(is_new))
        if not is_new.all():
            self._check_repeated(_take(delivery, np.flatnonzero(~is_new)), new)
        return new

    def append(self, times: npt.NDArray[np.int64], bars: BarColumns) -> None:
        """Append bars later than all that stand here.

        Parameters
        ----------
        times : ndarray of shape (n_bars,)
            When they closed, in microseconds since 1970, UTC; rising, at least one.
        bars : BarColumns
            Their prices and volumes.
        """
        start, stop = self.length, self.length + len(times)
        if stop > len(self._times):
            capacity = max(stop, 2 * len(self._times), _FIRST_CAPACITY)
            room = np.zeros(capacity - len(self._times), dtype=np.int64)
            self._times = np.concatenate([self._times, room])
            self._bars = _grown(self._bars, capacity)
        self._times[start:stop] = times
        for column, values in zip(self._bars, bars, strict=True):
            column[start:stop] = values
        self.length = stop
        self.last_time, self.last_close = int(times[-1]), float(bars.close[-1])

    def answer(
        self, times: npt.NDArray[np.int64], places: npt.NDArray[np.intp], known: KnownFigures
    ) -> None:
        """Write the figures that were known at some times; there is at least one bar.

        Parameters
        ----------
        times : ndarray of shape (n_times,)
            Microseconds since 1970, UTC, in any order.
        places : ndarray of shape (n_times,)
            Where each of them stands in the answer.
        known : KnownFigures
            The answer.
        """
        columns = self.columns()
        rows = self._times[: self.length].searchsorted(times, side="right") - 1
        known.rows[places], known.close_times[places] = rows, self._times.take(rows)
        of_rows = tuple([columns[name] for name in FIGURES[len(LEVELS) :]])
        write_rows(of_rows, rows, places, known.values[len(LEVELS) :])
        if self._prior is None:
            known.values[: len(LEVELS), places] = np.nan
            return
        prior = self._prior.asof(times)
        for values, name in zip(known.values, LEVELS, strict=False):
            values[places] = prior[name]

    def holding(self, time: int) -> tuple[int, int]:
        """Give from when until when the figures of one time hold, if no bar follows.

        Parameters
        ----------
        time : int
            Microseconds since 1970, UTC, not before the last bar.

        Returns
        -------
        since, until : int
            The second is the first moment at which they no longer hold.
        """
        if self._sessions is None:
            return self.last_time, _FOREVER
        session = self._sessions.of_bar(np.array([self.last_time]))
        close = int(self._sessions.close_of(session)[0])
        if time < close:
            return self.last_time, close
        return max(self.last_time, close), _FOREVER

    def row_asof(self, time: int) -> int:
        """Give the row of the last bar closed at or before one time, or -1."""
        if time >= self.last_time:
            return self.length - 1
        return int(self._times[: self.length].searchsorted(time, side="right")) - 1

    def close_times(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Give the close times of rows, in microseconds since 1970, UTC."""
        return self._times[rows]

    def closes(self, rows: npt.NDArray[np.intp]) -> FloatColumn:
        """Give the closes of rows."""
        return self._bars.close[rows]

    @property
    def first_time(self) -> int:
        """When the first bar closed; there is at least one."""
        return int(self._times[0])

    def bars(self, start: int, stop: int) -> tuple[npt.NDArray[np.int64], BarColumns]:
        """Give the close times, and the prices and volumes, of rows from one to before another."""
        rows = slice(start, stop)
        return self._times[rows], BarColumns(*(column[rows] for column in self._bars))

    def without_bars(self) -> SymbolFigures:
        """Give figures of the same definition and sessions, without any bar."""
        return SymbolFigures(self.definition, self._sessions)

    def columns(self) -> dict[str, FloatColumn]:
        """Give every column by its name; rows from ``length`` on hold nothing."""
        self._fill()
        groups = (self._bars, self._trend, self._volatility, self._volume, self._levels)
        return {name: column for group in groups for name, column in group._asdict().items()}

    def _check_repeated(self, repeated: SymbolBars, new: SymbolBars) -> None:
        times = np.concatenate([self._times[: self.length], new.times])
        stands = np.searchsorted(times, repeated.times)
        late = tuple(
            RowError(
                row=int(repeated.rows[n]),
                field="close_time",
                message=(
                    f"{_name(repeated, n)}: close_time must be later than that of the bar before "
                    "it; sort the bars by close_time and deliver each once"
                ),
            )
            for n in np.flatnonzero(times[stands] != repeated.times).tolist()
        )
        if late:
            raise InvalidTableError("bar", late, len(repeated.rows) + len(new.rows))
        for name, values in repeated.columns._asdict().items():
            column, appended = getattr(self._bars, name), getattr(new.columns, name)
            first = np.concatenate([column[: self.length], appended])[stands]
            differs = np.flatnonzero((first != values) & ~(np.isnan(first) & np.isnan(values)))
            for n in differs[:1].tolist():
                raise ConflictError(
                    f"{_name(repeated, n)}: {name} must be {first[n]}, as first delivered, was "
                    f"{values[n]}; build a new MarketState from the corrected bars"
                )

    def _fill(self) -> None:
        start, stop = self._filled, self.length
        if start == stop:
            return
        if len(self._trend.adx) < len(self._times):
            capacity = len(self._times)
            self._trend = _grown(self._trend, capacity)
            self._volatility = _grown(self._volatility, capacity)
            self._volume = _grown(self._volume, capacity)
            self._levels = _grown(self._levels, capacity)
        update_trend(self._bars, self._trend, start, stop, self.definition)
        update_volatility(self._bars, self._volatility, start, stop, self.definition)
        update_levels(self._bars, self._levels, start, stop, self.definition)
        self._fill_by_the_clock(start, stop)
        self._filled = stop

    def _fill_by_the_clock(self, start: int, stop: int) -> None:
        new, bucket = slice(start, stop), self._volume.bucket
        times = self._times[new]
        if not self.definition.reads_the_clock:
            bucket[new] = 0.0
        elif self._sessions is not None:
            # a bar tells of the time before its close
            minutes = self._sessions.minute_of_day(times - 1)
            bucket[new] = minutes // self.definition.volume_bucket
        update_volume(
            self._bars, self._volume, self._newest_of_bucket, start, stop, self.definition
        )
        if self._prior is not None:
            close, high, low, volume = (column[new] for column in self._bars)
            self._prior.append(times, close, high, low, volume)


def _empty(kind: type[Columns]) -> Columns:
    return kind(*(np.empty(0) for _ in kind._fields))


def _grown(columns: Columns, capacity: int) -> Columns:
    return type(columns)(
        *(np.concatenate([column, np.full(capacity - len(column), np.nan)]) for column in columns)
    )


def _take(bars: SymbolBars, rows: npt.NDArray[np.intp]) -> SymbolBars:
    columns = BarColumns(*(column[rows] for column in bars.columns))
    return SymbolBars(bars.symbol, bars.rows[rows], bars.times[rows], columns)


def _name(bars: SymbolBars, number: int) -> str:
    time = pa.scalar(int(bars.times[number]), pa.timestamp("us", tz="UTC")).as_py()
    return f"bar {bars.symbol!r} {time}"
