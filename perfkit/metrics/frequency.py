"""Frequency: how many periods a year has, by the caller, a calendar, or the dates themselves.

It is never assumed: dates that don't say it are an error.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from perfkit.errors import InvalidArgumentError, UnknownNameError

__all__ = ["Frequency", "periods_per_year"]

_DAYS_A_YEAR = 365.25
_MICROSECONDS_A_DAY = 86_400_000_000
_WEEKEND_SHARE = 0.2  # of the days; a market that never closes has 2 in 7
_REGULAR = (0.8, 1.25)  # observations for those that the frequency promises
# days between two observations, periods a year, and the words for it
_STEPS = (
    (6.5, 7.5, 52.0, "weekly dates"),
    (27.0, 32.0, 12.0, "monthly dates"),
    (88.0, 93.0, 4.0, "quarterly dates"),
    (360.0, 370.0, 1.0, "yearly dates"),
)


class Frequency(NamedTuple):
    """Periods in a year, and where that comes from.

    Attributes
    ----------
    periods : float
        Periods in a year.
    source : str
        In words.
    """

    periods: float
    source: str


def periods_per_year(dates: Any, *, calendar: str | None = None) -> Frequency:
    """Read from the dates of returns how many periods a year has.

    Parameters
    ----------
    dates : DatetimeIndex, or Series or DataFrame with one, of shape (n,)
        When each return ended, ascending.
    calendar : str, optional
        An exchange calendar, such as ``XNYS``: its sessions a year, over the calendar
        years that the dates touch. Only for daily returns.

    Returns
    -------
    Frequency
        Without a calendar: 252 for daily dates without weekends (the average of the
        NYSE), 365 where one day in five is on a weekend, 52, 12, 4 or 1.

    Raises
    ------
    InvalidArgumentError
        When there are no dates, fewer than three, several a day, or too irregular ones.
    UnknownNameError
        When there is no such calendar.

    Examples
    --------
    >>> periods_per_year(pd.date_range("2024-01-31", periods=12, freq="ME"))
    Frequency(periods=12.0, source='monthly dates')
    """
    index = dates.index if isinstance(dates, pd.Series | pd.DataFrame) else dates
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 3:
        raise InvalidArgumentError(
            "periods, the number of periods in a year, must be given where fewer than three "
            "dates say it; 252 exchange days, 365 days, 52 weeks, 12 months"
        )
    days = index.tz_localize(None).to_numpy().astype("M8[us]")
    if calendar is not None:
        return _of_calendar(days.astype("M8[D]"), calendar)
    step = float(np.median(np.diff(days).astype(np.int64))) / _MICROSECONDS_A_DAY
    found = _of_step(step, days)
    years = int((days[-1] - days[0]).astype(np.int64)) / _MICROSECONDS_A_DAY / _DAYS_A_YEAR
    share = (len(days) - 1) / (years * found.periods)
    if not _REGULAR[0] <= share <= _REGULAR[1]:
        raise InvalidArgumentError(
            f"dates must be regular to say how many periods a year has, were {len(days)} "
            f"{found.source} in {years:.2f} years; give periods="
        )
    return found


def _of_step(step: float, days: np.ndarray[Any, Any]) -> Frequency:
    if 0.99 <= step <= 1.01:
        on_weekend = ~np.is_busday(days.astype("M8[D]"))
        if on_weekend.mean() > _WEEKEND_SHARE:
            return Frequency(365.0, "daily dates with weekends")
        return Frequency(252.0, "daily dates without weekends, NYSE average")
    for least, most, periods, source in _STEPS:
        if least <= step <= most:
            return Frequency(periods, source)
    raise InvalidArgumentError(
        f"dates must be daily, weekly, monthly, quarterly or yearly, were {step:.3g} days apart; "
        "give periods=, and compound returns within a day to days first"
    )


def _of_calendar(days: np.ndarray[Any, Any], calendar: str) -> Frequency:
    import exchange_calendars

    if calendar not in (names := exchange_calendars.get_calendar_names()):
        raise UnknownNameError(
            f"there is no calendar {calendar!r}; there are {', '.join(sorted(names)[:12])} ..."
        )
    if (np.diff(days) == np.timedelta64(0, "D")).any():
        raise InvalidArgumentError(
            f"returns must be daily to be counted by the calendar {calendar}, were several a day; "
            "compound them to days first"
        )
    first, last = (int(day.astype("M8[Y]").astype(np.int64)) + 1970 for day in days[[0, -1]])
    bounds = f"{first}-01-01", f"{last}-12-31"
    try:
        book = exchange_calendars.get_calendar(calendar, *bounds)
    except ValueError as error:  # years that the library does not know
        raise InvalidArgumentError(
            f"the calendar {calendar} must know the years {first} to {last}: {error}; give periods="
        ) from error
    sessions = len(book.sessions_in_range(*bounds))
    return Frequency(sessions / (last - first + 1), f"sessions a year of {calendar}")
