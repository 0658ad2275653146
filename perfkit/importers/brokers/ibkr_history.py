"""The transaction history of the Client Portal of Interactive Brokers.

It gives days without times, newest first, and amounts in the account's currency:
a trade whose money is not its price times its size was made in another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import UnreadableCellError
from perfkit.importers.brokers.ibkr_cash import cash_kind
from perfkit.importers.brokers.ibkr_sections import SectionRow, stated
from perfkit.importers.drafts import Draft, Skip
from perfkit.importers.row_cells import number, required, word
from perfkit.records import CashRecord, Fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.importers.brokers.ibkr_rows import StatementClock
    from perfkit.importers.owners import Owner

__all__ = ["HISTORY", "TransactionHistory", "oldest_first"]

HISTORY = "Transaction History"  # the name of its section
_NO_TRADES = ("Forex Trade Component",)  # what a currency trade left over, not the trade


class TransactionHistory:
    """The rows of one history.

    Parameters
    ----------
    rows : sequence of (int, SectionRow)
        All of them: the account's currency stands in the summary.
    clock : StatementClock
        Reads their days.
    owner : Owner
        Whose rows they are: the file masks the account.
    """

    def __init__(
        self, rows: Sequence[tuple[int, SectionRow]], clock: StatementClock, owner: Owner
    ) -> None:
        self._clock, self._owner = clock, owner
        self._currency = stated(rows, "Summary", "Base Currency")

    def draft(self, row: SectionRow) -> list[Draft] | Skip:
        """Give the records that a row of the history should become.

        Raises
        ------
        UnreadableCellError
            When a cell can't be read, or a row of a kind that is not known moved
            units.
        """
        if row.section != HISTORY:
            return Skip(f"section {row.section}")
        if row.kind != "Data":
            return Skip(f"section {row.section}: {row.kind}")
        row.require_width()
        cells = row.cells
        words = word(cells, "Transaction Type") or "unknown"
        if words in ("Buy", "Sell"):
            return [Draft(Fill, self._trade(cells, words))]
        amount = number(cells, "Net Amount", "amount")
        kind = None if amount is None else cash_kind(words, amount)
        if kind is not None:
            fields = {"kind": kind.value, "amount": amount, "currency": self._currency}
            return [Draft(CashRecord, {**self._shared(cells), **fields})]
        if number(cells, "Quantity", "volume") and words not in _NO_TRADES:
            raise UnreadableCellError(
                "side", f"must be told by Buy or Sell, was {words!r}; import a Flex query instead"
            )
        return Skip(f"transaction of type {words}")

    def _shared(self, cells: Mapping[str, str]) -> dict[str, object]:
        account, symbol = word(cells, "Account"), word(cells, "Symbol")
        return {
            # U***00000 is what the page shows, not the account's id
            "account_id": self._owner.account_of(None if "*" in (account or "*") else account),
            "strategy_id": self._owner.strategy_of(None),
            "execution_time": self._clock.at(word(cells, "Date")),
            "symbol": None if symbol is None else " ".join(symbol.split()),
        }

    def _trade(self, cells: Mapping[str, str], words: str) -> dict[str, object]:
        quantity = required(number(cells, "Quantity", "volume"), "volume", "Quantity")
        price = required(number(cells, "Price", "price"), "price", "Price")
        if (quantity < 0) != (words == "Sell"):
            raise UnreadableCellError(
                "side",
                f"must agree with the sign of the quantity, was {words} with {quantity}; "
                "correct the row at its source",
            )
        currency = word(cells, "Price Currency") or self._currency
        gross = number(cells, "Gross Amount", "price")
        if currency == self._currency and gross is not None:
            self._check_money(quantity * price, gross)
        return {
            **self._shared(cells),
            "side": words.casefold(),
            "volume": abs(quantity),
            "price": price,
            "currency": currency,
            "commission": 0.0 - (number(cells, "Commission", "commission") or 0.0),
            "fee_currency": self._currency,
        }

    def _check_money(self, paid: float, gross: float) -> None:
        if abs(abs(gross) - abs(paid)) > 0.01 + 0.001 * abs(paid):  # prices are rounded
            raise UnreadableCellError(
                "price",
                f"must be in {self._currency} a unit and make the gross amount {gross}, makes "
                f"{paid}: it is in another currency, or of a contract; import a Flex query instead",
            )


def oldest_first(rows: Sequence[tuple[int, SectionRow]]) -> list[tuple[int, SectionRow]]:
    """Turn a history that begins with its newest day: within a day it has no other order."""
    days = [day for _, row in rows if (day := word(row.cells, "Date")) is not None]
    return list(reversed(rows)) if days and days[0] > days[-1] else list(rows)
