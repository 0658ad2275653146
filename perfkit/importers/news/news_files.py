"""Files of news: calendars of events, schedules of releases, headlines with their times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError
from perfkit.importers.cells import TimeStyle
from perfkit.importers.frame_rows import require_zone
from perfkit.importers.news.icalendar_events import read_icalendar
from perfkit.importers.news.news_import import admit_news
from perfkit.importers.news.news_table import read_news_table
from perfkit.importers.news.news_times import known_since
from perfkit.market.exchange_schedule import canonical_name
from perfkit.records.schema import TIMESTAMP

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from perfkit.importers.admission import Candidates
    from perfkit.importers.news.news_import import NewsImport

__all__ = ["read_news"]

_ISO = TimeStyle()


def read_news(
    source: str | Path | pd.DataFrame,
    *,
    columns: Mapping[str, str] | None = None,
    times: TimeStyle = _ISO,
    known_at: str | datetime | None = None,
    symbol: str | None = None,
    calendar: str | None = None,
) -> NewsImport:
    """Read a file of news.

    Parameters
    ----------
    source : path or DataFrame
        iCalendar (``.ics``), Parquet (``.parquet``, ``.pq``), any other file is CSV; a
        name that ends in ``.gz`` is unpacked on the way.
    columns : mapping of str to str, optional
        Field of `NewsEvent` to column of the table; two fields may read one column.
        Without it the columns bear the names of the fields.
    times : TimeStyle, optional
        Layout of the times of a table, and the zone of times that have none.
    known_at : str or datetime, optional
        From when one knew of events that do not say: the day a schedule was published.
    symbol, calendar : str, optional
        Whom events are about that do not say.

    Returns
    -------
    NewsImport
        The news, and every row that is none with its line and the reason.

    Raises
    ------
    ImportFormatError
        When the source as a whole can't be read so: damaged, columns missing, times
        without a zone and none stated, nothing that says when the news was known.
    InvalidArgumentError
        When an argument does not belong to the file, or is none.
    UnknownNameError
        When there is no such ``calendar``.

    Notes
    -----
    - A day is no moment. As ``event_time`` it is refused, all-day events with it; as
      ``known_at`` it counts from its end.
    - Where there is no ``event_id`` it is derived from time, symbol, calendar and title:
      an event that was moved is then another one.
    - An event of a calendar was known from when it was CREATED, a revised one from its
      LAST-MODIFIED, else from its DTSTAMP. Recurring events are refused, cancelled ones
      skipped.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"What": ["Statement"], "When": ["2015-03-18 14:00"]})
    >>> result = read_news(
    ...     frame, columns={"title": "What", "event_time": "When"},
    ...     times=TimeStyle(zone="America/New_York"), known_at="2014-12-31", calendar="XNYS",
    ... )
    >>> row, = result.news.to_pylist()
    >>> row["event_time"].isoformat(), row["known_at"].isoformat(), row["calendar"]
    ('2015-03-18T18:00:00+00:00', '2015-01-01T05:00:00+00:00', 'XNYS')
    """
    require_zone(times.zone)
    _require_arguments(source, columns, {"symbol": symbol, "calendar": calendar})
    constants: dict[str, str | datetime | None] = {"symbol": symbol, "calendar": calendar}
    if known_at is not None:
        constants["known_at"] = known_since(known_at, times.zone)
    if calendar is not None:
        canonical_name(calendar)
    told = {name: value for name, value in constants.items() if value is not None}
    if isinstance(source, str | Path) and str(source).lower().endswith((".ics", ".ics.gz")):
        if columns or times.layout:
            raise InvalidArgumentError(
                f"{source}: columns and a layout belong to tables, were {columns!r} and "
                f"{times.layout!r}; an iCalendar file says itself what is what"
            )
        reading, candidates = read_icalendar(source, times.zone)
    else:
        reading, candidates = read_news_table(source, columns or {}, times, told)
    for name, value in told.items():
        _fill_in(candidates, name, value)
    return admit_news(reading, candidates)


def _require_arguments(source: object, columns: object, words: Mapping[str, object]) -> None:
    if not isinstance(source, str | Path) and not hasattr(source, "columns"):
        raise InvalidArgumentError(f"source must be a path or a DataFrame, was {source!r}")
    if columns is not None and not isinstance(columns, Mapping):
        raise InvalidArgumentError(
            f"columns must map fields of news to columns, was {columns!r}; e.g. "
            "columns={'title': 'What'}"
        )
    for name, value in words.items():
        if value is not None and not isinstance(value, str):
            raise InvalidArgumentError(f"{name} must be text, was {value!r}")


def _fill_in(candidates: Candidates, name: str, value: str | datetime) -> None:
    kind = TIMESTAMP if name == "known_at" else pa.string()
    constant = pa.repeat(pa.scalar(value, kind), len(candidates.lines))
    given = candidates.fields.get(name)
    candidates.fields[name] = constant if given is None else pc.coalesce(given, constant)
