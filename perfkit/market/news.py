"""News as it was known: which event lay near a moment, from what was known by then.

One rule holds: an answer for time t is read from rows with ``known_at <= t``, and of an
event that was moved from the last of them. News that is told later about an earlier time
counts from its ``known_at`` on, in whatever order and portions it comes.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.market.exchange_schedule import canonical_name
from perfkit.market.news_kernel import (
    EVERYTHING,
    NOBODY,
    Asked,
    Revisions,
    Timeline,
    nearest_news,
)
from perfkit.market.news_rows import checked_news, news_conflict, news_contents
from perfkit.records import Importance

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from perfkit.market.news_rows import NewsContent, NewsKey

__all__ = ["News", "NewsColumns"]

_RANKS = {Importance.HIGH.value: 0, Importance.MEDIUM.value: 1, Importance.LOW.value: 2, None: 3}
_ID_BYTES = 64  # of an identifier, which is ASCII
_WORDS = 1 + _ID_BYTES // 8
_FOREVER = np.iinfo(np.int64).max
_MICROSECONDS_A_MINUTE = 60e6


class NewsColumns(NamedTuple):
    """What was known of the news at some moments.

    Attributes
    ----------
    known : ndarray of bool, shape (n_times,)
        Whether any event, of any kind, was known by then.
    near : ndarray of bool, shape (n_times,)
        Whether the moment lies in the window of one that concerns its symbol.
    event : ndarray of int64, shape (n_times,)
        Place of the nearest one in `News.ids`; -1 where none is near.
    minutes : ndarray of float64, shape (n_times,)
        From the event to the moment, negative before the event; NaN where none is near.
    """

    known: npt.NDArray[np.bool_]
    near: npt.NDArray[np.bool_]
    event: npt.NDArray[np.int64]
    minutes: npt.NDArray[np.float64]


class News:
    """The events that were told of so far, each with its revisions.

    Attributes
    ----------
    ids : list of str
        Id of the event of every row that was taken, in the order in which they came.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from perfkit.records import NewsEvent, to_table
    >>> fomc = NewsEvent(
    ...     event_id="fomc", event_time=datetime(2024, 1, 31, 19, tzinfo=UTC),
    ...     known_at=datetime(2023, 6, 1, tzinfo=UTC), importance="high",
    ... )
    >>> news = News()
    >>> news.add(to_table([fomc], NewsEvent))
    1
    >>> quarter_to = np.array([np.datetime64("2024-01-31T18:45", "us").astype(np.int64)])
    >>> found = news.near(["SPY"], np.zeros(1, np.int64), quarter_to, [None], 30 * 60_000_000)
    >>> news.ids[found.event[0]], found.minutes.tolist()
    ('fomc', [-15.0])
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._contents: dict[NewsKey, NewsContent] = {}
        self._revised: dict[str, list[tuple[int, int]]] = {}  # (known_at, row) by event
        self._symbols: dict[str | None, int] = {}
        self._calendars: dict[str | None, int] = {}
        self._first_known = _FOREVER
        none = np.empty(0, np.int64)
        self._past = self._ahead = Timeline(np.zeros(2, np.int64), none, none)
        self._revisions = Revisions(none, none, none, np.empty((0, _WORDS), np.uint64))

    def add(self, events: pa.Table) -> int:
        """Take events, in any order.

        Parameters
        ----------
        events : pyarrow.Table
            With the columns of `NewsEvent`; optional ones may be absent.

        Returns
        -------
        int
            How many rows were new. A row with the ``event_id`` and ``known_at`` of an
            earlier one and the same content is left out.

        Raises
        ------
        SchemaError
            When a column is missing, unknown or of another type.
        InvalidTableError
            When a field breaks its rule, or a calendar does not exist.
        ConflictError
            When ``event_id`` and ``known_at`` come again with other content. After any
            error the news is what it was before the call.
        """
        fresh: dict[NewsKey, NewsContent] = {}
        for key, content in news_contents(checked_news(events)):
            before = self._contents.get(key)
            if before is None:
                before = fresh.setdefault(key, content)
            if before != content:
                raise news_conflict(key, before, content)
        if fresh:
            self._append(list(fresh), list(fresh.values()))
            self._contents |= fresh
        return len(fresh)

    def near(
        self,
        symbols: Sequence[str],
        codes: npt.NDArray[np.integer],
        times: npt.NDArray[np.int64],
        calendars: Sequence[str | None],
        window_us: int,
    ) -> NewsColumns:
        """Find the event near each moment: the nearest in time that was known by then.

        An event concerns a symbol when it names it, or names its calendar, or names
        neither symbol nor calendar. Of two that are equally near the more important
        one is found, then the one with the smaller id.

        Parameters
        ----------
        symbols : sequence of str
            Different names.
        codes : ndarray of int, shape (n_times,)
            Place in ``symbols`` of whom each moment is about.
        times : ndarray of int64, shape (n_times,)
            Moments in microseconds since 1970, UTC, in any order.
        calendars : sequence of str or None, as long as ``symbols``
            The canonical name of the calendar of each, where it has one.
        window_us : int
            How far away an event may be, in microseconds; that far is near.
        """
        event = np.empty(len(times), np.int64)
        minutes = np.empty(len(times))
        minutes.fill(np.nan)
        if not self.ids:
            event.fill(NOBODY)
            nothing = np.zeros(len(times), np.bool_)
            return NewsColumns(nothing, nothing.copy(), event, minutes)
        # copies, for the kernel is compiled anew for every make of array
        asked = Asked(
            np.array(times, np.int64, order="C"),
            np.array(codes, np.int64, order="C"),
            np.array([self._symbols.get(name, NOBODY) for name in symbols], np.int64),
            np.array([self._calendars.get(name, NOBODY) for name in calendars], np.int64),
        )
        nearest_news(asked, self._past, self._ahead, self._revisions, window_us, event)
        near = event >= 0
        if near.any():
            apart = times[near] - self._revisions.event_time[event[near]]
            minutes[near] = apart / _MICROSECONDS_A_MINUTE
        return NewsColumns(times >= self._first_known, near, event, minutes)

    def _append(self, keys: list[NewsKey], contents: list[NewsContent]) -> None:
        start, stop = len(self.ids), len(self.ids) + len(keys)
        self._revisions = revisions = _room_for(self._revisions, stop)
        self.ids += [event_id for event_id, _ in keys]
        times = np.array([content[0] for content in contents], np.int64)
        known = np.array([known_at for _, known_at in keys], np.int64)
        revisions.event_time[start:stop], revisions.known_at[start:stop] = times, known
        revisions.preference[start:stop] = _preference(self.ids[start:], contents)
        for row, (event_id, known_at) in enumerate(keys, start):
            self._supersede(event_id, known_at, row)
        self._first_known = min(self._first_known, int(known.min()))
        groups, places = self._grouped(contents)
        count = 1 + len(self._symbols) + len(self._calendars)
        rows, times, is_ahead = start + places, times[places], (known < times)[places]
        self._past = _inserted(self._past, count, groups, times, rows)
        self._ahead = _inserted(
            self._ahead, count, groups[is_ahead], times[is_ahead], rows[is_ahead]
        )

    def _supersede(self, event_id: str, known_at: int, row: int) -> None:
        """Put a row among those of its event: each counts until the next one is known."""
        until, rows = self._revisions.until, self._revised.setdefault(event_id, [])
        place = bisect_left(rows, (known_at, row))
        until[row] = rows[place][0] if place < len(rows) else _FOREVER
        if place:
            until[rows[place - 1][1]] = known_at
        rows.insert(place, (known_at, row))

    def _grouped(
        self, contents: list[NewsContent]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Give groups, and the row that lies in each; what names two lies in two."""
        groups, places = [], []
        for place, (_, symbol, calendar, *_) in enumerate(contents):
            exchange = None if calendar is None else canonical_name(calendar)
            own = [
                names.setdefault(name, 1 + len(self._symbols) + len(self._calendars))
                for names, name in ((self._symbols, symbol), (self._calendars, exchange))
                if name is not None
            ] or [EVERYTHING]
            groups += own
            places += [place] * len(own)
        return np.array(groups, np.int64), np.array(places, np.int64)


def _preference(ids: list[str], contents: list[NewsContent]) -> npt.NDArray[np.uint64]:
    """Give words that sort by importance and then by id: ASCII, most significant byte first."""
    ranks = [_RANKS[importance] for _, _, _, importance, _ in contents]
    letters = np.array(ids, f"S{_ID_BYTES}").view(">u8").reshape(len(ids), -1)
    return np.column_stack([np.array(ranks, np.uint64), letters.astype(np.uint64)])


def _room_for(revisions: Revisions, count: int) -> Revisions:
    """Give revisions with room for some rows: twice as much when they are made anew."""
    if len(revisions.until) >= count:
        return revisions
    return Revisions(
        *(
            np.concatenate([old, np.empty((2 * count - len(old), *old.shape[1:]), old.dtype)])
            for old in revisions
        )
    )


def _inserted(
    timeline: Timeline,
    count: int,
    groups: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
) -> Timeline:
    """Put entries in their places; ``count`` groups there are then."""
    order = np.lexsort((times, groups))
    groups, times, rows = groups[order], times[order], rows[order]
    starts, end = timeline.starts, timeline.starts[-1]
    starts = np.append(starts, np.full(count + 1 - len(starts), end))
    places = np.empty(len(groups), np.int64)
    for group in np.unique(groups).tolist():
        own = slice(*np.searchsorted(groups, [group, group + 1]))
        segment = timeline.times[starts[group] : starts[group + 1]]
        places[own] = starts[group] + np.searchsorted(segment, times[own], side="right")
    added = np.bincount(groups, minlength=count)
    return Timeline(
        starts + np.concatenate([[0], np.cumsum(added)]),
        np.insert(timeline.times, places, times),
        np.insert(timeline.rows, places, rows),
    )
