"""The rules of a record's fields, held against one record or a whole table.

Both ways give the same sentence: the record, the field, what it must be,
what it was, and what to do.
"""

from __future__ import annotations

import dataclasses
import typing
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import (
    InvalidRecordError,
    InvalidTableError,
    RowError,
    SchemaError,
    legible,
)
from perfkit.records.fields import FieldSpec, field_specs, record_kind
from perfkit.records.schema import arrow_schema

if typing.TYPE_CHECKING:
    from collections.abc import Collection

    from perfkit.records.rules import RowRule, Rule

__all__ = ["check_record", "check_table", "conform", "invalid_rows", "rows_where"]

_LONGEST_QUOTED = 200  # characters of a value in a message


def check_record(record: Any) -> None:
    """Check one record against the rules of its fields, in ``__post_init__``.

    Words become their enum, times become UTC.

    Raises
    ------
    InvalidRecordError
        Naming the record, the field, the requirement, the value and the remedy.
    """
    for spec in field_specs(record.__class__):
        value = getattr(record, spec.name)
        if value is None and spec.optional:
            continue
        for rule in spec.rules:
            if not rule.accepts(value):
                raise InvalidRecordError(_sentence(record_name(record), spec.name, rule, value))
        if spec.kind is datetime:
            object.__setattr__(record, spec.name, value.astimezone(UTC))
        elif spec.kind is float:
            object.__setattr__(record, spec.name, float(value))
        elif isinstance(spec.kind, type) and issubclass(spec.kind, StrEnum):
            object.__setattr__(record, spec.name, spec.kind(value))
    for row_rule in _row_rules(type(record)):
        if not row_rule.accepts(record):
            value = getattr(record, row_rule.field)
            raise InvalidRecordError(
                _sentence(record_name(record), row_rule.field, row_rule, value)
            )


def _row_rules(cls: type) -> tuple[RowRule, ...]:
    return getattr(cls, "row_rules", ())


def record_name(record: object) -> str:
    """Name a record for a message: its class and the id it carries."""
    first = dataclasses.fields(typing.cast("Any", record))[0].name
    return f"{record_kind(type(record))} {_quoted(getattr(record, first))}"


def _sentence(name: str, field: str, rule: Rule | RowRule, value: object) -> str:
    value = getattr(value, "value", value)
    return f"{name}: {field} must {rule.requirement}, was {_quoted(value)}; {rule.remedy}"


def _quoted(value: object) -> str:
    """Quote a value; of a long one the middle is left out, for the field is to be seen."""
    return legible(repr(value), _LONGEST_QUOTED)


def invalid_rows(
    table: pa.Table, cls: type, fields: Collection[str] | None = None
) -> tuple[RowError, ...]:
    """List every row of a table that breaks a rule, with the record's message.

    Parameters
    ----------
    table : pyarrow.Table
        With the columns of ``arrow_schema(cls)``.
    cls : type
        The record class.
    fields : collection of str, optional
        The fields whose own rules are asked; all of them, and the rules on several
        together, when None.

    Returns
    -------
    tuple of RowError
        In row order, the first broken rule of each row only.
    """
    first: dict[int, RowError] = {}
    specs = field_specs(cls)

    def blame(good: pa.ChunkedArray, field: str, rule: Rule | RowRule) -> None:
        if pc.all(good, min_count=0).as_py():
            return
        for row in rows_where(pc.invert(good)):
            name = f"{record_kind(cls)} {_quoted(_shown(table.column(specs[0].name)[row]))}"
            message = _sentence(name, field, rule, _shown(table.column(field)[row]))
            first.setdefault(row, RowError(row=row, field=field, message=message))

    for spec in specs:
        if fields is not None and spec.name not in fields:
            continue
        column = table.column(spec.name)
        if spec.optional and column.null_count == len(column):
            continue
        for rule in spec.rules:
            good = rule.accepts_column(column)
            if column.null_count:
                good = pc.if_else(pc.is_null(column), spec.optional, good)
            blame(good, spec.name, rule)
    for row_rule in _row_rules(cls) if fields is None else ():
        blame(pc.fill_null(row_rule.accepts_rows(table), False), row_rule.field, row_rule)
    return tuple(first[row] for row in sorted(first))


def rows_where(mask: pa.ChunkedArray) -> list[int]:
    """Numbers of the rows where a mask without nulls is true."""
    # pc.indices_nonzero of pyarrow 25 crashes the process on a column without chunks
    rows: list[int] = mask.to_numpy(zero_copy_only=False).nonzero()[0].tolist()
    return rows


def _shown(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (OverflowError, ValueError):  # a time outside of what Python can hold
        return str(value.cast(pa.int64())) + " microseconds since 1970"


def check_table(table: pa.Table, cls: type, fields: Collection[str] | None = None) -> None:
    """Check a table against the rules of a record's fields; see `invalid_rows`.

    Raises
    ------
    InvalidTableError
        Listing every row that breaks a rule, in the words a single record uses.
    """
    if bad := invalid_rows(table, cls, fields):
        raise InvalidTableError(record_kind(cls), bad, table.num_rows)


def conform(table: pa.Table, cls: type) -> pa.Table:
    """Bring a table to the schema of a record: order, types and defaults.

    Parameters
    ----------
    table : pyarrow.Table
        With at least the required columns; other columns are an error, so
        that a misspelt one is not lost silently.
    cls : type
        The record class.

    Returns
    -------
    pyarrow.Table
        With exactly ``arrow_schema(cls)``.

    Raises
    ------
    SchemaError
        When a column is missing, unknown or can't be converted.
    """
    schema, names = arrow_schema(cls), {s.name for s in field_specs(cls)}
    unknown = [n for n in table.column_names if n not in names]
    missing = [s.name for s in field_specs(cls) if s.required and s.name not in table.column_names]
    if unknown or missing:
        raise SchemaError(
            f"a table of {record_kind(cls)} rows must have the columns of {cls.__name__}; "
            f"missing {missing}, unknown {unknown}; there are {table.column_names}"
        )
    columns = [_conform_column(table, spec, schema.field(spec.name)) for spec in field_specs(cls)]
    return pa.Table.from_arrays(columns, schema=schema)


def _conform_column(table: pa.Table, spec: FieldSpec, field: pa.Field) -> Any:
    if spec.name not in table.column_names:
        if typing.get_origin(spec.kind) is tuple:
            return pa.array([[]] * table.num_rows, field.type)
        return pa.repeat(pa.scalar(spec.default, field.type), table.num_rows)
    column = table.column(spec.name)
    if column.type == field.type and (spec.default is None or not column.null_count):
        return column
    is_zoned = getattr(column.type, "tz", None) is not None or pa.types.is_null(column.type)
    if pa.types.is_timestamp(field.type) and not is_zoned:
        raise SchemaError(
            f"column {spec.name!r} must be a timestamp with a zone, was {column.type}; "
            "give the zone of the source, e.g. frame[name].dt.tz_localize('UTC')"
        )
    try:
        cast = column.cast(field.type, safe=not pa.types.is_timestamp(field.type))
    except pa.ArrowException as error:
        raise SchemaError(
            f"column {spec.name!r} must be {field.type}, was {column.type}: {error}"
        ) from error
    return pc.fill_null(cast, spec.default) if spec.default is not None else cast
