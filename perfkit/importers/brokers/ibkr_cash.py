"""Cash and splits in the words of Interactive Brokers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.errors import UnreadableCellError
from perfkit.importers.brokers.ibkr_rows import FlexRow, StatementClock, symbol_of
from perfkit.importers.drafts import Draft, Skip
from perfkit.importers.row_cells import number, required, word
from perfkit.records import CashKind, CashRecord, SplitRecord
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from datetime import datetime

    from perfkit.importers.owners import Owner

__all__ = ["Splits", "cash_kind", "cash_transaction", "described_symbol", "split_ratio"]

_KINDS = {
    "871(m) withholding": CashKind.TAX,
    "advisor fees": CashKind.FEE,
    "bond interest paid": CashKind.INTEREST,
    "bond interest received": CashKind.INTEREST,
    "broker fees": CashKind.FEE,
    "broker interest paid": CashKind.INTEREST,
    "broker interest received": CashKind.INTEREST,
    "commission adjustments": CashKind.FEE,
    "credit interest": CashKind.INTEREST,
    "debit interest": CashKind.INTEREST,
    "dividend": CashKind.DIVIDEND,
    "dividends": CashKind.DIVIDEND,
    "fees": CashKind.FEE,
    "foreign tax withholding": CashKind.TAX,
    "interest": CashKind.INTEREST,
    "other fee": CashKind.FEE,
    "other fees": CashKind.FEE,
    "payment in lieu": CashKind.DIVIDEND,
    "payment in lieu of dividends": CashKind.DIVIDEND,
    "transaction fees": CashKind.FEE,
    "withholding tax": CashKind.TAX,
}
_BY_SIGN = ("deposit", "deposits & withdrawals", "deposits/withdrawals", "withdrawal")
_SPLIT = re.compile(r"\bsplit (?P<new>\d+(?:\.\d+)?) for (?P<old>\d+(?:\.\d+)?)", re.IGNORECASE)
_DESCRIBED = re.compile(r"(?P<symbol>[^()]{1,32}?) ?\([A-Z0-9]+\)")  # AAPL(US0378331005) ...


def cash_kind(words: str, amount: float) -> CashKind | None:
    """Translate the name of a kind of cash; None for one that is no record.

    Examples
    --------
    >>> cash_kind("Deposits/Withdrawals", -5.0)
    <CashKind.WITHDRAWAL: 'withdrawal'>
    """
    if words.casefold() in _BY_SIGN:
        return CashKind.DEPOSIT if amount > 0 else CashKind.WITHDRAWAL
    return _KINDS.get(words.casefold())


def described_symbol(description: str | None) -> str | None:
    """Find the instrument that the text of a cash row or a corporate action begins with.

    Examples
    --------
    >>> described_symbol("AAPL(US0378331005) Cash Dividend USD 0.24 per Share")
    'AAPL'
    """
    found = _DESCRIBED.match(description or "")
    return None if found is None else " ".join(found["symbol"].split())


def split_ratio(description: str | None) -> float | None:
    """Read how many new units came for an old one.

    Examples
    --------
    >>> split_ratio("AAPL(US0378331005) SPLIT 4 FOR 1 (AAPL, APPLE INC, US0378331005)")
    4.0
    """
    found = _SPLIT.search(description or "")
    return None if found is None else float(found["new"]) / float(found["old"])


def cash_transaction(row: FlexRow, clock: StatementClock, owner: Owner) -> list[Draft] | Skip:
    """Give the record that a row of a query's cash transactions should become.

    Raises
    ------
    UnreadableCellError
        When a cell can't be read.
    """
    cells = row.cells
    if (word(cells, "levelofdetail") or "").upper() == "SUMMARY":
        return Skip("repeats other rows: levelOfDetail is SUMMARY")
    amount = required(number(cells, "amount", "amount"), "amount", "Amount")
    words = word(cells, "type") or "unknown"
    kind = cash_kind(words, amount)
    if kind is None:
        return Skip(f"not a kind of cash that is kept: {words}")
    named = word(cells, "transactionid")
    fields = {
        "cash_id": None if named is None else identifier(named),
        "account_id": owner.account_of(word(cells, "accountid")),
        "strategy_id": owner.strategy_of(None),
        "execution_time": clock.at(word(cells, "datetime", "settledate", "reportdate")),
        "kind": kind.value,
        "amount": amount,
        "currency": word(cells, "currency"),
        "symbol": symbol_of(cells) if word(cells, "symbol", "isin") else None,
    }
    return [Draft(CashRecord, fields)]


class Splits:
    """The splits of one file: a reverse split is told twice, as its old and its new shares."""

    def __init__(self, clock: StatementClock, owner: Owner) -> None:
        self._clock, self._owner = clock, owner
        self._told: set[tuple[str, datetime, str, float]] = set()

    def draft(self, row: FlexRow) -> list[Draft] | Skip:
        """Give the record that a corporate action should become.

        Raises
        ------
        UnreadableCellError
            When it is a split whose ratio or time can't be read.
        """
        cells = row.cells
        kind = word(cells, "type") or "unknown"
        if kind not in ("FS", "RS"):
            return Skip(f"not a split: corporate action {kind}")
        description = word(cells, "actiondescription", "description")
        return self.told(
            word(cells, "accountid"),
            word(cells, "datetime", "reportdate"),
            description,
            described_symbol(description) or symbol_of(cells),
        )

    def told(
        self, account: str | None, time: str | None, description: str | None, symbol: str
    ) -> list[Draft] | Skip:
        """Give the record of a split as it is described.

        Raises
        ------
        UnreadableCellError
            When its ratio or its time can't be read.
        """
        ratio = split_ratio(description)
        if ratio is None:
            raise UnreadableCellError(
                "ratio", f"must stand in the description as 'SPLIT 4 FOR 1', was {description!r}"
            )
        key = (self._owner.account_of(account), self._clock.at(time), symbol, ratio)
        if key in self._told:
            return Skip("the other half of a split")
        self._told.add(key)
        names = ("account_id", "execution_time", "symbol", "ratio")
        return [Draft(SplitRecord, dict(zip(names, key, strict=True)))]
