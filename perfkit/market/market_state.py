"""What was known of the market at a moment: fed with bars, asked as of a time.

One rule holds: an answer for time t is read from bars with ``close_time <= t`` and
from nothing else. A stream of bars, any batches of them and the whole history at
once go through the same kernels and give the same numbers to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.market.bars import rows_by_symbol, split_bars
from perfkit.market.classes import FIGURES, context_table, stale_after
from perfkit.market.definition import DAILY, Definition, check_definition
from perfkit.market.symbol_figures import SymbolFigures
from perfkit.records import Bar, MarketContext, from_table, to_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["MarketState", "context_asof"]

_TIMESTAMP = pa.timestamp("us", tz="UTC")


class MarketState:
    """The figures of every bar seen so far, by symbol.

    Parameters
    ----------
    definition : Definition, default DAILY
        Windows and thresholds of figures and classes.

    Raises
    ------
    InvalidArgumentError
        When the definition's numbers are out of range, or differ from `DAILY`
        under the same name.

    Notes
    -----
    With daily bars ``market_session`` and ``news_event`` are always null: they
    are not part of the definition ``daily-1``, and ``context_reason`` says
    nothing of them. For every other null it gives the first reason that holds:

    - ``no_market_data``: no bar of the symbol had closed;
    - ``stale``: the last one closed more than ``stale_days`` before; all figures
      are null, ``context_asof`` says when that was;
    - ``warming_up``: too few bars for some figure;
    - ``undefined``: a formula has no answer on these prices: a log return of a
      price at or below zero, a z-score of equal closes;
    - ``no_volume``: the bars have no volume, or it is usually zero.

    Prices are taken as they are: in bars that are not adjusted for splits, a split
    reads as a crash.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> day = datetime(2024, 1, 1, 21, tzinfo=UTC)
    >>> state = MarketState()
    >>> for n in range(30):
    ...     _ = state.on_bar(Bar(symbol="X", close_time=day + timedelta(n), close=100.0 + n))
    >>> context = state.context_at("X", day + timedelta(29.5))
    >>> context.close, context.moving_average, context.atr, context.adx
    (129.0, 119.5, 1.0, 100.0)
    >>> context.trend, context.context_reason
    (None, 'warming_up')
    """

    def __init__(self, *, definition: Definition = DAILY) -> None:
        check_definition(definition)
        self.definition = definition
        self._symbols: dict[str, SymbolFigures] = {}

    def on_bar(self, bar: Bar) -> int:
        """Take one bar; see `on_bars`."""
        return self.on_bars(to_table([bar], Bar))

    def on_bars(self, bars: pa.Table) -> int:
        """Take bars in the order in which they closed.

        Parameters
        ----------
        bars : pyarrow.Table
            With the columns of `Bar`; symbols may alternate or follow each other.

        Returns
        -------
        int
            How many were new. A bar delivered again with the same numbers is
            left out, so that a feed may repeat itself after a pause.

        Raises
        ------
        SchemaError
            When a column is missing, unknown or of another type.
        InvalidTableError
            When a price is not finite, a high lies below its low, a volume below
            zero, or a bar closes before the last one of its symbol.
        ConflictError
            When a bar is delivered again with other numbers. After any error the
            state is what it was before the call.
        """
        deliveries = []
        for delivery in split_bars(bars):
            figures = self._symbols.get(delivery.symbol) or SymbolFigures(self.definition)
            deliveries.append((delivery.symbol, figures, figures.unseen(delivery)))
        for symbol, figures, new in deliveries:
            self._symbols[symbol] = figures
            figures.append(new)
        return sum(len(new.times) for _, _, new in deliveries)

    def context_at(self, symbol: str, time: datetime) -> MarketContext:
        """Give what was known of one symbol at one time.

        Parameters
        ----------
        symbol : str
            One that no bar has spoken of answers ``no_market_data``.
        time : datetime
            With its zone.

        Raises
        ------
        SchemaError
            When the time has no zone.
        """
        return from_table(self.contexts([symbol], [time]), MarketContext)[0]

    def contexts(
        self,
        symbols: pa.ChunkedArray | pa.Array | Sequence[str],
        times: pa.ChunkedArray | pa.Array | Sequence[datetime],
    ) -> pa.Table:
        """Give what was known of each symbol at each time.

        Parameters
        ----------
        symbols : array of str of shape (n_times,)
            One that no bar has spoken of answers ``no_market_data``.
        times : array of timestamp with zone, of shape (n_times,)
            In any order.

        Returns
        -------
        pyarrow.Table
            With the schema of `MarketContext`, row for row.

        Raises
        ------
        InvalidArgumentError
            When there are not as many symbols as times, or one of them is null.
        SchemaError
            When the times have no zone.
        """
        names, instants = _names(symbols), _instants(times)
        if len(names) != len(instants) or names.null_count:
            raise InvalidArgumentError(
                f"contexts: symbols must be as many as times ({len(instants)}) and none of them "
                f"null, were {len(names)} with {names.null_count} null"
            )
        rows = np.full(len(instants), -1, dtype=np.intp)
        close_times = np.zeros(len(instants), dtype=np.int64)
        found = np.full((len(FIGURES), len(instants)), np.nan)
        for symbol, asked in rows_by_symbol(names):
            if (figures := self._symbols.get(symbol)) is None:
                continue
            when = instants[asked]
            if when.min() >= figures.last_time:  # as always with live trades
                rows[asked], close_times[asked] = figures.length - 1, figures.last_time
                found[:, asked] = figures.latest()[:, None]
                continue
            asof = figures.rows_asof(when)
            mine, asof = asked[asof >= 0], asof[asof >= 0]
            rows[mine], close_times[mine] = asof, figures.close_times(asof)
            columns = figures.columns()
            for place, name in enumerate(FIGURES):
                found[place, mine] = columns[name][asof]
        by_name = dict(zip(FIGURES, found, strict=True))
        return context_table(by_name, rows, close_times, instants, self.definition)

    def closes_between(
        self, symbol: str, start: int, stop: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Give one symbol's last close at a time and those that follow, without figures.

        Parameters
        ----------
        symbol : str
            One that no bar has spoken of has no closes.
        start, stop : int
            First and last moment, in microseconds since 1970, UTC.

        Returns
        -------
        since : ndarray of shape (n_closes,)
            From when each counts, rising; not before ``start``.
        asof : ndarray of shape (n_closes,)
            When its bar closed.
        close : ndarray of shape (n_closes,)
            NaN from when the bar is stale.
        """
        figures = self._symbols.get(symbol)
        if figures is None:
            nothing = np.empty(0, np.int64)
            return nothing, nothing, np.empty(0)
        first, last = figures.row_asof(start), figures.row_asof(stop)
        if first == last >= 0:
            closed, price = figures.bar(first)
            if closed + stale_after(self.definition) > stop:
                return np.array([start]), np.array([closed]), np.array([price])
        rows = np.arange(max(first, 0), last + 1)
        asof = figures.close_times(rows)
        expired = asof + stale_after(self.definition)
        since = np.maximum(np.stack([asof, expired], axis=1).ravel(), start)
        both = np.stack([figures.closes(rows), np.full(len(rows), np.nan)], axis=1).ravel()
        counts = since <= stop
        counts[1:-1:2] &= expired[:-1] < asof[1:]  # else the next close comes before
        return since[counts], np.repeat(asof, 2)[counts], both[counts]


def context_asof(trades: pa.Table, bars: pa.Table, *, definition: Definition = DAILY) -> pa.Table:
    """Give the market context of each trade, from bars closed by then.

    Parameters
    ----------
    trades : pyarrow.Table
        With ``symbol`` and ``execution_time``, in any order; other columns are
        not read.
    bars : pyarrow.Table
        With the columns of `Bar`, each symbol in the order of its close times.
    definition : Definition, default DAILY
        Windows and thresholds of figures and classes.

    Returns
    -------
    pyarrow.Table
        With the schema of `MarketContext`, one row a trade, in their order: what
        a `MarketState` fed with the same bars answers.

    Raises
    ------
    SchemaError
        When a column is missing or of another type.
    InvalidTableError, ConflictError
        As `MarketState.on_bars`.
    """
    missing = [n for n in ("symbol", "execution_time") if n not in trades.column_names]
    if missing:
        raise SchemaError(
            f"trades must have the columns symbol and execution_time; missing {missing}, "
            f"there are {trades.column_names}"
        )
    state = MarketState(definition=definition)
    state.on_bars(bars)
    return state.contexts(trades["symbol"], trades["execution_time"])


def _names(symbols: pa.ChunkedArray | pa.Array | Sequence[str]) -> pa.ChunkedArray:
    if isinstance(symbols, pa.ChunkedArray):
        return symbols
    array = symbols if isinstance(symbols, pa.Array) else pa.array(symbols, pa.string())
    return pa.chunked_array([array])


def _instants(
    times: pa.ChunkedArray | pa.Array | Sequence[datetime],
) -> npt.NDArray[np.int64]:
    array = times if isinstance(times, pa.ChunkedArray | pa.Array) else pa.array(times)
    if len(array) == 0:
        return np.empty(0, dtype=np.int64)
    if getattr(array.type, "tz", None) is None or array.null_count:
        raise SchemaError(
            f"times must be timestamps with a zone and none of them null, were {array.type} with "
            f"{array.null_count} null; give the zone of the source, e.g. tzinfo=timezone.utc"
        )
    return np.asarray(array.cast(_TIMESTAMP, safe=False).cast(pa.int64()).to_numpy())
