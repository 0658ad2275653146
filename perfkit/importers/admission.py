"""The gate that every importer passes: rows become records, or are listed with a reason.

A row is admitted when all its cells could be read, the record's own rules
hold, and its id is new in the file. The record's rules speak in the record's
words, so a fill that a file gets wrong reads like one that a program got wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError
from perfkit.importers.result import ImportResult, RefusedRow, SkippedRow
from perfkit.importers.trade_ids import derived_ids
from perfkit.records import CashRecord, Fill, SplitRecord, arrow_schema, conform, invalid_rows
from perfkit.records.rules import Identifier

if TYPE_CHECKING:
    from perfkit.importers.cells import Cells

__all__ = ["Candidates", "Reading", "admit", "require_identifier"]


@dataclass(slots=True, kw_only=True)
class Candidates:
    """Rows that should be records of one class, field by field.

    Attributes
    ----------
    cls : type
        `Fill`, `CashRecord` or `SplitRecord`.
    lines : ndarray of int64, shape (n_rows,)
        Line of each row in the source; several rows may come from one line.
    fields : dict of str to pyarrow.Array of shape (n_rows,)
        Columns of the records, null where a cell is empty or unreadable.
    refused : dict of int to RefusedRow
        The first thing that is wrong with a row, by row.
    """

    cls: type = Fill
    lines: npt.NDArray[np.int64]
    fields: dict[str, pa.Array] = field(default_factory=dict)
    refused: dict[int, RefusedRow] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Name of the field that tells records apart."""
        name: str = arrow_schema(self.cls).names[0]
        return name

    def put(self, name: str, cells: Cells) -> None:
        """Add a column; rows whose cell could not be read are refused."""
        self.fields[name] = cells.values
        for row, reason in cells.unreadable.items():
            self.refuse(row, name, f"{name} {reason}")

    def fill_in(self, name: str, value: str | float) -> None:
        """Add a column that is the same in every row."""
        self.fields[name] = pa.repeat(pa.scalar(value), len(self.lines))

    def refuse(self, row: int, name: str, reason: str) -> None:
        """Refuse a row; what was found first stands."""
        refusal = RefusedRow(line=int(self.lines[row]), field=name, reason=reason)
        self.refused.setdefault(row, refusal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read of a source, and which of its rows can't be records.

    Attributes
    ----------
    source : str
        The file, or ``frame``.
    read : int
        Rows of the source.
    skipped : sequence of SkippedRow
        Rows that are in order and are no records.
    refused : sequence of RefusedRow
        Rows that could not be read at all.
    """

    source: str
    read: int
    skipped: Sequence[SkippedRow] = ()
    refused: Sequence[RefusedRow] = ()


def admit(reading: Reading, *candidates: Candidates) -> ImportResult:
    """Check the candidates and bring those that hold into order of time.

    A line of which one record is refused gives none.

    Parameters
    ----------
    reading : Reading
        What was read.
    *candidates : Candidates
        One of each class of records, its rows in the order in which they
        happened as far as the source tells.
    """
    tables, again = {}, {}
    for part in candidates:
        tables[part.cls] = _checked(part)
        again[part.cls] = _repeated_ids(tables[part.cls], part)
    refused = {r.line: r for part in reversed(candidates) for r in part.refused.values()}
    recorded: set[int] = set()
    out_of_order = 0
    for part in candidates:
        lines = part.lines.tolist()
        repeated = again[part.cls]
        kept = [i for i, n in enumerate(lines) if n not in refused and i not in repeated]
        recorded.update(lines[i] for i in kept)
        rows = tables[part.cls].take(pa.array(kept, pa.int64()))
        times = rows.column("execution_time").cast(pa.int64()).to_numpy()
        out_of_order += int(np.sum(times < np.maximum.accumulate(times)))
        tables[part.cls] = rows.take(np.argsort(times, kind="stable"))
    twice = {r.line: r for rows in again.values() for r in rows.values()}
    skipped = [r for n, r in twice.items() if n not in recorded and n not in refused]
    return ImportResult(
        source=reading.source,
        fills=tables.get(Fill, arrow_schema(Fill).empty_table()),
        cash=tables.get(CashRecord, arrow_schema(CashRecord).empty_table()),
        splits=tables.get(SplitRecord, arrow_schema(SplitRecord).empty_table()),
        read=reading.read,
        recorded=len(recorded),
        skipped=tuple(sorted([*reading.skipped, *skipped], key=lambda r: r.line)),
        refused=tuple(sorted([*reading.refused, *refused.values()], key=lambda r: r.line)),
        out_of_order=out_of_order,
    )


def require_identifier(name: str, value: str) -> None:
    """Check an id that is given once for a whole file.

    Raises
    ------
    InvalidArgumentError
        When it is no identifier.
    """
    rule = Identifier()
    if not rule.accepts(value):
        raise InvalidArgumentError(f"{name} must {rule.requirement}, was {value!r}; {rule.remedy}")


def _checked(part: Candidates) -> pa.Table:
    # every row is counted, also one refused for another reason:
    # mending it later must not change its neighbours' ids
    given = part.fields.get(part.id)
    if given is None or given.null_count:
        derived = derived_ids(part.fields, part.cls)
        part.fields[part.id] = derived if given is None else pc.coalesce(given, derived)
    table = conform(pa.table(part.fields), part.cls)
    for error in invalid_rows(table, part.cls):
        part.refuse(error.row, error.field, error.message)
    return table


def _repeated_ids(table: pa.Table, part: Candidates) -> dict[int, SkippedRow]:
    """Find ids that come again: the same record is skipped, another one is refused."""
    repeated: dict[int, SkippedRow] = {}
    keys = zip(*(table.column(name).to_pylist() for name in ("account_id", part.id)), strict=True)
    first: dict[tuple[str, str], int] = {}
    for row, key in enumerate(keys):
        if row in part.refused:
            continue
        before = first.setdefault(key, row)
        if before == row:
            continue
        line = int(part.lines[before])
        if table.slice(before, 1).equals(table.slice(row, 1)):
            reason = "the same record, with the same id, again"
            repeated[row] = SkippedRow(line=int(part.lines[row]), reason=reason)
        else:
            reason = (
                f"{part.id} must be unique in the account, was {key[1]!r} on line {line} with "
                "other content; take a column that is unique, or none: ids are then derived"
            )
            part.refuse(row, part.id, reason)
    return repeated
