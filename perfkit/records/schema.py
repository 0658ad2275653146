"""From a record's annotations: its Arrow schema, its tables, its JSON.

The dataclass is the one source of truth; everything here is derived from
its type hints and nothing is written twice.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

import pyarrow as pa

from perfkit.records.fields import FieldSpec, field_specs

__all__ = ["TIMESTAMP", "arrow_schema", "from_table", "to_json", "to_table"]

Record = TypeVar("Record")

TIMESTAMP = pa.timestamp("us", tz="UTC")
_SCALARS: dict[Any, pa.DataType] = {
    str: pa.string(),
    float: pa.float64(),
    int: pa.int64(),
    bool: pa.bool_(),
    datetime: TIMESTAMP,
}


@cache
def arrow_schema(cls: type) -> pa.Schema:
    """Derive the Arrow schema of a record class.

    Parameters
    ----------
    cls : type
        A record dataclass.

    Returns
    -------
    pyarrow.Schema
        One field per attribute, in order; units stand in the field's
        metadata under ``unit``; times are UTC microseconds.
    """
    return pa.schema([_arrow_field(spec) for spec in field_specs(cls)])


def _arrow_field(spec: FieldSpec) -> pa.Field:
    metadata = {"unit": spec.unit} if spec.unit else None
    return pa.field(spec.name, _arrow_type(spec.kind), nullable=spec.optional, metadata=metadata)


def _arrow_type(kind: Any) -> pa.DataType:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return pa.string()
    if dataclasses.is_dataclass(kind):
        return pa.struct([_arrow_field(s) for s in field_specs(typing.cast("type", kind))])
    if typing.get_origin(kind) is tuple:
        return pa.list_(_arrow_type(typing.get_args(kind)[0]))
    raise TypeError(f"no Arrow type for {kind!r}; records hold scalars, tuples and records")


def to_table(records: Iterable[object], cls: type) -> pa.Table:
    """Turn records into an Arrow table.

    Parameters
    ----------
    records : iterable
        Instances of ``cls``, already checked by construction.
    cls : type
        Their class; it gives the schema, also when there are none.
    """
    rows = list(records)
    schema = arrow_schema(cls)
    columns = []
    for field in schema:
        values = list(map(attrgetter(field.name), rows))
        if field.nullable and values.count(None) == len(values):
            columns.append(pa.nulls(len(values), field.type))  # as many optional fields are
            continue
        if pa.types.is_struct(field.type):
            values = list(map(_plain, values))
        columns.append(pa.array(values, type=field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _plain(value: Any) -> Any:
    if not dataclasses.is_dataclass(value):
        return value
    return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}


def from_table(table: pa.Table, cls: Callable[..., Record]) -> list[Record]:
    """Turn an Arrow table into records: the inverse of `to_table`.

    Raises
    ------
    InvalidRecordError
        When a row breaks a rule of its fields.
    """
    specs = field_specs(typing.cast("type", cls))
    rows = table.select([s.name for s in specs]).to_pylist()
    return [cls(**{s.name: _revive(row[s.name], s.kind) for s in specs}) for row in rows]


def _revive(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    if dataclasses.is_dataclass(kind):
        return typing.cast("Any", kind)(**value)
    return tuple(value) if typing.get_origin(kind) is tuple else value


def to_json(value: Any) -> Any:
    """Turn a record into what JSON can hold: ISO times, null for NaN and infinity."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(v) for v in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
