"""CSV files of Interactive Brokers: Flex queries, activity statements, transaction histories."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pandas as pd

from perfkit.errors import ImportFormatError
from perfkit.importers.brokers.ibkr_cash import cash_transaction
from perfkit.importers.brokers.ibkr_history import HISTORY, TransactionHistory, oldest_first
from perfkit.importers.brokers.ibkr_rows import FlexRow, StatementClock, cell_name
from perfkit.importers.brokers.ibkr_sections import section_rows
from perfkit.importers.brokers.ibkr_statement import ActivityStatement
from perfkit.importers.brokers.ibkr_trades import Executions
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.owners import Owner
from perfkit.importers.result import RefusedRow
from perfkit.importers.source_bytes import load_text

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.importers.result import ImportResult

__all__ = ["read_ibkr_csv"]

Records = list[tuple[int, list[str]]]


def read_ibkr_csv(
    source: str | Path | pd.DataFrame | bytes,
    *,
    account: str | None = None,
    strategy: str | None = None,
    zone: str = "America/New_York",
    slash_dates: str = "%m/%d/%Y",
) -> ImportResult:
    """Read a CSV file of Interactive Brokers; which one it is, its header says.

    An activity statement gives its orders (``Trades,Data,Order``), cash and
    splits; a transaction history gives its trades and cash; a Flex query gives
    its trades or its cash transactions as `read_ibkr_flex` does from the XML.
    Every other row is skipped with its section or kind.

    Parameters
    ----------
    source : path, bytes or DataFrame
        The CSV (also ``.gz``), or the table of a Flex query.
    account, strategy : str, optional
        Whose rows they are where they do not say: a statement and a history name
        no strategy, and a history masks the account.
    zone : str
        IANA name of the zone of its times; statements print the time of New York.
        A date alone is the moment its day begins.
    slash_dates : str
        ``strptime`` layout of dates with slashes, where a query writes such.

    Returns
    -------
    ImportResult
        Statements and histories have no ids: theirs are derived.

    Raises
    ------
    ImportFormatError
        When the source is none of the three, or is damaged.
    InvalidArgumentError
        When rows need an account or a strategy that was not given.

    Examples
    --------
    >>> query = b'''ClientAccountID,Symbol,DateTime,Quantity,TradePrice,IBCommission,TradeID
    ... U1,AAPL,20240102;093000,-10,185.5,-1,77'''
    >>> fills = read_ibkr_csv(query, strategy="manual").fills
    >>> fills.select(["trade_id", "side", "volume", "commission"]).to_pylist()
    [{'trade_id': '77', 'side': 'sell', 'volume': 10.0, 'commission': 1.0}]
    """
    clock, owner = StatementClock(zone, slash_dates), Owner(account, strategy, "IBKR")
    if isinstance(source, pd.DataFrame):
        name, records = "frame", _from_frame(source)
    else:
        name, records = _from_text(source)
    heads = {tuple(cell.strip() for cell in cells[:2]) for _, cells in records}
    if heads & {("Trades", "Header"), ("Statement", "Header"), (HISTORY, "Header")}:
        rows = section_rows(records)
        is_history = (HISTORY, "Header") in heads
        reader = (TransactionHistory if is_history else ActivityStatement)(rows, clock, owner)
        if is_history:
            rows = oldest_first(rows)
        return read_drafts(name, rows, reader.draft, {"source": "ibkr_csv"})
    return _read_query(name, records, clock, owner)


def _from_text(source: str | Path | bytes) -> tuple[str, Records]:
    name, text = load_text(source)
    # strict: an open quote would swallow the rest of the file silently
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records, line = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ImportFormatError(
            f"{name}: must be a whole, undamaged CSV file: {error}; export it again"
        ) from error
    return name, records


def _from_frame(frame: pd.DataFrame) -> Records:
    cells = frame.astype(object).where(frame.notna(), "")
    table = [list(map(str, frame.columns)), *(list(map(str, row)) for row in cells.to_numpy())]
    return list(enumerate(table))


def _read_query(name: str, records: Records, clock: StatementClock, owner: Owner) -> ImportResult:
    rows, refused = _query_rows(name, records)
    executions = Executions((row for _, row in rows if row.kind == "Trade"), clock, owner)

    def draft(row: FlexRow) -> list[Draft] | Skip:
        if row.kind == "Trade":
            return executions.draft(row)
        if row.kind == "CashTransaction":
            return cash_transaction(row, clock, owner)
        return Skip("not a trade: below a header of neither trades nor cash transactions")

    return read_drafts(name, rows, draft, {"source": "ibkr_csv"}, refused)


def _query_rows(name: str, records: Records) -> tuple[list[tuple[int, FlexRow]], list[RefusedRow]]:
    """Put the rows of a query under their header; each further section brings its own."""
    first = records[0][1] if records else []
    if _kind(first) is None:
        raise ImportFormatError(
            f"{name}: must be a Flex query (with columns Quantity and TradePrice, or Type and "
            "Amount), an activity statement or a transaction history of Interactive Brokers, "
            f"began with {first}; export a query without header, trailer and section codes"
        )
    rows, refused = [], []
    header, kind = first, _kind(first)
    for line, cells in records[1:]:
        if cells[0] == first[0]:
            header, kind = cells, _kind(cells)
        elif len(cells) != len(header):
            reason = (
                f"row must have {len(header)} cells as the header has, had {len(cells)}; "
                "quote cells that hold the separator"
            )
            refused.append(RefusedRow(line=line, field="row", reason=reason))
        else:
            named = dict(zip(map(cell_name, header), cells, strict=True))
            rows.append((line, FlexRow(kind or "Other", named)))
    return rows, refused


def _kind(header: list[str]) -> str | None:
    names = set(map(cell_name, header))
    if names >= {"quantity", "tradeprice"}:
        return "Trade"
    return "CashTransaction" if names >= {"amount", "type"} else None
