"""Frequency: how many periods a year has, read from the dates where nobody says it.

It is never assumed: dates that don't say it are an error.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from perfkit.errors import InvalidArgumentError

__all__ = ["Frequency", "periods_per_year"]

_DAYS_A_YEAR = 365.25
_MICROSECONDS_A_DAY = 86_400_000_000
_WEEKEND_SHARE = 0.2  # of the days; a market that never closes has 2 in 7
_IRREGULAR = 0.25  # of the observations that the frequency promises, too many or too few
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


def periods_per_year(dates: Any) -> Frequency:
    """Read from the dates of returns how many periods a year has.

    Parameters
    ----------
    dates : DatetimeIndex, or Series or DataFrame with one, of shape (n,)
        When each return ended, ascending.

    Returns
    -------
    Frequency
        252 for daily dates without weekends (the average of the NYSE;
        `perfkit.sessions_a_year` counts those of an exchange), 365 where one day in five
        is on a weekend, 52, 12, 4 or 1.

    Raises
    ------
    InvalidArgumentError
        When there are no dates, fewer than three, several a day, irregular ones, or
        daily ones that pass no weekend.

    Examples
    --------
    >>> periods_per_year(pd.date_range("2024-01-31", periods=12, freq="ME"))
    Frequency(periods=12.0, source='monthly dates')
    """
    index = dates.index if isinstance(dates, pd.Series | pd.DataFrame) else dates
    if isinstance(index, pd.Index) and not isinstance(index, pd.DatetimeIndex | pd.RangeIndex):
        raise InvalidArgumentError(
            f"dates must be timestamps to say how many periods a year has, were {index.dtype}; "
            "give the index through pd.to_datetime(), or periods="
        )
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 3:
        raise InvalidArgumentError(
            "periods, the number of periods in a year, must be given where fewer than three "
            "dates say it; 252 exchange days, 365 days, 52 weeks, 12 months"
        )
    days = index.tz_localize(None).to_numpy().astype("M8[us]")
    step = float(np.median(np.diff(days).astype(np.int64))) / _MICROSECONDS_A_DAY
    found = _of_step(step, days)
    years = int((days[-1] - days[0]).astype(np.int64)) / _MICROSECONDS_A_DAY / _DAYS_A_YEAR
    promised = years * found.periods
    if abs(len(days) - 1 - promised) > max(_IRREGULAR * promised, 2.0):
        raise InvalidArgumentError(
            f"dates must be regular to say how many periods a year has, were {len(days)} "
            f"{found.source} in {years:.2f} years; give periods="
        )
    return found


def _of_step(step: float, days: np.ndarray[Any, Any]) -> Frequency:
    if 0.99 <= step <= 1.01:
        dates = days.astype("M8[D]")
        on_weekend = ~np.is_busday(dates)
        if on_weekend.mean() > _WEEKEND_SHARE:
            return Frequency(365.0, "daily dates with weekends")
        if np.busday_count(dates[0], dates[-1] + 1) == int((dates[-1] - dates[0]).astype(int)) + 1:
            raise InvalidArgumentError(
                f"daily dates must pass a weekend to say whether the market rests on it, were "
                f"{dates[0]} to {dates[-1]}; give periods=252 or periods=365"
            )
        return Frequency(252.0, "daily dates without weekends, NYSE average")
    for least, most, periods, source in _STEPS:
        if least <= step <= most:
            return Frequency(periods, source)
    raise InvalidArgumentError(
        f"dates must be daily, weekly, monthly, quarterly or yearly, were {step:.3g} days apart; "
        "give periods=, and compound returns within a day to days first"
    )
