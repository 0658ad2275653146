"""Sessions of an exchange calendar, as int64 columns that answer for many times at once.

A calendar is read from exchange_calendars once and laid out as a table of intervals:
when each begins, what it is, and the session it belongs to. Whatever is asked is then
one search in it. Times are microseconds since 1970, UTC.

Both ends belong to the regular session, for open and close are when its auctions print;
a lunch break is ``closed``. Where one session ends as the next begins (futures), the
instant belongs to the next. A bar belongs to the session with open < close_time <= close,
for it tells of the time before its close.
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.market.exchange_schedule import (
    CONTINUOUS,
    NEVER,
    IntColumn,
    Schedule,
    schedule_of,
    utc_offsets,
)

__all__ = ["SESSION_WORDS", "SessionColumns", "Sessions", "sessions_of"]

SESSION_WORDS: Final = ("pre_market", "regular", "after_hours", "closed")

FloatColumn = npt.NDArray[np.float64]

_PRE, _REGULAR, _AFTER, _CLOSED = range(4)
_OUTSIDE = -1
_MINUTE = 60_000_000


class SessionColumns(NamedTuple):
    """What a calendar says of each of many times.

    Attributes
    ----------
    code : ndarray of int8
        Index into `SESSION_WORDS`; -1 outside the calendar's range.
    minutes_from_open, minutes_to_close : ndarray of float64
        By the clock, a lunch break included; NaN outside the regular session, and
        where trading never pauses.
    """

    code: npt.NDArray[np.int8]
    minutes_from_open: FloatColumn
    minutes_to_close: FloatColumn


class _Intervals(NamedTuple):
    """One row an interval, each reaching to the next; the first and last lie outside."""

    start: IntColumn
    code: npt.NDArray[np.int8]
    origin: FloatColumn  # start as a float, NaN outside: later arithmetic carries it on
    open: FloatColumn  # of the regular session, NaN elsewhere
    close: FloatColumn
    traded: FloatColumn  # microseconds of regular session before the start
    pace: FloatColumn  # 1 in the regular session, else 0


class Sessions:
    """The sessions of one exchange calendar; made by `sessions_of`.

    Attributes
    ----------
    name : str
        As it was asked for.
    zone : str
        IANA name of the exchange's time zone.
    is_continuous : bool
        Whether it trades around the clock on all days; its sessions are the UTC days.
    """

    def __init__(self, name: str, schedule: Schedule) -> None:
        self.name = name
        self.zone = schedule.zone
        self.is_continuous = name == CONTINUOUS
        self._opens = schedule.open
        # of session -1, which is none, the close never comes
        self._closes = np.append(schedule.close, np.iinfo(np.int64).max)
        self._intervals = _intervals(schedule, self.is_continuous)
        self._changes, self._offsets = utc_offsets(schedule.zone)

    def __repr__(self) -> str:
        return f"Sessions({self.name!r})"

    def classify(self, times: IntColumn) -> SessionColumns:
        """Say in which session each time lies, and how far from its open and close.

        Parameters
        ----------
        times : ndarray of int64
            Microseconds since 1970, UTC, in any order.
        """
        table = self._intervals
        rows = table.start.searchsorted(times, side="right") - 1
        return SessionColumns(
            code=table.code[rows],
            minutes_from_open=(times - table.open[rows]) / _MINUTE,
            minutes_to_close=(table.close[rows] - times) / _MINUTE,
        )

    def of_bar(self, close_times: IntColumn) -> IntColumn:
        """Give the number of the regular session that each bar belongs to, or -1.

        Parameters
        ----------
        close_times : ndarray of int64
            When the bars closed, in microseconds since 1970, UTC.

        Returns
        -------
        ndarray of int64
            Ascending with time; where trading never pauses, days since 1970.
        """
        sessions = self._opens.searchsorted(close_times, side="left") - 1
        return np.where(close_times <= self._closes[sessions], sessions, -1)

    def close_of(self, sessions: IntColumn) -> IntColumn:
        """Give when sessions close, by their numbers; of -1 the end of all times."""
        return self._closes[sessions]

    def open_minutes(self, times: IntColumn) -> FloatColumn:
        """Count the minutes of regular session before each time; NaN outside the calendar.

        Counted from the calendar's first open, so that a difference of two is the
        time for which the market was open between them.
        """
        table = self._intervals
        rows = table.start.searchsorted(times, side="right") - 1
        return (table.traded[rows] + table.pace[rows] * (times - table.origin[rows])) / _MINUTE

    def minute_of_day(self, times: IntColumn) -> IntColumn:
        """Give the minute of the exchange's local day, 0 to 1439, whatever the session."""
        local = times + self._offsets[self._changes.searchsorted(times, side="right")]
        return local // _MINUTE % 1440


def sessions_of(calendar: str) -> Sessions:
    """Give the sessions of an exchange calendar; laid out once a process.

    Parameters
    ----------
    calendar : str
        A name or alias of exchange_calendars, such as ``XNYS`` or ``NASDAQ``, or ``24/7``.

    Returns
    -------
    Sessions
        From the calendar's own bound, or 1970, to its own bound, or 2050. Hours and
        holidays are those that exchange_calendars knows: for days long ago often
        today's hours (New York opened at 10:00 until 1985), and of days to come no
        holiday that is yet to be announced.

    Raises
    ------
    UnknownNameError
        When there is no such calendar; names those that are spelt alike.
    InvalidArgumentError
        When exchange_calendars can't build it.

    Examples
    --------
    >>> new_york = sessions_of("XNYS")
    >>> black_friday = np.array(["2025-11-28T17:50", "2025-11-28T18:05"], dtype="M8[us]")
    >>> new_york.classify(black_friday.astype(np.int64)).code.tolist()
    [1, 2]
    """
    # a name that can't be a key of the cache can't be one of a calendar either
    return _laid_out(calendar) if isinstance(calendar, str) else _laid_out(repr(calendar))


@functools.cache
def _laid_out(calendar: str) -> Sessions:
    return Sessions(calendar, schedule_of(calendar))


def _intervals(s: Schedule, is_continuous: bool) -> _Intervals:
    has_break, has_post = s.break_start > NEVER, s.post_close > NEVER
    size, none = len(s.open), np.zeros(len(s.open), dtype=np.int64)
    # one row a session, its instants in order; what follows a closing instant begins after it
    starts = [s.pre_open, s.open, s.break_start, s.break_end, s.close, s.post_close]
    begins_after = np.array([0, 0, 1, 0, 1, 1])
    codes = [none + _PRE, none + _REGULAR, none + _CLOSED, none + _REGULAR]
    codes += [np.where(has_post, _AFTER, _CLOSED), none + _CLOSED]
    morning = np.where(has_break, s.break_start, s.close) - s.open
    afternoon = np.where(has_break, s.close - s.break_end, 0)
    lasts = [none, morning, none, afternoon, none, none]

    instant = np.stack(starts, axis=1).ravel()
    start = instant + np.tile(begins_after, size)
    # a close at which the next session opens begins nothing
    found = np.flatnonzero(instant > NEVER)
    found = found[np.append(start[found][:-1] < start[found][1:], True)]
    code, last = (np.stack(columns, axis=1).ravel()[found] for columns in (codes, lasts))
    code[-1] = _OUTSIDE
    start, session = start[found], found // len(starts)
    is_measured = (code == _REGULAR) & (not is_continuous)
    return _Intervals(
        start=np.append(NEVER, start),
        code=np.append(_OUTSIDE, code).astype(np.int8),
        origin=np.append(np.nan, np.where(code == _OUTSIDE, np.nan, start)),
        open=np.append(np.nan, np.where(is_measured, s.open[session], np.nan)),
        close=np.append(np.nan, np.where(is_measured, s.close[session], np.nan)),
        traded=np.append(0.0, np.cumsum(last) - last),
        pace=np.append(0.0, code == _REGULAR),
    )
