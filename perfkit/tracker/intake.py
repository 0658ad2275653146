"""Intake: whatever a caller holds becomes a checked table of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.records import RecordType, arrow_schema, conform, to_table
from perfkit.records.fields import record_kind

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

__all__ = ["Rows", "order_of_numbering", "record_rows", "stamped"]

Rows: TypeAlias = pa.Table | pd.DataFrame | Iterable[object]


def record_rows(rows: Rows, cls: type, defaults: Mapping[str, str | None]) -> pa.Table:
    """Bring rows to a record's schema; their values are not looked at.

    Parameters
    ----------
    rows : pyarrow.Table, DataFrame or iterable of records
        Columns that are absent take the record's defaults.
    cls : type
        The record class.
    defaults : mapping of str to str or None
        Values for a column that is absent, and for its nulls; None gives none, and
        a column that the record has not is left out.

    Returns
    -------
    pyarrow.Table
        With ``arrow_schema(cls)``.

    Raises
    ------
    SchemaError
        When a column is missing, unknown, of another type, or a time without
        a zone.
    InvalidArgumentError
        When something in an iterable is no such record.
    """
    table = _as_table(rows, cls)
    if table.schema.equals(arrow_schema(cls)) and not isinstance(rows, pa.Table):
        return table  # records, which have all their values
    for name, value in defaults.items():
        if value is not None and name in arrow_schema(cls).names:
            table = _filled(table, name, value)
    return conform(table, cls)


def order_of_numbering(rows: pa.Table) -> npt.NDArray[np.intp]:
    """Give the order in which facts are to be numbered.

    By time, at equal times as given; corrections and busts come last and as given,
    because of several on one trade the one that is numbered last counts.
    """
    times = rows.column("execution_time").to_numpy().view(np.int64)
    names = rows.schema.names
    if (
        "original_trade_id" not in names
        or rows.column("original_trade_id").null_count == rows.num_rows
    ):
        return np.asarray(times.argsort(kind="stable"), np.intp)
    is_later = pc.not_equal(rows.column("record_type"), RecordType.NEW.value).to_numpy()
    new = np.flatnonzero(~is_later)
    return np.concatenate([new[times[new].argsort(kind="stable")], np.flatnonzero(is_later)])


def stamped(rows: pa.Table, now: datetime) -> pa.Table:
    """Write when we knew into every row."""
    place = rows.schema.get_field_index("recorded_at")
    field = rows.schema.field(place)
    return rows.set_column(place, field, pa.repeat(pa.scalar(now, field.type), rows.num_rows))


def _as_table(rows: Rows, cls: type) -> pa.Table:
    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pd.DataFrame):
        return _from_frame(rows)
    if isinstance(rows, cls) or not isinstance(rows, Iterable):
        raise InvalidArgumentError(
            f"{record_kind(cls)} rows must be an iterable of {cls.__name__}, a pyarrow Table or a "
            f"DataFrame, were one {type(rows).__name__}; give a list"
        )
    records = list(rows)
    for place, record in enumerate(records):
        if not isinstance(record, cls):
            raise InvalidArgumentError(
                f"item {place} must be a {cls.__name__}, was {type(record).__name__}; give "
                f"{cls.__name__} records, a pyarrow Table or a DataFrame"
            )
    return to_table(records, cls)


def _from_frame(frame: pd.DataFrame) -> pa.Table:
    if not frame.columns.is_unique:
        raise SchemaError(f"columns must have different names, were {list(frame.columns)}")
    return pa.table({str(name): _from_series(frame[name]) for name in frame.columns})


def _from_series(series: pd.Series[Any]) -> pa.Array:
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        # pyarrow 25 would read .values, which pandas 3.1 warns of
        moments = series.dt.tz_convert(None).to_numpy()
        return pa.array(moments, pa.timestamp(series.dtype.unit, "UTC"))
    try:
        return pa.Array.from_pandas(series)
    except pa.ArrowException as error:
        raise SchemaError(
            f"column {series.name!r} must hold values of one type: {error}; convert the column"
        ) from error


def _filled(table: pa.Table, name: str, value: str) -> pa.Table:
    if name not in table.column_names:
        return table.append_column(name, pa.repeat(pa.scalar(value), table.num_rows))
    place = table.column_names.index(name)
    column = table.column(name)
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    return table.set_column(place, name, pc.fill_null(column, value))
