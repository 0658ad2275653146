"""Evolution: histories that were recorded before a column existed.

No row is rewritten. A row that lacks a column is read with the default of
its record, or null where that has none; a table learns of the column when
its history is next opened for writing. delta-rs 1.6 would add wider files
to a table without a word, and other readers would then not see the columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from perfkit.errors import StoreError
from perfkit.records import conform
from perfkit.records.fields import field_specs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deltalake import DeltaTable

    from perfkit.store.tables import TableLayout

__all__ = ["absent_fields", "completed", "conformed", "table_schema"]


def table_schema(table: DeltaTable, layout: TableLayout) -> pa.Schema:
    """Give the columns that a Delta table has.

    Parameters
    ----------
    table : DeltaTable
        As it is now.
    layout : TableLayout
        What it holds today.

    Raises
    ------
    StoreError
        When it has columns that this version does not know.
    """
    schema = pa.schema(table.schema().to_arrow())
    if unknown := sorted(set(schema.names) - set(layout.stored_schema.names)):
        raise StoreError(
            f"the table {table.table_uri} must have columns of {layout.record.__name__} only, has "
            f"{', '.join(unknown)} too; a newer perfkit wrote it, install that one"
        )
    return schema


def absent_fields(schema: pa.Schema, layout: TableLayout) -> list[pa.Field]:
    """List the columns that a table lacks; a struct that lacks a part is given whole.

    Parameters
    ----------
    schema : pyarrow.Schema
        Columns of the table.
    layout : TableLayout
        What it holds today.
    """
    return list(_absent(schema, layout.stored_schema))


def conformed(rows: pa.Table, layout: TableLayout) -> pa.Table:
    """Bring rows of the journal to today's columns.

    Parameters
    ----------
    rows : pyarrow.Table
        With ``sequence``.
    layout : TableLayout
        What its table holds today.
    """
    schema = layout.numbered_schema
    if rows.schema.equals(schema):
        return rows
    if "sequence" in layout.schema.names:
        return conform(rows, layout.record)
    known = conform(rows.drop_columns("sequence"), layout.record)
    return known.append_column(schema.field("sequence"), rows.column("sequence"))


def completed(rows: pl.LazyFrame, schema: pa.Schema, layout: TableLayout) -> pl.LazyFrame:
    """Fill what rows of a table lack with the defaults of their record.

    Parameters
    ----------
    rows : polars.LazyFrame
        Rows of the table, null where their file has no such column.
    schema : pyarrow.Schema
        Columns of the table.
    layout : TableLayout
        What it holds today.
    """
    whole = {field.name for field in schema if not field.nullable}
    return rows.with_columns(
        pl.col(spec.name).fill_null(_literal(spec.default))
        for spec in field_specs(layout.record)
        if spec.name not in whole and not spec.optional and not spec.required
    )


def _absent(have: Iterable[pa.Field], wanted: Iterable[pa.Field]) -> Iterator[pa.Field]:
    known = {field.name: field.type for field in have}
    for field in wanted:
        if field.name not in known:
            yield field.with_nullable(True)  # there are rows without it
        elif pa.types.is_struct(field.type):
            parts = list(_absent(known[field.name], field.type))
            if parts:
                yield field.with_type(pa.struct([*known[field.name], *parts]))


def _literal(default: object) -> pl.Expr:
    return pl.lit(list(default) if isinstance(default, tuple) else default)
