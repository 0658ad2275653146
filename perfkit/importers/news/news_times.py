"""Times in files of news, where a day is no moment.

As ``event_time`` a day is refused: a window around an hour that nobody told would be a
guess. As ``known_at`` it counts from its end, when the news was known for certain.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnreadableCellError
from perfkit.importers.cells import EPOCHS, Cells, TimeStyle, read_text, read_times
from perfkit.importers.frame_rows import require_zone
from perfkit.importers.row_cells import moment
from perfkit.records import rows_where

__all__ = ["known_since", "read_news_times", "require_moment", "require_moments"]

_DAY = r"^\d{4}-?\d{2}-?\d{2}$"
_HOURS = ("%H", "%I", "%X", "%c")
_EMPTY = ("",)
_GIVE_A_DAY = "write it as 20240131T190000Z, or leave the event out"
_GIVE_AN_HOUR = "give the hour at which it takes place, or leave the event out"


def require_moments(style: TimeStyle) -> None:
    """Check that a style tells the hour of a time, and that its zone is one.

    Raises
    ------
    InvalidArgumentError
        When it does not.
    """
    require_zone(style.zone)
    layout = style.layout
    if layout is not None and layout not in EPOCHS and not any(h in layout for h in _HOURS):
        raise InvalidArgumentError(
            f"layout must tell the hour of a time, was {layout!r}; news has a moment, not a day"
        )


def read_news_times(column: pa.ChunkedArray, field: str, style: TimeStyle, where: str) -> Cells:
    """Read the column of ``event_time`` or ``known_at`` as UTC microseconds.

    Raises
    ------
    ImportFormatError
        When a time has no zone and none was given.
    """
    if pa.types.is_date(column.type):
        column = column.cast(pa.string())
    if pa.types.is_timestamp(column.type) or style.layout is not None:
        return read_times(column, style, _EMPTY, where)
    text = read_text(column, _EMPTY, where)
    days = rows_where(pc.fill_null(pc.match_substring_regex(text, _DAY), False))
    words, reasons = text.to_pylist(), {}
    if days and field == "known_at" and style.zone is None:
        raise ImportFormatError(
            f"{where}: must give times with a zone, had the day {words[days[0]]}, which counts "
            "from its end; state the time zone of the source, e.g. 'UTC' or 'America/New_York'"
        )
    for row in days:
        if field == "known_at":
            words[row] = _day_after(words[row])
        else:
            reasons[row] = f"must be a moment, was the day {words[row]}; {_GIVE_AN_HOUR}"
            words[row] = None
    cells = read_times(pa.chunked_array([pa.array(words, pa.string())]), style, _EMPTY, where)
    return Cells(cells.values, {**cells.unreadable, **reasons})


def known_since(given: str | date, zone: str | None) -> datetime:
    """Read from when a whole file was known, as UTC.

    Parameters
    ----------
    given : str, date or datetime
        A time or a day, as such or in ISO 8601.
    zone : str, optional
        IANA name of its zone, when it does not carry its own.

    Raises
    ------
    InvalidArgumentError
        When it is neither, or has no zone.

    Examples
    --------
    >>> known_since("2023-06-20", "America/New_York").isoformat()
    '2023-06-21T04:00:00+00:00'
    """
    if not isinstance(given, str | date):
        raise InvalidArgumentError(
            f"known_at must be a time or text such as '2023-06-20', was {given!r}"
        )
    text = given if isinstance(given, str) else given.isoformat()
    try:
        return moment(_day_after(text), "known_at", zone=zone)
    except UnreadableCellError as error:
        raise InvalidArgumentError(str(error)) from error


def require_moment(value: object, field: str) -> datetime:
    """Give a time that is no day, nor anything else.

    Raises
    ------
    UnreadableCellError
        When it is one.
    """
    if isinstance(value, datetime):
        return value
    if not isinstance(value, date):
        words = {time: "a time of no day", tuple: "a period", timedelta: "a duration"}
        what = words.get(type(value), f"{value!r}")
        raise UnreadableCellError(field, f"must be a day and a time, was {what}; {_GIVE_A_DAY}")
    raise UnreadableCellError(field, f"must be a moment, was the day {value}; {_GIVE_AN_HOUR}")


def _day_after(text: str) -> str:
    """Give the day after a day in ISO 8601; other text stays."""
    try:
        return (date.fromisoformat(text) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return text
