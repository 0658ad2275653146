"""The activity statement of Interactive Brokers.

It shows an order's executions as one row with their average price, without any
id: what changes a trade later can't be told from it, a Flex query says more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import UnreadableCellError
from perfkit.importers.brokers.ibkr_cash import Splits, cash_kind, described_symbol, split_ratio
from perfkit.importers.brokers.ibkr_sections import SectionRow, stated
from perfkit.importers.brokers.ibkr_trades import reason_of
from perfkit.importers.drafts import Draft, Skip
from perfkit.importers.row_cells import number, required, word
from perfkit.records import CashRecord, Fill, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from perfkit.importers.brokers.ibkr_rows import StatementClock
    from perfkit.importers.owners import Owner

__all__ = ["ActivityStatement"]

# columns that come first, in one of which a row of sums says "Total in EUR"
_LEADING = ("Asset Category", "Currency", "Subtitle")
_UNITS = ("Bonds", "CFDs", "Crypto", "Forex", "Funds", "Mutual Funds", "Stocks")


class ActivityStatement:
    """The rows of one statement.

    Parameters
    ----------
    rows : sequence of (int, SectionRow)
        All of them: contract sizes, the account and its currency stand apart.
    clock : StatementClock
        Reads their times.
    owner : Owner
        Whose rows they are, where they do not say.
    """

    def __init__(
        self, rows: Sequence[tuple[int, SectionRow]], clock: StatementClock, owner: Owner
    ) -> None:
        self._clock, self._owner = clock, owner
        self._account = stated(rows, "Account Information", "Account")
        self._currency = stated(rows, "Account Information", "Base Currency")
        self._sizes = _sizes(row for _, row in rows)
        self._splits = Splits(clock, owner)
        levels = {word(r.cells, "DataDiscriminator") for _, r in rows if r.section == "Trades"}
        self._level = "Order" if "Order" in levels else "Trade"

    def draft(self, row: SectionRow) -> list[Draft] | Skip:
        """Give the records that a row of the statement should become.

        Raises
        ------
        UnreadableCellError
            When a cell can't be read.
        """
        kind = cash_kind(row.section, 0.0)
        if kind is None and row.section not in ("Trades", "Corporate Actions"):
            return Skip(f"section {row.section}")
        if row.kind != "Data":
            return Skip(f"section {row.section}: {row.kind}")
        row.require_width()
        if row.section == "Trades":
            return self._trade(row.cells)
        if row.section == "Corporate Actions":
            return self._action(row.cells)
        return self._cash(row.section, row.cells)

    def _trade(self, cells: Mapping[str, str]) -> list[Draft] | Skip:
        level = word(cells, "DataDiscriminator")
        if level != self._level:
            if level in ("Trade", "ClosedLot"):
                return Skip(f"repeats an order: {level}")
            raise UnreadableCellError(
                "row",
                f"must be an Order, a Trade or a ClosedLot, was {level!r} in 'DataDiscriminator'; "
                "import a Flex query instead",
            )
        codes = word(cells, "Code")
        if "Ca" in (codes or "").split(";"):
            raise UnreadableCellError(
                "original_trade_id",
                "must name the cancelled trade, and a statement has no ids; "
                "import a Flex query instead",
            )
        quantity = required(number(cells, "Quantity", "volume"), "volume", "Quantity")
        commission, fee_currency = self._commission(cells)
        fields = {
            **self._owned(cells),
            "execution_time": self._clock.at(word(cells, "Date/Time")),
            "side": (Side.SELL if quantity < 0 else Side.BUY).value,
            "volume": abs(quantity),
            "price": required(number(cells, "T. Price", "price"), "price", "T. Price"),
            "commission": commission,
            "fee_currency": fee_currency,
            "reason": reason_of(codes),
            **self._instrument(cells),
        }
        return [Draft(Fill, fields)]

    def _owned(self, cells: Mapping[str, str]) -> dict[str, object]:
        return {
            "account_id": self._owner.account_of(word(cells, "Account") or self._account),
            "strategy_id": self._owner.strategy_of(None),
        }

    def _commission(self, cells: Mapping[str, str]) -> tuple[float, str | None]:
        """Give what was paid, and in which currency: of a currency trade in the account's."""
        own = next((name for name in cells if name.startswith("Comm in ")), None)
        paid = 0.0 - (number(cells, own or "Comm/Fee", "commission") or 0.0)
        if own is not None:
            return paid, own.removeprefix("Comm in ").strip()
        if word(cells, "Asset Category") != "Forex" or not paid:
            return paid, word(cells, "Currency")
        if self._currency is None:
            raise UnreadableCellError(
                "fee_currency",
                "must be given for a currency trade, whose commission is in the account's "
                "currency; export the statement with its section Account Information",
            )
        return paid, self._currency

    def _instrument(self, cells: Mapping[str, str]) -> dict[str, object]:
        kind = word(cells, "Asset Category") or ""
        symbol, currency = " ".join((word(cells, "Symbol") or "").split()), word(cells, "Currency")
        base = None
        if kind == "Forex":
            base, _, quote = symbol.partition(".")
            if quote != currency:
                raise UnreadableCellError(
                    "currency", f"must be the second of the pair {symbol!r}, was {currency!r}"
                )
            symbol = f"{base}/{quote}"
        size = self._sizes.get(symbol)
        if size is None and not kind.startswith(_UNITS):
            raise UnreadableCellError(
                "multiplier",
                f"must be given for {symbol!r}; export the statement with its section "
                "Financial Instrument Information",
            )
        size = 1.0 if size is None else size
        return {
            "symbol": symbol or None,
            "currency": currency,
            "base_currency": base,
            "multiplier": size * (0.01 if kind == "Bonds" else 1.0),  # per cent of the face value
        }

    def _action(self, cells: Mapping[str, str]) -> list[Draft] | Skip:
        description = word(cells, "Description")
        symbol = described_symbol(description)
        total = next(iter(cells.values()), "")
        if total.startswith("Total") or split_ratio(description) is None or symbol is None:
            return Skip("section Corporate Actions: not a split")
        account = word(cells, "Account") or self._account
        return self._splits.told(
            account, word(cells, "Date/Time", "Report Date"), description, symbol
        )

    def _cash(self, section: str, cells: Mapping[str, str]) -> list[Draft] | Skip:
        if any((cells.get(name) or "").startswith("Total") for name in _LEADING):
            return Skip(f"section {section}: Total")
        amount = required(number(cells, "Amount", "amount"), "amount", "Amount")
        symbol = word(cells, "Symbol") or described_symbol(word(cells, "Description"))
        fields = {
            **self._owned(cells),
            "execution_time": self._clock.at(word(cells, "Date/Time", "Date", "Settle Date")),
            "kind": cash_kind(section, amount),
            "amount": amount,
            "currency": word(cells, "Currency"),
            "symbol": symbol,
        }
        return [Draft(CashRecord, fields)]


def _sizes(rows: Iterable[SectionRow]) -> dict[str, float]:
    """Read the units in one contract, by symbol."""
    sizes = {}
    for row in rows:
        if row.section == "Financial Instrument Information" and row.kind == "Data":
            size = number(row.cells, "Multiplier", "multiplier")
            # an instrument that was renamed is listed under both names
            for symbol in (word(row.cells, "Symbol") or "").split(","):
                if size is not None:
                    sizes[" ".join(symbol.split())] = size
    return sizes
