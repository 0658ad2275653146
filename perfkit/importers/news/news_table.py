"""Tables of news: CSV, Parquet or a frame, by the names of the fields or by a column map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.admission import Candidates, Reading
from perfkit.importers.cells import Cells, TimeStyle, read_text
from perfkit.importers.news.news_times import read_news_times, require_moments
from perfkit.importers.source_rows import read_rows
from perfkit.market.news_rows import WHY_KNOWN_AT
from perfkit.records import NewsEvent, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import pandas as pd

    from perfkit.importers.source_rows import SourceRows

__all__ = ["read_news_table"]

# recorded_at is the tracker's to give: a file can't know when we knew
_FIELDS = tuple(name for name in arrow_schema(NewsEvent).names if name != "recorded_at")
_OURS = ("recorded_at", "sequence", "__index_level_0__")  # of a table that perfkit wrote
_KNOWN = f"they are {', '.join(_FIELDS)}"
_TIMES = ("event_time", "known_at")


def read_news_table(
    source: str | Path | pd.DataFrame,
    columns: Mapping[str, str],
    times: TimeStyle,
    told: Collection[str],
) -> tuple[Reading, Candidates]:
    """Read the rows of a table of news.

    Parameters
    ----------
    source : path or DataFrame
        The table.
    columns : mapping of str to str
        Field to column; empty when the columns bear the names of the fields.
    times : TimeStyle
        How times are written.
    told : collection of str
        Fields that are given for all rows that do not say.

    Raises
    ------
    ImportFormatError
        When the table can't be read, or has no column for what must be known.
    InvalidArgumentError
        When the map names a field that does not exist, or times have no hours.
    """
    require_moments(times)
    rows = read_rows(source)
    candidates = Candidates(cls=NewsEvent, lines=rows.lines)
    for field, column in _columns(rows, columns, told).items():
        candidates.put(field, _cells(rows, field, column, times))
    return Reading(source=rows.name, read=rows.read, refused=rows.refused), candidates


def _columns(
    rows: SourceRows, columns: Mapping[str, str], told: Collection[str]
) -> Mapping[str, str]:
    names = rows.table.column_names
    unknown = sorted(columns.keys() - set(_FIELDS))
    if unknown:
        raise InvalidArgumentError(f"columns must map fields of news, had {unknown}; {_KNOWN}")
    if not columns:
        # a misspelt "importanse" would otherwise be lost silently
        unknown = sorted(set(names) - {*_FIELDS, *_OURS})
        if unknown:
            raise ImportFormatError(
                f"{rows.name}: without a column map the columns must bear the names of the fields "
                f"of news, had {unknown}; {_KNOWN}; give a column map"
            )
        columns = {name: name for name in _FIELDS if name in names}
    for field, reason in {"event_time": "map a column to it", "known_at": WHY_KNOWN_AT}.items():
        if field not in columns and field not in told:
            raise ImportFormatError(
                f"{rows.name}: news must have {field!r}, and no column gives it; the header has "
                f"{names}; {reason}"
            )
    return columns


def _cells(rows: SourceRows, field: str, column: str, times: TimeStyle) -> Cells:
    cells, where = rows.column(column, field), f"{rows.name}: column {column!r} ({field})"
    if field in _TIMES:
        return read_news_times(cells, field, times, where)
    if cells.null_count == len(cells):  # which pandas takes for numbers
        return Cells(pa.nulls(len(cells), pa.string()), {})
    text = read_text(cells, ("",), where)
    return Cells(pc.utf8_lower(text) if field == "importance" else text, {})
