"""The trading day of a moment: a desk's time zone and its cut-off decide."""

from __future__ import annotations

from datetime import time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from perfkit.errors import InvalidArgumentError

__all__ = ["STEP", "TradingClock", "day_ends", "step_days", "trading_day"]

STEP = 900_000_000  # microseconds: clocks differ by quarters of an hour, days mostly end on one
_NO_DAYS = np.array([], "datetime64[D]")
_DAY = pd.Timedelta(days=1)


class TradingClock(NamedTuple):
    """What a desk's trading day is.

    Attributes
    ----------
    zone, cutoff : str
        As of `trading_day`.
    further_days : ndarray of datetime64[D]
        Trading days on which there may be neither a price nor a fill.
    """

    zone: str = "UTC"
    cutoff: str = "00:00"
    further_days: npt.NDArray[np.datetime64] = _NO_DAYS


def trading_day(
    times: pa.ChunkedArray | pa.Array | pd.Series | pd.DatetimeIndex | npt.NDArray[np.datetime64],
    zone: str = "UTC",
    cutoff: str = "00:00",
) -> npt.NDArray[np.datetime64]:
    """Name the trading day that each moment belongs to.

    A trading day ends at the cut-off of the date it is named after, by the clock of the
    zone, and the next one begins there; 00:00 is the midnight at the end of the date.

    Parameters
    ----------
    times : timestamps with a zone, or ndarray of datetime64 in UTC, of shape (n,)
        The moments.
    zone : str
        IANA name of the desk's time zone.
    cutoff : str
        ``HH:MM`` on the clock of that zone.

    Returns
    -------
    ndarray of datetime64[D], of shape (n,)
        The date of each day.

    Raises
    ------
    InvalidArgumentError
        When the zone or the cut-off does not exist, or times have no zone.

    Examples
    --------
    >>> moments = np.array(["2024-03-01T21:59", "2024-03-01T22:00"], "datetime64[us]")
    >>> trading_day(moments, "America/New_York", "17:00").astype(str).tolist()
    ['2024-03-01', '2024-03-02']
    """
    return _named(_moments(times), zone, cutoff)


def step_days(
    steps: npt.NDArray[np.int64], zone: str, cutoff: str
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.bool_]]:
    """Name the trading day of many moments at once: of all within `STEP` microseconds.

    Parameters
    ----------
    steps : ndarray of int64, of shape (n,)
        Microseconds since 1970, UTC, divided by `STEP`.
    zone, cutoff : str
        As of `trading_day`.

    Returns
    -------
    tuple of ndarray of datetime64[D] and ndarray of bool
        The day on which each step begins, and whether it ends on another one, because
        the day's end or a change of the clock lies within.

    Raises
    ------
    InvalidArgumentError
        When the zone or the cut-off does not exist.
    """
    first, last = (
        _named(_moments((steps * STEP + more).view("datetime64[us]")), zone, cutoff)
        for more in (0, STEP - 1)
    )
    return first, first != last


def day_ends(
    days: npt.NDArray[np.datetime64], zone: str = "UTC", cutoff: str = "00:00"
) -> npt.NDArray[np.int64]:
    """Give the last microsecond of each trading day, the other way round.

    Parameters
    ----------
    days : ndarray of datetime64[D], of shape (n,)
        Dates of the days.
    zone, cutoff : str
        As of `trading_day`.

    Returns
    -------
    ndarray of int64, of shape (n,)
        Microseconds since 1970, UTC.

    Raises
    ------
    InvalidArgumentError
        When the zone or the cut-off does not exist.
    """
    local = pd.DatetimeIndex(days.astype("datetime64[us]")) + (_cutoff(cutoff) or _DAY)
    # an end that the clock shows twice is its second, one that it skips comes after the gap
    second = np.zeros(len(days), np.bool_)
    ends = local.tz_localize(_zone(zone), ambiguous=second, nonexistent="shift_forward")
    micros: npt.NDArray[np.int64] = ends.tz_convert(None).to_numpy().astype(np.int64)
    return micros - 1


def _named(moments: pd.DatetimeIndex, zone: str, cutoff: str) -> npt.NDArray[np.datetime64]:
    local = moments.tz_convert(_zone(zone)).tz_localize(None)
    since_midnight = _cutoff(cutoff)
    shift = _DAY - since_midnight if since_midnight else since_midnight
    return (local + shift).to_numpy().astype("datetime64[D]")


def _moments(times: Any) -> pd.DatetimeIndex:
    if isinstance(times, np.ndarray):
        return pd.DatetimeIndex(times).tz_localize("UTC")
    column = times.to_pandas() if isinstance(times, (pa.Array, pa.ChunkedArray)) else times
    moments = pd.DatetimeIndex(column)
    if moments.tz is None:
        raise InvalidArgumentError(
            "times must have a zone, had none; say which with .dt.tz_localize(zone)"
        )
    return moments


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidArgumentError(
            f"zone must be an IANA time zone such as 'America/New_York', was {name!r}"
        ) from error


def _cutoff(text: str) -> pd.Timedelta:
    try:
        hour, minute = text.split(":")
        clock = time(int(hour), int(minute))
    except ValueError as error:
        raise InvalidArgumentError(f"cutoff must be HH:MM, 00:00 to 23:59, was {text!r}") from error
    return pd.Timedelta(hours=clock.hour, minutes=clock.minute)
