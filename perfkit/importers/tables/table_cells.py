"""Fields of some rows of a table, read by the columns that a map gives for them.

Rows of different kinds are read apart and put together again in the order in which
they happened, so that ids and positions follow the file.
"""

from __future__ import annotations

import dataclasses
import functools
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.importers.cells import Cells, read_numbers, read_text, read_times
from perfkit.records import CashRecord, Fill, SplitRecord, arrow_schema
from perfkit.records.schema import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.importers.source_rows import SourceRows
    from perfkit.importers.tables.table_format import TableFormat
    from perfkit.importers.tables.table_rows import Columns, Words

__all__ = ["Block", "as_sources", "in_order", "read_block", "rows_that_say", "with_groups"]

Rows = npt.NDArray[np.int64]
_NUMBERS = {"notional", "units"} | {
    field.name
    for cls in (Fill, CashRecord, SplitRecord)
    for field in arrow_schema(cls)
    if field.type == pa.float64()
}


@dataclass(frozen=True, slots=True)
class Block:
    """Fields of rows that are read alike; ``rows`` are their places in the table."""

    rows: Rows
    fields: dict[str, Cells]

    def kept(self, keep: npt.NDArray[np.bool_]) -> Block:
        """Keep some of the rows."""
        places = np.cumsum(keep) - 1
        fields = {
            name: Cells(
                cells.values.filter(pa.array(keep)),
                {int(places[i]): reason for i, reason in cells.unreadable.items() if keep[i]},
            )
            for name, cells in self.fields.items()
        }
        return Block(self.rows[keep], fields)


def with_groups(rows: SourceRows, layout: TableFormat) -> SourceRows:
    """Rename, add optional columns that are not there, and take cells apart."""
    names = rows.table.column_names
    for old, new in layout.renamed.items():
        if old in names and new not in names:
            names[names.index(old)] = new
    table = rows.table.rename_columns(names)
    for name in layout.optional:
        if name not in names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    rows = dataclasses.replace(rows, table=table)
    for column, pattern in layout.patterns.items():
        text = read_text(rows.column(column, "patterns"), (), f"{rows.name}: column {column!r}")
        found = pc.extract_regex(text, pattern)
        for place, group in enumerate(found.type):
            # a null stands in the whole, not in its parts
            cells = pc.if_else(pc.is_valid(found), pc.struct_field(found, place), None)
            table = table.append_column(group.name, cells)
    return dataclasses.replace(rows, table=table)


def rows_that_say(rows: SourceRows, words: Words) -> npt.NDArray[np.bool_]:
    """Tell of each row whether its columns hold the words of a kind; no words are any text."""
    answer = np.ones(rows.table.num_rows, dtype=np.bool_)
    for column, known in words.items():
        where = f"{rows.name}: column {column!r}"
        cells = read_text(rows.column(column, "rows"), (), where)
        if known:
            said = pc.is_in(cells, pa.array(known, pa.string()))
        else:
            said = pc.fill_null(pc.not_equal(cells, ""), False)
        answer &= said.to_numpy(zero_copy_only=False)
    return answer


def as_sources(columns: Columns) -> dict[str, tuple[str, ...]]:
    """Give the columns of each field as a tuple, of which most have one."""
    return {name: (c,) if isinstance(c, str) else c for name, c in columns.items()}


def read_block(
    table: SourceRows,
    layout: TableFormat,
    rows: Rows,
    columns: Columns,
    constants: Mapping[str, str | float],
) -> Block:
    """Read the fields of some rows."""
    part = dataclasses.replace(table, table=table.table.take(rows), lines=table.lines[rows])
    sources = as_sources(columns)
    fields = {
        name: Cells(pa.repeat(pa.scalar(value), len(rows)), {}) for name, value in constants.items()
    }
    if "zone" in sources:
        zone, times = sources.pop("zone"), sources.pop("execution_time")
        fields["execution_time"] = _in_zones(part, layout, times, zone[0])
    for name, source in sources.items():
        fields[name] = _field(part, layout, name, source)
    return Block(rows, fields)


def in_order(blocks: Sequence[Block], *, newest_first: bool) -> Block:
    """Put blocks together, in the order in which their rows happened."""
    rows = np.concatenate([np.empty(0, np.int64), *(block.rows for block in blocks)])
    order = np.argsort(-rows if newest_first else rows, kind="stable")
    places = np.empty(len(rows), np.int64)
    places[order] = np.arange(len(rows))
    starts = np.cumsum([0, *(len(block.rows) for block in blocks)]).tolist()
    fields = {}
    for name in dict.fromkeys(name for block in blocks for name in block.fields):
        kind = next(b.fields[name].values.type for b in blocks if name in b.fields)
        parts: list[pa.Array] = []
        reasons: dict[int, str] = {}
        for start, block in zip(starts, blocks, strict=False):
            cells = block.fields.get(name) or Cells(pa.nulls(len(block.rows), kind), {})
            parts.append(cells.values.cast(kind))
            reasons |= {int(places[start + i]): text for i, text in cells.unreadable.items()}
        fields[name] = Cells(pa.concat_arrays(parts).take(pa.array(order)), reasons)
    return Block(rows[order], fields)


def _field(rows: SourceRows, layout: TableFormat, name: str, sources: tuple[str, ...]) -> Cells:
    columns = [rows.column(source, name) for source in sources]
    where = f"{rows.name}: column {', '.join(sources)!r} ({name})"
    unmatched = _unmatched(rows, layout, sources)
    if name in _NUMBERS:
        parts = [read_numbers(column, layout.numbers, layout.empty, where) for column in columns]
        cells = _summed(parts, negated=name == "commission" and layout.costs_are_negative)
    elif name == "execution_time":
        cells = read_times(_joined(columns, layout, where, " "), layout.times, layout.empty, where)
    else:
        mark = "/" if name == "symbol" else " "
        text = read_text(_joined(columns, layout, where, mark), layout.empty, where)
        cells = Cells(_translated(text, layout) if name == "side" else text, {})
    return Cells(cells.values, {**cells.unreadable, **unmatched})


def _joined(
    columns: list[pa.ChunkedArray], layout: TableFormat, where: str, mark: str
) -> pa.ChunkedArray:
    if len(columns) == 1:
        return columns[0]
    texts = [read_text(column, layout.empty, where) for column in columns]
    return pa.chunked_array([pc.binary_join_element_wise(*texts, mark)])


def _unmatched(rows: SourceRows, layout: TableFormat, sources: tuple[str, ...]) -> dict[int, str]:
    """Say of a cell that had to be taken apart and could not be, what it was."""
    reasons: dict[int, str] = {}
    for column, pattern in layout.patterns.items():
        if not any(f"(?P<{source}>" in pattern for source in sources):
            continue
        cells = read_text(rows.column(column, "patterns"), layout.empty, column)
        groups = rows.column(sources[0], "patterns").combine_chunks()
        missed = pc.and_(pc.is_null(groups), pc.is_valid(cells))
        for row in np.flatnonzero(missed.to_numpy(zero_copy_only=False)).tolist():
            shown = cells[row].as_py()
            reasons[row] = f"must stand in {column!r} as {pattern}, was {shown!r}; mend it there"
    return reasons


def _in_zones(
    rows: SourceRows, layout: TableFormat, sources: tuple[str, ...], column: str
) -> Cells:
    """Read times whose zone stands beside them."""
    words = read_text(rows.column(column, "zone"), (), f"{rows.name}: column {column!r} (zone)")
    parts: list[Block] = []
    for zone in pc.unique(words).to_pylist():
        same = pc.fill_null(pc.equal(words, pa.scalar(zone, pa.string())), zone is None)
        places = np.flatnonzero(same.to_numpy(zero_copy_only=False))
        if zone in zoneinfo.available_timezones():
            part = dataclasses.replace(
                rows, table=rows.table.take(places), lines=rows.lines[places]
            )
            times = dataclasses.replace(layout.times, zone=zone)
            styled = dataclasses.replace(layout, times=times)
            cells = _field(part, styled, "execution_time", sources)
        else:
            reason = f"must have a zone by its IANA name in {column!r}, was {zone!r}; mend it there"
            cells = Cells(
                pa.nulls(len(places), TIMESTAMP), dict.fromkeys(range(len(places)), reason)
            )
        parts.append(Block(places, {"execution_time": cells}))
    whole = in_order(parts, newest_first=False)
    return whole.fields["execution_time"]


def _summed(parts: list[Cells], *, negated: bool) -> Cells:
    if len(parts) == 1:
        values = parts[0].values
    else:
        filled = [pc.fill_null(part.values, 0.0) for part in parts]
        values = functools.reduce(pc.add, filled)
    reasons = {row: reason for part in parts for row, reason in part.unreadable.items()}
    # subtracted, because -1.0 * 0.0 is -0.0
    return Cells(pc.subtract(0.0, values) if negated else values, reasons)


def _translated(words: pa.Array, layout: TableFormat) -> pa.Array:
    """Translate the words for the sides; one that is not known stays, to be refused as it is."""
    meaning = {word.casefold(): side for word, side in layout.sides.items()}
    known = {
        word: meaning.get(word.casefold(), word)
        for word in pc.unique(words).drop_null().to_pylist()
    }
    return pa.array([known.get(word) for word in words.to_pylist()], type=pa.string())
