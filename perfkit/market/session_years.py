"""Session years: how many sessions a year an exchange has, to annualise daily returns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.market.exchange_schedule import NEVER, schedule_of

__all__ = ["sessions_a_year"]


def sessions_a_year(calendar: str, dates: Any) -> float:
    """Count the sessions of an exchange in the years that some dates touch.

    Parameters
    ----------
    calendar : str
        A name or alias of exchange_calendars, such as ``XNYS``, or ``24/7``.
    dates : DatetimeIndex, or Series or DataFrame with one, of shape (n,)
        Days of the returns that are to be annualised.

    Returns
    -------
    float
        Sessions of those calendar years over their number: 252 for XNYS in 2024.

    Raises
    ------
    UnknownNameError
        When there is no such calendar.
    InvalidArgumentError
        When there are no dates, or the calendar does not know their years.

    Examples
    --------
    >>> sessions_a_year("XNYS", pd.bdate_range("2024-01-02", "2024-06-28"))
    252.0
    """
    index = dates.index if isinstance(dates, pd.Series | pd.DataFrame) else dates
    if not isinstance(index, pd.DatetimeIndex) or not len(index):
        raise InvalidArgumentError(
            f"dates must be a DatetimeIndex with at least one day, was {type(index).__name__} "
            f"of {len(index)}; give the returns as a Series with their dates"
        )
    schedule = schedule_of(calendar)
    opens = schedule.open[schedule.open != NEVER].astype("M8[us]")
    zoned = pd.DatetimeIndex(opens, tz="UTC").tz_convert(schedule.zone)
    years, first, last = zoned.year.to_numpy(), index.min().year, index.max().year
    # the years at either end of the schedule may be cut
    if first <= years[0] or last >= years[-1]:
        raise InvalidArgumentError(
            f"the years of the dates must lie within {years[0] + 1} to {years[-1] - 1}, which the "
            f"calendar {calendar!r} knows, were {first} to {last}; give periods as a number"
        )
    return float(np.count_nonzero((years >= first) & (years <= last)) / (last - first + 1))
