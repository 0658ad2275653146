"""Executions of Interactive Brokers into fills.

A file repeats its trades: as orders, as closed lots, as sums by symbol. Only
executions count. What tells them apart is the ``transactionID``: a trade that was
cancelled and booked again keeps its ``tradeID``, so that one is taken only where
the other was not ticked, and ``ibExecID`` before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perfkit.errors import UnreadableCellError
from perfkit.importers.brokers.ibkr_links import TradeLinks, is_cancel
from perfkit.importers.brokers.ibkr_rows import FlexRow, StatementClock, symbol_of
from perfkit.importers.drafts import Draft, Skip
from perfkit.importers.row_cells import number, one_of, required, word
from perfkit.records import CashKind, CashRecord, Fill, RecordType, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from perfkit.importers.owners import Owner

__all__ = ["Executions", "reason_of"]

_REASONS = {
    "A": "assignment",
    "AEx": "exercise",
    "Ep": "expiry",
    "Ex": "exercise",
    "L": "liquidation",
    "MEx": "exercise",
}
_CONTRACTS = ("FOP", "FUT", "IOPT", "OPT", "WAR")
_PER_CENT = ("BILL", "BOND")  # quoted in per cent of the face value that the quantity counts
_OCC = re.compile(r"[A-Z0-9.]{1,6} ?\d{6}[CP]\d{8}")  # VXX 110917C00005000


class Executions:
    """The trade rows of one file.

    Parameters
    ----------
    rows : iterable of FlexRow
        All of them: a row may change another one.
    clock : StatementClock
        Reads their times.
    owner : Owner
        Whose trades they are, where they do not say.
    """

    def __init__(self, rows: Iterable[FlexRow], clock: StatementClock, owner: Owner) -> None:
        self._clock, self._owner = clock, owner
        self._links = TradeLinks(row for row in rows if _repeats(row.cells) is None)

    def draft(self, row: FlexRow) -> list[Draft] | Skip:
        """Give the records that a trade row should become.

        Raises
        ------
        UnreadableCellError
            When a cell can't be read, or the row changes a trade that is not in
            the file.
        """
        if (level := _repeats(row.cells)) is not None:
            return Skip(f"not an execution: levelOfDetail is {level}")
        if is_cancel(row.cells):
            return self._bust(row)
        fields = self._fields(row)
        original = self._links.corrected(row)
        if original is not None:
            _point(fields, RecordType.CORRECT, _trade_id(original.cells))
        # a correction takes the place of the trade, not of the tax beside it
        before = 0.0 if original is None else _foreign_tax(original.cells)
        return [Draft(Fill, fields), *_tax(fields, _foreign_tax(row.cells) - before)]

    def _fields(self, row: FlexRow) -> dict[str, object]:
        cells = row.cells
        quantity, side = _signed(cells)
        fields = {
            "trade_id": _trade_id(cells),
            "account_id": self._owner.account_of(word(cells, "accountid")),
            "strategy_id": self._owner.strategy_of(word(cells, "orderreference")),
            "execution_time": _time(cells, self._clock),
            "side": side.value,
            "volume": abs(quantity),
            "price": required(number(cells, "tradeprice", "price"), "price", "TradePrice"),
            "commission": _commission(cells),
            "fee_currency": word(cells, "ibcommissioncurrency"),
            "order_id": word(cells, "iborderid"),
            "reason": reason_of(word(cells, "notes")),
            **_instrument(cells),
        }
        _check_proceeds(cells, fields["multiplier"])
        return fields

    def _bust(self, row: FlexRow) -> list[Draft]:
        original = self._links.cancelled(row)
        fields = self._fields(original)
        fields["trade_id"] = _trade_id(row.cells)
        fields["execution_time"] = _time(row.cells, self._clock)
        _point(fields, RecordType.BUST, _trade_id(original.cells))
        drafts = [Draft(Fill, fields), *_tax(fields, _foreign_tax(row.cells))]
        # a bust takes the trade away with its commission; what was not paid back stays paid
        kept = _commission(original.cells) + _commission(row.cells)
        if abs(kept) > 1e-9:
            currency = fields["fee_currency"] or fields["currency"]
            drafts.append(_charge(fields, CashKind.FEE, -kept, currency))
        return drafts


def reason_of(notes: str | None) -> str | None:
    """Say why a trade was made, from the codes beside it, e.g. ``A;C``.

    Examples
    --------
    >>> reason_of("C;Ep"), reason_of("O;P")
    ('expiry', None)
    """
    codes = re.split(r"[;,\s]+", notes or "")
    return next((_REASONS[code] for code in codes if code in _REASONS), None)


def _repeats(cells: Mapping[str, str]) -> str | None:
    level = word(cells, "levelofdetail")
    return None if level is None or level.upper() == "EXECUTION" else level


def _trade_id(cells: Mapping[str, str]) -> str | None:
    text = word(cells, "transactionid", "ibexecid", "tradeid")
    return None if text is None else identifier(text)


def _point(fields: dict[str, object], what: RecordType, original: str | None) -> None:
    if original is None:
        raise UnreadableCellError(
            "original_trade_id",
            "must be the id of the trade that the row changes, which has none; "
            "tick TransactionID in the query",
        )
    if fields["trade_id"] in (None, original):
        fields["trade_id"] = identifier(f"{original}-{what.value}")
    fields["record_type"], fields["original_trade_id"] = what.value, original


def _tax(fields: Mapping[str, object], amount: float) -> list[Draft]:
    return [_charge(fields, CashKind.TAX, amount, fields["currency"])] if amount else []


def _charge(fields: Mapping[str, object], kind: CashKind, amount: float, currency: object) -> Draft:
    names = ("account_id", "strategy_id", "execution_time", "symbol")
    shared = {name: fields[name] for name in names}
    charge = {"kind": kind.value, "amount": amount, "currency": currency}
    return Draft(CashRecord, {**shared, **charge})


def _time(cells: Mapping[str, str], clock: StatementClock) -> datetime:
    text = word(cells, "datetime")
    if text is None:
        text = " ".join(filter(None, (word(cells, "tradedate"), word(cells, "tradetime")))) or None
    return clock.at(text)


def _signed(cells: Mapping[str, str]) -> tuple[float, Side]:
    quantity = required(number(cells, "quantity", "volume"), "volume", "Quantity")
    if word(cells, "buysell") is None:
        return quantity, Side.SELL if quantity < 0 else Side.BUY
    side = Side(one_of(cells, "buysell", "side", {"BUY": "buy", "SELL": "sell"}))
    # some queries write the quantity of a sale without its sign
    if quantity < 0 and side is Side.BUY:
        raise UnreadableCellError(
            "side",
            f"must agree with the sign of the quantity, was BUY with {quantity}; "
            "correct the row at its source",
        )
    return quantity, side


def _instrument(cells: Mapping[str, str]) -> dict[str, object]:
    symbol, currency = symbol_of(cells), word(cells, "currency")
    kind = (word(cells, "assetcategory") or "").upper()
    base = None
    if kind == "CASH":
        base, _, quote = symbol.partition(".")
        if not quote or currency not in (None, quote):
            raise UnreadableCellError(
                "currency",
                f"must be the second of the pair {symbol!r}, was {currency!r}; "
                "correct the row at its source",
            )
        symbol, currency = f"{base}/{quote}", quote
        _require_fee_currency(cells)
    multiplier = number(cells, "multiplier", "multiplier")
    if multiplier is None:
        if kind in _CONTRACTS or _OCC.fullmatch(symbol):
            raise UnreadableCellError(
                "multiplier", f"must be given for {symbol!r}; tick Multiplier in the query"
            )
        multiplier = 1.0
    return {
        "symbol": symbol,
        "currency": currency,
        "base_currency": base,
        "multiplier": multiplier * (0.01 if kind in _PER_CENT else 1.0),
    }


def _require_fee_currency(cells: Mapping[str, str]) -> None:
    if _commission(cells) and word(cells, "ibcommissioncurrency") is None:
        raise UnreadableCellError(
            "fee_currency",
            "must be given for a currency trade, whose commission is in the account's currency; "
            "tick IBCommissionCurrency in the query",
        )


def _commission(cells: Mapping[str, str]) -> float:
    """Give what was paid, taxes too where they are in the same currency."""
    paid = (number(cells, "ibcommission", "commission") or 0.0) + (
        0.0 if _foreign_tax(cells) else number(cells, "taxes", "commission") or 0.0
    )
    return 0.0 - paid  # subtracted, because -1.0 * 0.0 is -0.0


def _foreign_tax(cells: Mapping[str, str]) -> float:
    """Give the taxes, signed as cash, where the commission is in another currency."""
    fee, currency = word(cells, "ibcommissioncurrency"), word(cells, "currency")
    if fee is None or currency is None or fee == currency:
        return 0.0
    return number(cells, "taxes", "commission") or 0.0


def _check_proceeds(cells: Mapping[str, str], multiplier: object) -> None:
    """Refuse a trade whose money is not its price times its size: a contract of another size."""
    proceeds = number(cells, "proceeds", "multiplier")
    quantity, price = number(cells, "quantity", "volume"), number(cells, "tradeprice", "price")
    if not proceeds or not quantity or not price or not isinstance(multiplier, float):
        return
    implied = quantity * price * multiplier
    # prices are rounded; a wrong multiplier is off by a factor
    if abs(abs(proceeds) - abs(implied)) > 0.01 + 0.01 * abs(implied):
        raise UnreadableCellError(
            "multiplier",
            f"must make {quantity} at {price} the proceeds of {proceeds}, was {multiplier}; "
            "correct the row at its source",
        )
