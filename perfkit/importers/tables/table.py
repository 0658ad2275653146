"""Tables of trades from any broker: CSV, Parquet or a frame, read by a column map."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.admission import Candidates, Reading, admit, require_identifier
from perfkit.importers.result import ImportResult, RefusedRow, SkippedRow
from perfkit.importers.source_rows import SourceRows, read_rows
from perfkit.importers.tables.table_cells import Block, as_sources, rows_that_say, with_groups
from perfkit.importers.tables.table_format import TableFormat
from perfkit.importers.tables.table_kinds import read_cash, read_splits, read_trades
from perfkit.importers.tables.table_rows import FILL_FIELDS
from perfkit.records import CashRecord, Fill, Side, SplitRecord, TradeRecord, arrow_schema
from perfkit.records.checks import rows_where

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = ["read_table"]

_PLAIN = TableFormat()
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
        What its rows and columns mean; without one they bear the names of the fields
        of `Fill`, times carry their zone and sides are ``buy`` and ``sell``.
    account, strategy : str, optional
        Whose trades they are, where the table does not say.

    Returns
    -------
    ImportResult
        Fills, cash and splits, and every row that is none with its line and the reason.

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
    rows = with_groups(read_rows(source, layout.csv), layout)
    columns = _columns(rows, layout)
    constants = _constants(layout, columns, account_id=account, strategy_id=strategy)
    _require_fields(rows, layout, {*columns, *constants})
    are_trades = rows_that_say(rows, layout.trade_rows)
    refused = _refused(rows, layout, ~are_trades)
    known = np.ones(rows.table.num_rows, np.bool_)
    known[list(refused)] = False
    fills = read_trades(rows, layout, are_trades, columns, constants)
    splits, halves = read_splits(rows, layout, known, columns, constants)
    refused |= _old_units_alone(rows, layout, known, halves)
    known[[*refused, *halves]] = False
    cash = read_cash(rows, layout, known, columns, constants)
    told = {*refused, *halves, *fills.rows.tolist(), *cash.rows.tolist(), *splits.rows.tolist()}
    reading = Reading(
        source=rows.name,
        read=rows.read,
        skipped=_skipped(rows, layout, told, halves),
        refused=(*rows.refused, *refused.values()),
    )
    trades = _candidates(Fill, fills, rows)
    _settle_side(trades, layout)
    others = [(CashRecord, cash), (SplitRecord, splits)]
    # a map without such kinds has no fields for them
    return admit(reading, trades, *(_candidates(c, b, rows) for c, b in others if b.fields))


def _columns(rows: SourceRows, layout: TableFormat) -> dict[str, tuple[str, ...]]:
    if layout.columns:
        return as_sources(layout.columns)
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
    required = {*_REQUIRED, "side"}
    required -= {"side"} if layout.signed_volume else set()
    required -= {"price"} if "notional" in known else set()
    if missing := [name for name in (*_REQUIRED, "side") if name in required - known]:
        raise ImportFormatError(
            f"{rows.name}: a fill must have {missing}, and no column gives them; the header has "
            f"{rows.table.column_names}; map a column to each, or give account and strategy"
        )


def _refused(
    rows: SourceRows, layout: TableFormat, may_be: npt.NDArray[np.bool_]
) -> dict[int, RefusedRow]:
    refused: dict[int, RefusedRow] = {}
    for kind in layout.refused:
        for row in np.flatnonzero(may_be & rows_that_say(rows, kind.rows)).tolist():
            line, reason = int(rows.lines[row]), f"{kind.field} {kind.reason}"
            refused.setdefault(row, RefusedRow(line=line, field=kind.field, reason=reason))
    return refused


def _old_units_alone(
    rows: SourceRows, layout: TableFormat, known: npt.NDArray[np.bool_], halves: Mapping[int, int]
) -> dict[int, RefusedRow]:
    reason = "ratio must follow from a row with the new units after it, and there is none"
    return {
        row: RefusedRow(line=int(rows.lines[row]), field="ratio", reason=reason)
        for kind in layout.splits
        if kind.old_rows
        for row in np.flatnonzero(known & rows_that_say(rows, kind.old_rows)).tolist()
        if row not in halves
    }


def _skipped(
    rows: SourceRows, layout: TableFormat, told: set[int], halves: Mapping[int, int]
) -> list[SkippedRow]:
    groups = {
        group: column
        for column, pattern in layout.patterns.items()
        for group in re.findall(r"\(\?P<(\w+)>", pattern)
    }
    reasons = dict.fromkeys(halves, "the old units of a split")
    for column, words in layout.trade_rows.items():
        shown = rows.column(groups.get(column, column), "trade rows")
        for row in np.flatnonzero(~rows_that_say(rows, {column: words})).tolist():
            if row not in told:
                word = (shown[row].as_py() or "").strip()
                reasons.setdefault(row, f"not a trade: {groups.get(column, column)} is {word!r}")
    return [SkippedRow(line=int(rows.lines[row]), reason=text) for row, text in reasons.items()]


def _candidates(cls: type, block: Block, rows: SourceRows) -> Candidates:
    candidates = Candidates(cls=cls, lines=rows.lines[block.rows])
    for name, cells in block.fields.items():
        candidates.put(name, cells)
    return candidates


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
