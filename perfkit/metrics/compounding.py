"""Compounding: daily returns as those of weeks, months, or so many days."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from perfkit.metrics.observations import Floats

__all__ = ["PERIODS_PER_YEAR", "compounded", "days_in"]

# 252 = average number of NYSE sessions a year; weeks and months of the calendar.
PERIODS_PER_YEAR = MappingProxyType({"daily": 252.0, "weekly": 52.0, "monthly": 12.0})
_DAYS = re.compile(r"([1-9][0-9]{0,3})d")
MONDAY = np.datetime64("1970-01-05", "D")


def compounded(
    returns: npt.ArrayLike, days: npt.ArrayLike, *, period: str
) -> tuple[Floats, npt.NDArray[np.datetime64]]:
    """Compound returns into days, weeks, months, or so many days.

    Parameters
    ----------
    returns : array-like of shape (n,)
        Simple returns of days or of parts of them; NaN is dropped.
    days : array-like of shape (n,)
        Trading days, ascending; of a time the day is that of UTC.
    period : str
        ``daily``: all returns of a day are one; ``weekly`` (Monday to Sunday),
        ``monthly``, or ``"5d"``: every five of the days, from the first on.

    Returns
    -------
    tuple of ndarray
        One return for each period that has a day, and that period's last
        day. The first and last may be part of a week or month, the last of a ``5d``.

    Raises
    ------
    InvalidArgumentError
        When the period is none of these.
    """
    length = days_in(period)
    values, dates = np.asarray(returns, np.float64), np.asarray(days, "M8[D]")
    values, dates = values[~np.isnan(values)], dates[~np.isnan(values)]
    is_new = dates[1:] != dates[:-1]
    if not values.size or (length == 1 and is_new.all()):
        return values, dates
    group = np.append(0, is_new.cumsum()) // (length or 1)
    if period == "monthly":
        group = dates.astype("M8[M]").astype(np.int64)
    elif period == "weekly":
        group = (dates - MONDAY).astype(np.int64) // 7
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    last = np.append(first[1:], values.size) - 1
    with np.errstate(over="ignore"):
        grown: Floats = np.multiply.reduceat(1.0 + values, first)
    return grown - 1.0, dates[last]


def days_in(period: str) -> int | None:
    """Read how many days a period has: None for a week or a month, which are the calendar's.

    Raises
    ------
    InvalidArgumentError
        When it is no period.
    """
    if period in ("weekly", "monthly"):
        return None
    named = _DAYS.fullmatch(period) if isinstance(period, str) else None
    if period != "daily" and named is None:
        raise InvalidArgumentError(
            f"period must be one of {', '.join(PERIODS_PER_YEAR)}, or so many days such as '5d', "
            f"was {period!r}"
        )
    return int(named[1]) if named else 1
