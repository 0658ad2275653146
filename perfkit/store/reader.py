"""The reader: journal and table as one, in canonical order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import DamagedStoreError, StoreError, UnknownNameError
from perfkit.store.delta_tables import live_files
from perfkit.store.evolution import completed, conformed, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from deltalake import DeltaTable

    from perfkit.store.delta_tables import DeltaTables
    from perfkit.store.journal import Journal
    from perfkit.store.tables import TableLayout

__all__ = ["Question", "frames", "read_rows"]


class Question(NamedTuple):
    """What is asked of a table.

    Attributes
    ----------
    where : polars.Expr, optional
        Which rows.
    columns : sequence of str, optional
        Which columns; all of the record when None.
    known : datetime, optional
        Only rows that were known by then.
    after : int
        Only rows with a higher sequence.
    """

    where: pl.Expr | None = None
    columns: Sequence[str] | None = None
    known: datetime | None = None
    after: int = 0


def read_rows(
    layout: TableLayout, tables: DeltaTables, journal: Journal | None, question: Question
) -> pa.Table:
    """Read what is in the journal, in the table, or moving between them, once.

    Parameters
    ----------
    layout : TableLayout
        The table.
    tables : DeltaTables
        Where it lies.
    journal : Journal, optional
        None when this machine has none.
    question : Question
        Which of its rows.

    Raises
    ------
    UnknownNameError, StoreError, DamagedStoreError
        As `TradeStore.read`.
    """
    where, columns, known, after = question
    schema = _selected(layout, columns)
    if where is not None:
        _selected(layout, where.meta.root_names())
    try:
        rows = pl.concat(frames(layout, tables, journal, after), how="vertical")
        if known is not None:  # before the key: what is replaced later counted until then
            recorded = pl.col("recorded_at")
            rows = rows.filter(recorded.is_null() | (recorded <= known))
        if layout.key:
            rows = rows.sort("sequence").unique(layout.key, keep="last", maintain_order=True)
        if where is not None:
            rows = rows.filter(where)
        found = rows.sort(layout.time, "sequence").select(schema.names).collect()
    except (pl.exceptions.ComputeError, pl.exceptions.PanicException) as error:
        raise DamagedStoreError(
            f"{tables.uri(layout.name)} can't be read: {error}; run `perfkit verify`"
        ) from error
    return found.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)


def frames(
    layout: TableLayout,
    tables: DeltaTables,
    journal: Journal | None,
    after: int = 0,
    last: int | None = None,
) -> list[pl.LazyFrame]:
    """Give the rows of the journal, of the table, and those moving between them, once.

    Parameters
    ----------
    layout, tables, journal
        As of `read_rows`.
    after : int
        Only rows with a higher sequence.
    last : int, optional
        Only rows with no higher one.

    Raises
    ------
    StoreError
        When there is neither a table nor a journal.
    """
    # the journal first: what leaves it meanwhile is then seen in the table
    groups = [] if journal is None else list(journal.groups(layout.name))
    groups = [group for group in groups if group.last_sequence > after]
    table = tables.find(layout.name)
    if table is None:
        if journal is None:
            raise StoreError(
                f"there is no history at {tables.location.uri}; check the address, or record "
                "into it first"
            )
        return [_within(_frame([group.rows for group in groups], layout), after, last)]
    done = 0 if journal is None else table.transaction_version(journal.id) or 0
    fresh = [group.rows for group in groups if group.number > done]
    journalled = _within(_frame(fresh, layout), after, last)
    return [*_stored(layout, tables, table, (after, last)), journalled]


def _within(rows: pl.LazyFrame, after: int, last: int | None) -> pl.LazyFrame:
    sequence = pl.col("sequence")
    rows = rows.filter(sequence > after) if after else rows
    return rows if last is None else rows.filter(sequence <= last)


def _stored(
    layout: TableLayout, tables: DeltaTables, table: DeltaTable, span: tuple[int, int | None]
) -> Iterator[pl.LazyFrame]:
    files, (after, last) = live_files(table), span
    if after:
        is_later = pc.greater(files.column("max.sequence"), after)
        files = files.filter(pc.fill_null(is_later, True))  # without statistics it may be
    if files.num_rows == 0:
        return
    if last is not None:
        highest = pc.max(files.column("max.sequence"), skip_nulls=False).as_py()
        if highest is not None and highest <= last:
            last = None  # then the column need not be read
    # not scan_delta: polars 2.1 looks for a folder "a b" under the name "a%20b"
    rows = pl.scan_parquet(
        [f"{tables.uri(layout.name)}/{path}" for path in files.column("path").to_pylist()],
        glob=False,
        hive_partitioning=False,
        schema=_frame([], layout).collect_schema(),
        missing_columns="insert",
        cast_options=pl.ScanCastOptions(missing_struct_fields="insert"),
        storage_options=tables.location.read_options or None,
    )
    yield _within(completed(rows, table_schema(table, layout), layout), after, last)


def _frame(groups: list[pa.Table], layout: TableLayout) -> pl.LazyFrame:
    rows = [conformed(group, layout) for group in groups]
    frame = pl.from_arrow(pa.concat_tables([layout.numbered_schema.empty_table(), *rows]))
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def _selected(layout: TableLayout, columns: Sequence[str] | None) -> pa.Schema:
    if columns is None:
        return layout.schema
    schema = layout.numbered_schema
    if unknown := [name for name in columns if name not in schema.names]:
        raise UnknownNameError(
            f"{layout.name} has the columns {schema.names}; there is no {', '.join(unknown)}"
        )
    return pa.schema([schema.field(name) for name in columns])
