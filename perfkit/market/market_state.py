"""What was known of the market at a moment: fed with bars, splits and news, asked as of a time.

One rule holds: an answer for time t is read from bars with ``close_time <= t``, from
splits with ``execution_time <= t``, from news with ``known_at <= t``, and from nothing
else. A stream, any batches of it and the whole history at once go through the same
kernels and give the same numbers to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from perfkit.errors import InvalidArgumentError
from perfkit.market.bars import split_bars
from perfkit.market.calendars import Calendars
from perfkit.market.context_table import Findings, context_table, thresholds_of, words_of
from perfkit.market.definition import DAILY, Definition, check_definition
from perfkit.market.known_closes import Closes, closes_between
from perfkit.market.market_figures import MarketFigures
from perfkit.market.news import News
from perfkit.market.questions import asked_symbols, asked_times
from perfkit.market.staleness import is_stale, stale_after
from perfkit.market.symbol_codes import Codes, encoded
from perfkit.records import Bar, MarketContext, from_table, to_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import numpy as np
    import numpy.typing as npt

__all__ = ["MarketState"]

_MICROSECONDS_A_MINUTE = 60_000_000
_BLOCK = 1 << 20  # rows answered at once, so that a column's characters fit its offsets


class MarketState:
    """The figures of every bar seen so far, by symbol, in the units of the time, and the news.

    Parameters
    ----------
    calendar : str or mapping of str to str, optional
        Name of the exchange calendar (of exchange_calendars, or ``24/7``) that all
        symbols follow, or of each symbol its own. Without one there are no sessions
        and no levels of the session before.
    definition : Definition, default DAILY
        Windows and thresholds of figures and classes.

    Raises
    ------
    InvalidArgumentError
        When the definition's numbers are out of range, differ from those that are
        known under its name, or ask for the time of day without a calendar.
    UnknownNameError
        When there is no calendar of a name.

    Notes
    -----
    Every null has its reason, the first of these that holds. In ``context_reason``,
    for figures of the bars and the classes read from them:

    - ``no_market_data``: no bar of the symbol had closed;
    - ``stale``: the last one closed more than ``stale_days`` before, or its calendar
      was open for more than ``stale_minutes`` since; all figures are null,
      ``context_asof`` says when that was;
    - ``warming_up``: too few bars for some figure, of all or of this time of day, or
      no session over yet that had bars;
    - ``undefined``: a formula has no answer on these prices: a log return of a
      price at or below zero, a z-score of equal closes;
    - ``no_volume``: the bars have no volume, or it is usually zero;
    - ``no_profile``: the session before had too few bars, or not all with volume, to
      say at which prices it traded, as always with daily bars.

    In ``session_reason``, for the session, the levels of the session before and what
    else is read from a calendar: ``no_calendar`` of the symbol, or
    ``outside_calendar``, a time that it does not reach. In ``news_reason``:
    ``no_events`` were known. Without a reason are null the minutes to open and close
    outside the regular session, and ``news_id`` and ``news_minutes`` with no event near.

    ``price_level`` counts the prior session's high, low and point of control among the
    levels, where they are known.

    Bars are as quoted. From a split on, every figure is read from bars in its units:
    prices that were quoted before are divided by its ratio, volumes multiplied, as on a
    back-adjusted chart of that day. A split that no one tells of reads as a crash.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> day = datetime(2024, 1, 1, 21, tzinfo=UTC)
    >>> state = MarketState("24/7")
    >>> for n in range(30):
    ...     _ = state.on_bar(Bar(symbol="X", close_time=day + timedelta(n), close=100.0 + n))
    >>> context = state.context_at("X", day + timedelta(29.5))
    >>> context.close, context.moving_average, context.atr, context.adx
    (129.0, 119.5, 1.0, 100.0)
    >>> context.trend, context.context_reason
    (None, 'warming_up')
    >>> context.market_session, context.prior_close
    ('regular', 129.0)
    """

    def __init__(
        self,
        calendar: str | Mapping[str, str] | None = None,
        *,
        definition: Definition = DAILY,
    ) -> None:
        check_definition(definition)
        self._calendars = Calendars(calendar)
        if definition.reads_the_clock and not self._calendars.names:
            raise InvalidArgumentError(
                f"definition {definition.name!r}: calendar must be given, was {calendar!r}; a "
                "volume_bucket of less than a day is a time of day, e.g. calendar='XNYS'"
            )
        self.definition = definition
        self._thresholds = thresholds_of(definition)
        self._words = words_of(definition, self._calendars.names)
        self._figures = MarketFigures(self._calendars, definition)
        self._news, self._event_ids = News(), pa.array([], pa.string())

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
        return self._figures.take(split_bars(bars))

    def on_splits(self, splits: pa.Table) -> int:
        """Take splits, in any order, before or after the bars; each holds from its time on.

        Parameters
        ----------
        splits : pyarrow.Table
            With the columns of `SplitRecord`. A bar that closes at the very time of a
            split is quoted in the old units. Two accounts that tell of the same ratio
            within five days speak of one split, which holds from the earlier time on.

        Returns
        -------
        int
            How many splits there are now that there were not.

        Raises
        ------
        SchemaError, InvalidTableError
            When the rows are not what they must be.
        ConflictError
            When a symbol would be split at one time by two ratios. After any error the
            state is what it was before the call.
        """
        return self._figures.split(splits)

    def forget_splits(self, splits: pa.Table) -> None:
        """Take back splits, as they were told: they were called off, or can't be recorded."""
        self._figures.unsplit(splits)

    def on_news(self, events: pa.Table) -> int:
        """Take news, in any order; each counts from its ``known_at`` on.

        Parameters
        ----------
        events : pyarrow.Table
            With the columns of `NewsEvent`. A row with a known ``event_id`` and a
            later ``known_at`` is what was known of that event from then on.

        Returns
        -------
        int
            How many rows were new.

        Raises
        ------
        SchemaError
            When a column is missing, unknown or of another type.
        InvalidTableError
            When a field breaks its rule.
        ConflictError
            When ``event_id`` and ``known_at`` come again with other content. After
            any error the state is what it was before the call.
        """
        new = self._news.add(events)
        self._event_ids = pa.array(self._news.ids, pa.string())
        return new

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
        instants = asked_times(times)
        names, codes = encoded(asked_symbols(symbols, len(instants)))
        blocks = [
            self._contexts(names, codes[start : start + _BLOCK], instants[start : start + _BLOCK])
            for start in range(0, max(len(instants), 1), _BLOCK)
        ]
        return blocks[0] if len(blocks) == 1 else pa.concat_tables(blocks)

    def closes_between(self, symbols: Sequence[str], start: int, stop: int) -> Closes:
        """Give the last close of symbols at a time and those that follow, as quoted.

        Parameters
        ----------
        symbols : sequence of str
            One that no bar has spoken of has no closes.
        start, stop : int
            First and last moment, in microseconds since 1970, UTC.

        Returns
        -------
        place, since, asof : ndarray of int of shape (n_closes,)
            Of the symbol; from when each counts, of a symbol rising and not before
            ``start``; when its bar closed.
        close : ndarray of shape (n_closes,)
            NaN from when the bar is ``stale_days`` old.
        """
        figures = [self._figures.of(symbol) for symbol in symbols]
        return closes_between(figures, start, stop, stale_after(self.definition))

    def _contexts(self, names: list[str], codes: Codes, times: npt.NDArray[np.int64]) -> pa.Table:
        of_name = self._calendars.codes(names)
        calendar = of_name.take(codes)
        known = self._figures.known(names, codes, times)
        window = int(self.definition.news_minutes * _MICROSECONDS_A_MINUTE)
        concerned = self._calendars.names_of(of_name)
        found = Findings(
            known=known,
            stale=is_stale(known, times, calendar, self._calendars, self.definition),
            calendar=calendar,
            session=self._calendars.classify(calendar, times),
            news=self._news.near(names, codes, times, concerned, window),
        )
        return context_table(found, self._thresholds, self._words, self._event_ids)
