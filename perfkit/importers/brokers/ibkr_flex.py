"""Flex queries of Interactive Brokers, as XML."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from perfkit.errors import ImportFormatError
from perfkit.importers.brokers.ibkr_cash import Splits, cash_transaction
from perfkit.importers.brokers.ibkr_rows import FlexRow, StatementClock, cell_name
from perfkit.importers.brokers.ibkr_trades import Executions
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.owners import Owner
from perfkit.importers.source_bytes import load_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.importers.result import ImportResult

__all__ = ["read_ibkr_flex"]


def read_ibkr_flex(
    source: str | Path | bytes,
    *,
    account: str | None = None,
    strategy: str | None = None,
    zone: str = "America/New_York",
    slash_dates: str = "%m/%d/%Y",
) -> ImportResult:
    """Read a Flex query of Interactive Brokers.

    Executions become fills, with the user's ``orderReference`` as strategy; a
    cancelled trade becomes a bust and a corrected one a correction, and what the
    cancel did not pay back of the commission a fee. Options that expire, are
    exercised or assigned are fills at the price of the row, which is 0, with that
    as their reason; a currency trade ``EUR.USD`` is a fill of ``EUR/USD``. Cash
    transactions and splits are recorded, any other row is skipped with its name.

    Parameters
    ----------
    source : path or bytes
        The XML (also ``.gz``), with any number of statements.
    account, strategy : str, optional
        Whose rows they are where they do not say: of the account's cash no row
        names a strategy.
    zone : str
        IANA name of the zone of its times; the file does not say, statements
        print the time of New York. A date alone is the moment its day begins.
    slash_dates : str
        ``strptime`` layout of dates with slashes, where the query writes such.

    Returns
    -------
    ImportResult
        Its rows are counted from 1 as they stand in the file, whatever their
        section. Ids are the broker's: ``transactionID``, else ``ibExecID``, else
        ``tradeID``; export with the same fields each time.

    Raises
    ------
    ImportFormatError
        When the source is no Flex query, is damaged, or declares a document type.
    InvalidArgumentError
        When rows need an account or a strategy that was not given.

    References
    ----------
    .. [1] Interactive Brokers, *Reporting Reference*, Flex Queries, Trades.
    .. [2] C. Singley, ibflex: attributes and codes of a Flex query.

    Examples
    --------
    >>> query = b'''<FlexQueryResponse><FlexStatements><FlexStatement accountId="U1"><Trades>
    ... <Trade symbol="AAPL" currency="USD" dateTime="20240102;093000" quantity="-10"
    ...   tradePrice="185.5" ibCommission="-1" buySell="SELL" transactionID="77" />
    ... </Trades></FlexStatement></FlexStatements></FlexQueryResponse>'''
    >>> fills = read_ibkr_flex(query, strategy="manual").fills
    >>> fills.select(["trade_id", "side", "volume", "commission"]).to_pylist()
    [{'trade_id': '77', 'side': 'sell', 'volume': 10.0, 'commission': 1.0}]
    """
    clock, owner = StatementClock(zone, slash_dates), Owner(account, strategy, "Flex query")
    name, data = load_bytes(source)
    rows = _Elements(name).read(data)
    executions = Executions((row for row in rows if row.kind == "Trade"), clock, owner)
    splits = Splits(clock, owner)

    def draft(row: FlexRow) -> list[Draft] | Skip:
        if row.kind == "Trade":
            return executions.draft(row)
        if row.kind == "CashTransaction":
            return cash_transaction(row, clock, owner)
        if row.kind == "CorporateAction":
            return splits.draft(row)
        return Skip(f"not a trade: {row.kind}")

    return read_drafts(name, enumerate(rows, 1), draft, {"source": "ibkr_flex"})


class _Elements:
    """Takes the XML apart: an element inside a section of a statement is a row."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._path: list[str] = []
        self._account = ""
        self._rows: list[FlexRow] = []

    def read(self, data: bytes) -> list[FlexRow]:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            parser.Parse(data, True)
        except ImportFormatError:
            raise
        # an encoding that is not known, or not one that expat can read, is no ExpatError
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise ImportFormatError(
                f"{self._name}: must be whole, undamaged XML: {error}; export it again"
            ) from error
        return self._rows

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path and tag != "FlexQueryResponse":
            raise ImportFormatError(
                f"{self._name}: must be a FlexQueryResponse, was {tag!r}; save the answer "
                "with the statement, not the one that says whether it is ready"
            )
        self._path.append(tag)
        if tag == "FlexStatement":
            self._account = attributes.get("accountId", "")
        # a section is named for its rows; one with attributes of its own is a row itself
        elif "FlexStatement" in self._path and (len(self._path) > 4 or attributes):
            cells = {cell_name(name): value for name, value in attributes.items()}
            cells["accountid"] = cells.get("accountid") or self._account
            self._rows.append(FlexRow(tag, cells))

    def _end(self, tag: str) -> None:  # noqa: ARG002 expat gives it
        self._path.pop()

    def _refuse_doctype(self, *declaration: object) -> None:
        raise ImportFormatError(
            f"{self._name}: must not declare a document type or entities, had {declaration[0]!r}; "
            "a Flex query has none"
        )
