"""The tables of a history: what each one holds and how it lies on disk.

A stored row is a record's row plus its journal number (``sequence``) and
the partition it lies in. Files are sorted by what is asked for most, so a
query for one strategy touches few row groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import UnknownNameError
from perfkit.records import (
    Bar,
    CashRecord,
    LabelRecord,
    NewsEvent,
    PnlLogEntry,
    SplitRecord,
    TradeRecord,
    arrow_schema,
    check_table,
    conform,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TABLES", "TableLayout", "table_layout"]

_SEQUENCE = pa.field("sequence", pa.int64())


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLayout:
    """How one table of a history is kept.

    Attributes
    ----------
    name : str
        Folder of the Delta table, and the kind of its groups in the journal.
    record : type
        Record class of its rows.
    time : str
        Column of the canonical order, together with ``sequence``.
    sort : tuple of str
        Order of the rows inside a file.
    filtered : tuple of str
        Columns that queries filter on; only they carry statistics.
    partition : str, optional
        ``month`` or ``year`` of ``time``, derived; None for one folder.
    key : tuple of str
        Of rows with the same key the one recorded last is read; empty when
        every row is read.
    """

    name: str
    record: type
    time: str
    sort: tuple[str, ...]
    filtered: tuple[str, ...]
    partition: str | None = None
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """Columns of a row as it is read."""
        return arrow_schema(self.record)

    @property
    def numbered_schema(self) -> pa.Schema:
        """Columns of a row in the journal and in a data file, with ``sequence``."""
        schema = self.schema
        return schema if "sequence" in schema.names else schema.append(_SEQUENCE)

    @property
    def stored_schema(self) -> pa.Schema:
        """Columns of the Delta table, with the partition."""
        schema = self.numbered_schema
        if self.partition is None:
            return schema
        return schema.append(pa.field(self.partition, pa.string(), nullable=False))

    def checked(self, rows: pa.Table) -> pa.Table:
        """Bring rows that are to be written to ``numbered_schema``, and check each.

        Parameters
        ----------
        rows : pyarrow.Table
            Columns of the record; ``sequence`` may be absent.

        Raises
        ------
        SchemaError, InvalidTableError
            When the rows are not those of the record.
        """
        rows = self.conformed(rows)
        check_table(rows, self.record)
        return rows

    def conformed(self, rows: pa.Table) -> pa.Table:
        """Bring rows to ``numbered_schema``; their values were checked before.

        Raises
        ------
        SchemaError
            When the columns are not those of the record.
        """
        if rows.schema.equals(self.numbered_schema):
            return rows
        if "sequence" in rows.column_names and "sequence" not in self.schema.names:
            rows = rows.drop_columns("sequence")
        rows = conform(rows, self.record)
        if "sequence" in rows.column_names:
            return rows
        return rows.append_column(_SEQUENCE, pa.nulls(rows.num_rows, _SEQUENCE.type))

    def partitions(self, rows: pa.Table) -> Iterator[tuple[dict[str, str], pa.Table]]:
        """Split rows by partition, each part in the order of a file.

        Parameters
        ----------
        rows : pyarrow.Table
            With ``numbered_schema``.

        Yields
        ------
        tuple of dict and pyarrow.Table
            The partition's values and its rows, in the order of the partitions.
        """
        rows = rows.sort_by([(name, "ascending") for name in self.sort])
        if self.partition is None:
            yield {}, rows
            return
        form = {"month": "%Y-%m", "year": "%Y"}[self.partition]
        values = pc.strftime(rows.column(self.time), format=form).combine_chunks()
        for value in sorted(pc.unique(values).to_pylist()):
            yield {self.partition: value}, rows.filter(pc.equal(values, value))


TABLES: dict[str, TableLayout] = {
    layout.name: layout
    for layout in (
        TableLayout(
            name="trades",
            record=TradeRecord,
            time="execution_time",
            sort=("account_id", "strategy_id", "execution_time", "sequence"),
            filtered=("account_id", "strategy_id", "symbol", "execution_time", "sequence"),
            partition="month",
        ),
        TableLayout(
            name="cash",
            record=CashRecord,
            time="execution_time",
            sort=("account_id", "strategy_id", "execution_time", "sequence"),
            filtered=("account_id", "strategy_id", "execution_time", "sequence"),
        ),
        TableLayout(
            name="splits",
            record=SplitRecord,
            time="execution_time",
            sort=("account_id", "symbol", "execution_time", "sequence"),
            filtered=("account_id", "symbol", "execution_time", "sequence"),
        ),
        TableLayout(
            name="bars",
            record=Bar,
            time="close_time",
            sort=("symbol", "close_time", "sequence"),
            filtered=("symbol", "close_time", "sequence"),
            partition="year",
            key=("symbol", "close_time"),
        ),
        TableLayout(
            name="news",
            record=NewsEvent,
            time="event_time",
            sort=("event_time", "sequence"),
            filtered=("event_time", "known_at", "sequence"),
        ),
        TableLayout(
            name="labels",
            record=LabelRecord,
            time="labelled_at",
            sort=("account_id", "strategy_id", "labelled_at", "sequence"),
            filtered=("account_id", "strategy_id", "labelled_at", "sequence"),
            partition="month",
        ),
        TableLayout(
            name="pnl",
            record=PnlLogEntry,
            time="day",
            sort=("account_id", "strategy_id", "day", "sequence"),
            filtered=("account_id", "strategy_id", "day", "sequence"),
            key=("account_id", "strategy_id", "day"),
        ),
    )
}


def table_layout(name: str) -> TableLayout:
    """Look a table up by its name.

    Raises
    ------
    UnknownNameError
        When a history has no such table.
    """
    if name not in TABLES:
        raise UnknownNameError(
            f"a history has the tables {', '.join(TABLES)}; there is no {name!r}"
        )
    return TABLES[name]
