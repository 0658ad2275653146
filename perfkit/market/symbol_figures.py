"""One symbol: its bars and their figures, one row a bar, growing at the end.

The rows that stand are the state. A delivery is appended behind them, and when
figures are asked for, the kernels fill its rows from those before it; nothing that
stands is ever changed. A symbol that no one asks about costs its bars and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import ConflictError, InvalidTableError, RowError
from perfkit.market.bars import BarColumns, FloatColumn, SymbolBars
from perfkit.market.classes import FIGURES
from perfkit.market.levels import LevelFigures, update_levels
from perfkit.market.regimes import (
    VolatilityFigures,
    VolumeFigures,
    update_volatility,
    update_volume,
)
from perfkit.market.trend import TrendFigures, update_trend

if TYPE_CHECKING:
    from perfkit.market.definition import Definition

__all__ = ["SymbolFigures"]

Columns = TypeVar(
    "Columns", BarColumns, TrendFigures, VolatilityFigures, VolumeFigures, LevelFigures
)

_FIRST_CAPACITY = 64


class SymbolFigures:
    """The bars of one symbol and every figure read from them.

    Parameters
    ----------
    definition : Definition
        Windows of the figures.

    Attributes
    ----------
    length : int
        How many bars there are.
    last_time : int
        When the last one closed, in microseconds since 1970, UTC; of no bars the
        end of all times.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.length = 0
        self.last_time = np.iinfo(np.int64).max
        self._latest: FloatColumn | None = None
        self._filled = 0  # rows that have their figures
        self._times: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._bars = _empty(BarColumns)
        self._trend = _empty(TrendFigures)
        self._volatility = _empty(VolatilityFigures)
        self._volume = _empty(VolumeFigures)
        self._levels = _empty(LevelFigures)

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

    def append(self, new: SymbolBars) -> None:
        """Append bars later than all that stand here."""
        start, stop = self.length, self.length + len(new.times)
        if stop > len(self._times):
            capacity = max(stop, 2 * len(self._times), _FIRST_CAPACITY)
            room = np.zeros(capacity - len(self._times), dtype=np.int64)
            self._times = np.concatenate([self._times, room])
            self._bars = _grown(self._bars, capacity)
        self._times[start:stop] = new.times
        for column, values in zip(self._bars, new.columns, strict=True):
            column[start:stop] = values
        self.length = stop
        self.last_time, self._latest = int(self._times[stop - 1]), None

    def rows_asof(self, times: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        """Give the row of the last bar closed at or before each time, or -1."""
        return np.searchsorted(self._times[: self.length], times, side="right") - 1

    def row_asof(self, time: int) -> int:
        """Give the row of the last bar closed at or before one time, or -1."""
        if time >= self.last_time:
            return self.length - 1
        return int(self._times[: self.length].searchsorted(time, side="right")) - 1

    def bar(self, row: int) -> tuple[int, float]:
        """Give when one bar closed, and at what price."""
        return int(self._times[row]), float(self._bars.close[row])

    def close_times(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Give the close times of rows, in microseconds since 1970, UTC."""
        return self._times[rows]

    def closes(self, rows: npt.NDArray[np.intp]) -> FloatColumn:
        """Give the closes of rows."""
        return self._bars.close[rows]

    def columns(self) -> dict[str, FloatColumn]:
        """Give every column by its name; rows from ``length`` on hold nothing."""
        self._fill()
        groups = (self._bars, self._trend, self._volatility, self._volume, self._levels)
        return {name: column for group in groups for name, column in group._asdict().items()}

    def latest(self) -> FloatColumn:
        """Give each of `FIGURES` on the last bar."""
        if self._latest is None:
            columns = self.columns()
            self._latest = np.array([columns[name][self.length - 1] for name in FIGURES])
        return self._latest

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
        update_volume(self._bars, self._volume, start, stop, self.definition)
        update_levels(self._bars, self._levels, start, stop, self.definition)
        self._filled = stop


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
