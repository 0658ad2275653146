"""Schedules of exchanges: when each of their sessions opens and closes.

The one file that knows exchange_calendars, and that loads it when a calendar is first
asked for. What leaves it is int64: microseconds since 1970, UTC.
"""

from __future__ import annotations

import difflib
import functools
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError, UnknownNameError, legible

if TYPE_CHECKING:
    import exchange_calendars

__all__ = [
    "CONTINUOUS",
    "NEVER",
    "IntColumn",
    "Schedule",
    "canonical_name",
    "schedule_of",
    "utc_offsets",
]

IntColumn = npt.NDArray[np.int64]

CONTINUOUS = "24/7"
NEVER = np.iinfo(np.int64).min  # numpy's NaT, as an integer

_MINUTE = 60_000_000
_DAY = 1440 * _MINUTE
# before 1970 the rules of calendars without a bound do not hold: New York traded on Saturdays
_FIRST = pd.Timestamp("1970-01-01")
_LAST = pd.Timestamp("2050-12-31")
_EXTENDED = "XNYS"  # the one calendar whose extended hours are known; its siblings are aliases
_PRE_OPENS = pd.Timedelta(hours=4)  # after local midnight
_POST_LASTS = 240 * _MINUTE  # until 20:00, and until 17:00 on a half day


class Schedule(NamedTuple):
    """Instants of each session of an exchange; `NEVER` where there is no such instant."""

    zone: str
    pre_open: IntColumn
    open: IntColumn
    break_start: IntColumn
    break_end: IntColumn
    close: IntColumn
    post_close: IntColumn


def schedule_of(calendar: str) -> Schedule:
    """Read the schedule of an exchange calendar; once a process.

    Parameters
    ----------
    calendar : str
        A name or alias of exchange_calendars, or ``24/7``.

    Returns
    -------
    Schedule
        In order of time, from the calendar's own bound, or 1970, to its own bound, but
        not beyond 2050.

    Raises
    ------
    UnknownNameError
        When there is no such calendar.
    InvalidArgumentError
        When exchange_calendars can't build it.

    References
    ----------
    .. [1] NYSE, *Holidays and trading hours*: NYSE Arca's early session opens at 4:00;
       its late session ends at 20:00, or at 17:00 on days that close at 13:00.
    """
    return _schedule_of(canonical_name(calendar))


def utc_offsets(zone: str) -> tuple[IntColumn, IntColumn]:
    """Give the instants from 1900 to 2100 at which a zone's offset to UTC changes.

    Returns
    -------
    changes : ndarray of int64, shape (n,)
        Ascending, to the second.
    offsets : ndarray of int64, shape (n + 1,)
        Microseconds to add to UTC before the first change, and from each on.
    """

    def offset(seconds: IntColumn) -> IntColumn:
        utc = pd.DatetimeIndex(seconds.astype("datetime64[s]"))
        local = utc.tz_localize("UTC").tz_convert(zone).tz_localize(None)
        return local.as_unit("s").asi8 - seconds

    first, last = np.array(["1900-01-01", "2100-01-01"], dtype="datetime64[s]").astype(np.int64)
    days = np.arange(first, last, 86_400)
    by_day = offset(days)
    changes = np.flatnonzero(np.diff(by_day))
    early, late = days[changes], days[changes + 1]
    while (late - early > 1).any():  # all changes halve their bounds at once
        middle = (early + late) // 2
        is_early = offset(middle) == by_day[changes]
        early, late = np.where(is_early, middle, early), np.where(is_early, late, middle)
    return late * 1_000_000, np.append(by_day[:1], by_day[changes + 1]) * 1_000_000


@functools.cache
def canonical_name(calendar: str) -> str:
    """Give the one name of an exchange calendar that has several, such as ``XNYS`` of ``NYSE``.

    Raises
    ------
    UnknownNameError
        When there is no such calendar; names those that are spelt alike.
    """
    if calendar == CONTINUOUS:
        return calendar
    from exchange_calendars import get_calendar_names, resolve_alias

    names = get_calendar_names()
    if calendar in names:
        return str(resolve_alias(calendar))
    spelt = {name.upper(): name for name in names}
    near = difflib.get_close_matches(calendar.strip().upper()[:64], spelt, cutoff=0.5)
    hint = f"; did you mean {' or '.join(repr(spelt[n]) for n in near)}?" if near else ""
    shown = legible(repr(calendar), 80)
    raise UnknownNameError(
        f"calendar must be the name of an exchange calendar, was {shown}{hint}; take one of "
        "exchange_calendars.get_calendar_names(), or '24/7' for what never stops trading"
    )


@functools.cache
def _schedule_of(name: str) -> Schedule:
    if name == CONTINUOUS:
        opens = np.arange(0, _micros(pd.DatetimeIndex([_LAST]))[0] + 1, _DAY)
        absent = np.full(len(opens), NEVER)
        return Schedule("UTC", absent, opens, absent, absent, opens + _DAY, absent)
    calendar = _exchange_calendar(name)
    instants = {column: _micros(calendar.schedule[column]) for column in calendar.schedule}
    pre_open = post_close = np.full(len(instants["open"]), NEVER)
    if name == _EXTENDED:
        pre_open = _micros((calendar.sessions + _PRE_OPENS).tz_localize(calendar.tz))
        post_close = instants["close"] + _POST_LASTS
    return Schedule(zone=calendar.tz.key, pre_open=pre_open, post_close=post_close, **instants)


def _exchange_calendar(name: str) -> exchange_calendars.ExchangeCalendar:
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls what pandas is about to change
        try:
            usual = exchange_calendars.get_calendar(name)
            first, last = usual.bound_min() or _FIRST, usual.bound_max() or _LAST
            return exchange_calendars.get_calendar(name, start=first, end=min(last, _LAST))
        except (NotImplementedError, ValueError) as error:
            raise InvalidArgumentError(
                f"calendar {name!r} must be one that exchange_calendars can build, but release "
                f"{version('exchange_calendars')} fails on it with pandas {pd.__version__} "
                f"({type(error).__name__}: {legible(str(error), 90)}); take a calendar with the "
                "same hours, or other releases of the two"
            ) from error


def _micros(instants: pd.Series | pd.DatetimeIndex) -> IntColumn:
    return pd.DatetimeIndex(instants).as_unit("us").asi8
