"""The gate that every importer passes: rows become fills, or are listed with a reason.

A row is admitted when all its cells could be read, the record's own rules
hold, and its id is new in the file. The record's rules speak in the record's
words, so a fill that a file gets wrong reads like one that a program got wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError
from perfkit.importers.result import ImportResult, RefusedRow, SkippedRow
from perfkit.importers.trade_ids import derived_trade_ids
from perfkit.records import Fill, conform, invalid_rows
from perfkit.records.rules import Identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.importers.cells import Cells
    from perfkit.importers.source_rows import SourceRows

__all__ = ["Candidates", "admit", "require_identifier"]


@dataclass(slots=True, kw_only=True)
class Candidates:
    """Rows that should be trades, field by field.

    Attributes
    ----------
    lines : ndarray of int64, shape (n_rows,)
        Line of each row in the source.
    fields : dict of str to pyarrow.Array of shape (n_rows,)
        Columns of the fills, null where a cell is empty or unreadable.
    refused : dict of int to RefusedRow
        The first thing that is wrong with a row, by row.
    """

    lines: npt.NDArray[np.int64]
    fields: dict[str, pa.Array] = field(default_factory=dict)
    refused: dict[int, RefusedRow] = field(default_factory=dict)

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


def admit(
    rows: SourceRows, candidates: Candidates, skipped: Sequence[SkippedRow] = ()
) -> ImportResult:
    """Check the candidates and bring those that hold into order of time.

    Parameters
    ----------
    rows : SourceRows
        What was read.
    candidates : Candidates
        Its rows that should be trades, in the order in which they happened
        as far as the source tells.
    skipped : sequence of SkippedRow
        Its rows that are not trades.
    """
    _complete_ids(candidates)
    table = conform(pa.table(candidates.fields), Fill)
    for error in invalid_rows(table, Fill):
        candidates.refuse(error.row, error.field, error.message)
    repeated = _repeated_ids(table, candidates)
    out = [*candidates.refused, *repeated]
    kept = np.setdiff1d(np.arange(table.num_rows), np.array(out, dtype=np.int64))
    fills = table.take(kept)
    times = fills.column("execution_time").cast(pa.int64()).to_numpy()
    out_of_order = int(np.sum(times < np.maximum.accumulate(times)))
    return ImportResult(
        source=rows.name,
        fills=fills.take(np.argsort(times, kind="stable")),
        read=rows.read,
        skipped=tuple(sorted([*skipped, *repeated.values()], key=lambda r: r.line)),
        refused=tuple(sorted([*rows.refused, *candidates.refused.values()], key=lambda r: r.line)),
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


def _complete_ids(candidates: Candidates) -> None:
    # every row is counted, also one refused for another reason:
    # mending it later must not change its neighbours' ids
    given = candidates.fields.get("trade_id")
    if given is None or given.null_count:
        derived = derived_trade_ids(candidates.fields)
        candidates.fields["trade_id"] = derived if given is None else pc.coalesce(given, derived)


def _repeated_ids(table: pa.Table, candidates: Candidates) -> dict[int, SkippedRow]:
    """Find ids that come again: the same fill is skipped, another one is refused."""
    repeated: dict[int, SkippedRow] = {}
    keys = zip(
        table.column("account_id").to_pylist(), table.column("trade_id").to_pylist(), strict=True
    )
    first: dict[tuple[str, str], int] = {}
    for row, key in enumerate(keys):
        if row in candidates.refused:
            continue
        before = first.setdefault(key, row)
        if before == row:
            continue
        line = int(candidates.lines[before])
        if table.slice(before, 1).equals(table.slice(row, 1)):
            repeated[row] = SkippedRow(
                line=int(candidates.lines[row]), reason="the same fill, with the same id, again"
            )
        else:
            reason = (
                f"trade_id must be unique in the account, was {key[1]!r} on line {line} with "
                "other content; map a column that is unique, or none: ids are then derived"
            )
            candidates.refuse(row, "trade_id", reason)
    return repeated
