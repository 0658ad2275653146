"""Rows of a frame or a CSV file, one mapping each, for formats that are read row by row.

Cells of a frame stay the objects that they are, cells of a CSV file the text;
what is empty is None in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.result import RefusedRow
from perfkit.importers.row_cells import moment
from perfkit.importers.source_rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["FrameRows", "clock_time", "frame_rows", "require_zone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRows:
    """The rows of one source, each with its line.

    Attributes
    ----------
    name : str
        The file, or ``frame``: what messages call it.
    rows : list of (int, dict)
        Line, and the cells by the name of their column.
    refused : tuple of RefusedRow
        Rows of another width than the header.
    """

    name: str
    rows: list[tuple[int, dict[str, Any]]]
    refused: tuple[RefusedRow, ...] = ()


def frame_rows(source: str | Path | pd.DataFrame, columns: Sequence[str], what: str) -> FrameRows:
    """Read the rows of a frame, a CSV file or a Parquet file.

    Parameters
    ----------
    source : path or DataFrame
        A frame without any column and row is a run without trades.
    columns : sequence of str
        Columns that must be there.
    what : str
        What the source should be, for messages.

    Raises
    ------
    ImportFormatError
        When the source can't be read, a column is missing or stands there twice.
    """
    if isinstance(source, pd.DataFrame):
        names = [str(name) for name in source.columns]
        if names or len(source):
            _require_columns("frame", names, columns, what)
        cells = source.astype(object).where(source.notna(), None).set_axis(names, axis=1)
        rows = [{str(k): v for k, v in row.items()} for row in cells.to_dict("records")]
        return FrameRows(name="frame", rows=list(enumerate(rows, 1)))
    read = read_rows(source)
    _require_columns(read.name, read.table.column_names, columns, what)
    return FrameRows(
        name=read.name,
        rows=list(zip(read.lines.tolist(), read.table.to_pylist(), strict=True)),
        refused=read.refused,
    )


def _require_columns(name: str, names: Sequence[str], columns: Sequence[str], what: str) -> None:
    wrong = [column for column in columns if names.count(column) != 1]
    if wrong:
        raise ImportFormatError(
            f"{name}: {what} must have each of the columns {wrong} once; "
            f"the header has {list(names)}"
        )


def clock_time(
    row: Mapping[str, Any],
    name: str,
    field: str,
    zone: str | None = None,
    layouts: Sequence[str] = (),
) -> datetime:
    """Read a cell that holds a time, or the text of one, as UTC.

    Raises
    ------
    InvalidArgumentError
        When the times of a frame have no zone, and none was given.
    UnreadableCellError
        When the cell holds no time, or one that the clock of the zone skips or
        shows twice.
    """
    value = row.get(name)
    if isinstance(value, datetime):
        if value.tzinfo is None and zone is None:
            raise InvalidArgumentError(
                f"zone must be given, the times of {name!r} have none (the first is {value}); "
                "say which one the source was run in, e.g. zone='UTC'"
            )
        return moment(value.isoformat(), field, zone=zone)
    text = None if value is None or not str(value).strip() else str(value).strip()
    return moment(text, field, layouts, zone)


def require_zone(zone: str | None) -> None:
    """Check the name of a zone, where one is given.

    Raises
    ------
    InvalidArgumentError
        When it is none of those of the IANA database.
    """
    try:
        if zone is not None:
            ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise InvalidArgumentError(
            f"zone must be an IANA name like 'America/New_York' or 'UTC', was {zone!r}"
        ) from error
