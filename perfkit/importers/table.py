"""Tables of trades from any broker: CSV, Parquet or a frame, read by a column map."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.admission import Candidates, Reading, admit, require_identifier
from perfkit.importers.cells import Cells, read_numbers, read_text, read_times
from perfkit.importers.result import ImportResult, SkippedRow
from perfkit.importers.source_rows import SourceRows, read_rows
from perfkit.importers.table_format import FILL_FIELDS, TableFormat
from perfkit.records import Fill, Side, TradeRecord, arrow_schema
from perfkit.records.checks import rows_where

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = ["read_table"]

_PLAIN = TableFormat()
_NUMBERS = tuple(f.name for f in arrow_schema(Fill) if f.type == pa.float64())
_REQUIRED = ("account_id", "strategy_id", "execution_time", "symbol", "price", "volume")


def read_table(
    source: str | Path | pd.DataFrame,
    layout: TableFormat = _PLAIN,
    *,
    account: str | None = None,
    strategy: str | None = None,
) -> ImportResult:
    """Read a table of trades.

    Parameters
    ----------
    source : path or DataFrame
        A CSV file, a Parquet file (``.parquet``, ``.pq``) or a frame.
    layout : TableFormat
        What its columns mean; without one they bear the names of the fields
        of `Fill`, times carry their zone and sides are ``buy`` and ``sell``.
    account, strategy : str, optional
        Whose trades they are, where the table does not say.

    Returns
    -------
    ImportResult
        Fills, and every row that is not one with its line and the reason.

    Raises
    ------
    ImportFormatError
        When the source as a whole can't be read so: empty, damaged, columns
        missing, times without a zone and none stated.
    InvalidArgumentError
        When the account or strategy is given twice.

    Examples
    --------
    >>> import pandas as pd
    >>> from perfkit.importers import NumberStyle, TimeStyle
    >>> from perfkit.records import from_table
    >>> frame = pd.DataFrame({
    ...     "When": ["2024-01-31 10:00"], "Ticker": ["AAPL"], "Qty": ["-1,000"], "Px": ["$184.4"],
    ... })
    >>> layout = TableFormat(
    ...     columns={"execution_time": "When", "symbol": "Ticker", "volume": "Qty", "price": "Px"},
    ...     signed_volume=True,
    ...     numbers=NumberStyle(thousands=",", units=("$",)),
    ...     times=TimeStyle(zone="America/New_York"),
    ... )
    >>> result = read_table(frame, layout, account="A1", strategy="momentum")
    >>> fill, = from_table(result.fills, Fill)
    >>> fill.execution_time.isoformat(), fill.side.value, fill.volume, fill.price
    ('2024-01-31T15:00:00+00:00', 'sell', 1000.0, 184.4)
    """
    rows = read_rows(source, layout.csv)
    columns = _columns(rows, layout)
    constants = _constants(layout, columns, account_id=account, strategy_id=strategy)
    _require_fields(rows, layout, {*columns, *constants})
    skipped = _skipped(rows, layout)
    chosen = np.setdiff1d(np.arange(rows.table.num_rows), list(skipped)).astype(np.int64)
    if layout.newest_first:
        chosen = chosen[::-1]
    part = SourceRows(name=rows.name, table=rows.table.take(chosen), lines=rows.lines[chosen])
    candidates = Candidates(lines=part.lines)
    for name, value in constants.items():
        candidates.fill_in(name, value)
    for name, sources in columns.items():
        candidates.put(name, _field(part, layout, name, sources))
    _settle_side(candidates, layout)
    skips = tuple(skipped.values())
    reading = Reading(source=rows.name, read=rows.read, skipped=skips, refused=rows.refused)
    return admit(reading, candidates)


def _columns(rows: SourceRows, layout: TableFormat) -> dict[str, tuple[str, ...]]:
    if layout.columns:
        return {n: (c,) if isinstance(c, str) else c for n, c in layout.columns.items()}
    names = rows.table.column_names
    # a misspelt "comission" would otherwise read as no commission
    unknown = sorted(set(names) - set(arrow_schema(TradeRecord).names) - {"__index_level_0__"})
    if unknown:
        raise ImportFormatError(
            f"{rows.name}: without a column map the columns must bear the names of a fill's "
            f"fields, had {unknown}; fields are {FILL_FIELDS}; give a column map (TableFormat)"
        )
    return {name: (name,) for name in FILL_FIELDS if name in names}


def _constants(
    layout: TableFormat, columns: Mapping[str, object], **given: str | None
) -> dict[str, str | float]:
    constants = dict(layout.constants)
    for name, value in given.items():
        if value is None:
            continue
        if name in columns or name in constants:
            raise InvalidArgumentError(
                f"{name} must be given once, was {value!r} beside what the table says; "
                "leave the argument out, or the column out of the map"
            )
        require_identifier(name, value)
        constants[name] = value
    return constants if "source" in columns else {"source": layout.name, **constants}


def _require_fields(rows: SourceRows, layout: TableFormat, known: set[str]) -> None:
    required = _REQUIRED if layout.signed_volume else (*_REQUIRED, "side")
    if missing := [name for name in required if name not in known]:
        raise ImportFormatError(
            f"{rows.name}: a fill must have {missing}, and no column gives them; the header has "
            f"{rows.table.column_names}; map a column to each, or give account and strategy"
        )


def _skipped(rows: SourceRows, layout: TableFormat) -> dict[int, SkippedRow]:
    skipped: dict[int, SkippedRow] = {}
    for column, words in layout.trade_rows.items():
        cells = read_text(rows.column(column, "trade rows"), (), f"{rows.name}: column {column!r}")
        for row in rows_where(pc.invert(pc.is_in(cells, pa.array(words)))):
            reason = f"not a trade: {column} is {cells[row].as_py()!r}"
            skipped.setdefault(row, SkippedRow(line=int(rows.lines[row]), reason=reason))
    return skipped


def _field(rows: SourceRows, layout: TableFormat, name: str, sources: tuple[str, ...]) -> Cells:
    columns = [rows.column(source, name) for source in sources]
    where = f"{rows.name}: column {', '.join(sources)!r} ({name})"
    if name in _NUMBERS:
        parts = [read_numbers(column, layout.numbers, layout.empty, where) for column in columns]
        return _summed(parts, negated=name == "commission" and layout.costs_are_negative)
    if name == "execution_time":
        if len(columns) > 1:
            texts = [read_text(column, layout.empty, where) for column in columns]
            columns = [pa.chunked_array([pc.binary_join_element_wise(*texts, " ")])]
        return read_times(columns[0], layout.times, layout.empty, where)
    text = read_text(columns[0], layout.empty, where)
    return Cells(_translated(text, layout) if name == "side" else text, {})


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


def _settle_side(candidates: Candidates, layout: TableFormat) -> None:
    if not layout.signed_volume:
        return
    volume = candidates.fields["volume"]
    signed = pc.if_else(pc.less(volume, 0.0), Side.SELL.value, Side.BUY.value)
    stated = candidates.fields.setdefault("side", signed)
    candidates.fields["volume"] = pc.abs(volume)
    for row in rows_where(pc.fill_null(pc.not_equal(stated, signed), False)):
        reason = (
            f"side must agree with the sign of the volume, was {stated[row]} with {volume[row]}"
        )
        candidates.refuse(row, "side", f"{reason}; correct the row at its source")
