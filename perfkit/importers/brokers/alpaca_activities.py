"""Alpaca's account activities: fills, and everything else that moved cash or units."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from perfkit.errors import UnreadableCellError
from perfkit.importers.brokers.alpaca_instruments import StrategyTags, instrument, side_of
from perfkit.importers.drafts import Draft, Skip
from perfkit.importers.json_rows import child
from perfkit.importers.row_cells import moment, number, required, word
from perfkit.records import CashKind, CashRecord, Fill, RecordType, Side, SplitRecord
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from perfkit.importers.owners import Owner

__all__ = ["Activities", "oldest_first"]

_ZONE = "America/New_York"
_CASH = {
    **dict.fromkeys(("CFEE", "DIVFEE", "FEE", "PTC", "PTR"), CashKind.FEE),
    **dict.fromkeys(("CGD", "DIV", "DIVCGL", "DIVCGS", "DIVROC", "DIVTXEX"), CashKind.DIVIDEND),
    **dict.fromkeys(("DIVFT", "DIVNRA", "DIVTW", "DIVWH", "INTNRA", "INTTW", "WH"), CashKind.TAX),
    "INT": CashKind.INTEREST,
}
_BY_SIGN = ("ACATC", "CSD", "CSW", "JNLC")  # cash from and to other accounts
_OPTION_ENDS = {
    "OPASN": "assignment",
    "OPEXC": "exercise",
    "OPEXP": "expiry",
    "OPXRC": "exercise",
}
_SPLITS = ("SPLIT", "SSP")
_EXECUTIONS = {
    "fill": RecordType.NEW,
    "partial_fill": RecordType.NEW,
    "trade_bust": RecordType.BUST,
    "trade_correct": RecordType.CORRECT,
}
_QUANTITIES = re.compile(r"From QTY: ?-?(?P<old>[\d.]+), To QTY: ?-?(?P<new>[\d.]+)")


class Activities:
    """The activities of one source.

    Parameters
    ----------
    owner : Owner
        Whose they are, where they do not say.
    tags : StrategyTags
        Finds the strategy in a client order id.
    """

    def __init__(self, owner: Owner, tags: StrategyTags) -> None:
        self._owner, self._tags = owner, tags
        self._split: set[tuple[str, datetime, str]] = set()

    def draft(self, activity: Mapping[str, Any]) -> list[Draft] | Skip:
        """Give the records that an activity should become.

        Raises
        ------
        UnreadableCellError
            When a cell can't be read, or the activity changes one that is no trade.
        """
        # the event stream puts what is special to a type one floor down
        row = {**child(activity, "details"), **activity}
        kind = word(row, "activity_type") or "none"
        status = word(row, "status") or "executed"
        if status not in ("executed", "correct"):
            return Skip(f"activity is {status}")
        if kind in ("FILL", "TRD"):
            return [Draft(Fill, self._fill(row))]
        if word(row, "previous_id") is not None:
            raise UnreadableCellError(
                "row",
                f"must not change an earlier activity, was {kind} of {row['previous_id']!r}; "
                "record the difference as cash of its own",
            )
        if kind in _SPLITS:
            return self._units(row)
        if kind in _OPTION_ENDS or kind == "OPTRD":
            return [Draft(Fill, self._delivery(row, kind))]
        return self._money(row, kind)

    def _fill(self, row: Mapping[str, Any]) -> dict[str, object]:
        what = _EXECUTIONS.get(word(row, "execution_type", "type") or "fill")
        if what is None:
            raise UnreadableCellError(
                "record_type",
                f"must be one of {', '.join(_EXECUTIONS)}, was {row.get('execution_type')!r}",
            )
        fields = {
            **self._named(row, "trade_id"),
            **instrument(row),
            "strategy_id": self._owner.strategy_of(self._tags.of(row)),
            "execution_time": moment(
                word(row, "transaction_time", "executed_at"), "execution_time"
            ),
            "order_id": word(row, "order_id"),
            "side": side_of(row),
            "volume": abs(required(number(row, "qty", "volume"), "volume", "qty")),
            "price": required(number(row, "price", "price"), "price", "price"),
        }
        if what is not RecordType.NEW:
            original = word(row, "previous_id")
            if original is None:
                raise UnreadableCellError(
                    "original_trade_id", "must be given, 'previous_id' was empty"
                )
            fields["record_type"], fields["original_trade_id"] = what.value, identifier(original)
        return fields

    def _delivery(self, row: Mapping[str, Any], kind: str) -> dict[str, object]:
        """Give the fill of an option that ended, or of the shares that it delivered."""
        quantity = required(number(row, "qty", "volume"), "volume", "qty")
        ended = _OPTION_ENDS.get(kind)
        return {
            **self._named(row, "trade_id"),
            **instrument(row),
            "strategy_id": self._owner.strategy_of(None),
            "execution_time": _day_end(row),
            "side": (Side.SELL if quantity < 0 else Side.BUY).value,
            "volume": abs(quantity),
            "price": 0.0 if ended else required(number(row, "price", "price"), "price", "price"),
            "reason": ended or "delivery",
        }

    def _money(self, row: Mapping[str, Any], kind: str) -> list[Draft] | Skip:
        if kind not in _CASH and kind not in _BY_SIGN:
            return Skip(f"activity of type {kind}")
        amount = required(number(row, "net_amount", "amount"), "amount", "net_amount")
        if amount == 0.0:
            coins = number(row, "qty", "volume") or 0.0
            if kind in ("CFEE", "FEE") and coins < 0.0:
                return [Draft(Fill, self._coin_fee(row, -coins))]
            return Skip(f"activity of type {kind} without cash")
        what = _CASH.get(kind) or (CashKind.DEPOSIT if amount > 0 else CashKind.WITHDRAWAL)
        fields = {
            **self._named(row, "cash_id"),
            "strategy_id": self._owner.strategy_of(None),
            "execution_time": _day_end(row),
            "kind": what.value,
            "amount": amount,
            "currency": word(row, "currency") or "USD",
            "symbol": instrument(row)["symbol"] if word(row, "symbol") else None,
        }
        return [Draft(CashRecord, fields)]

    def _coin_fee(self, row: Mapping[str, Any], coins: float) -> dict[str, object]:
        """Give a fee that was taken in coins: a sale whose whole proceeds are the fee."""
        price = required(number(row, "price", "price"), "price", "price")
        return {
            **self._named(row, "trade_id"),
            **instrument(row),
            "strategy_id": self._owner.strategy_of(None),
            "execution_time": _day_end(row),
            "side": Side.SELL.value,
            "volume": coins,
            "price": price,
            "commission": coins * price,
            "reason": "fee",
        }

    def _units(self, row: Mapping[str, Any]) -> list[Draft] | Skip:
        ratio = _ratio(row)
        if ratio is None:
            return Skip("a split that does not say its ratio")
        # units are the new ones from the morning of the day
        time = moment(word(row, "ex_date", "date"), "execution_time", (), _ZONE)
        fields = {
            **self._named(row, "split_id"),
            "execution_time": time,
            "symbol": instrument(row)["symbol"],
            "ratio": ratio,
        }
        key = (str(fields["account_id"]), time, str(fields["symbol"]))
        if key in self._split:
            return Skip("the other half of a split")
        self._split.add(key)
        return [Draft(SplitRecord, fields)]

    def _named(self, row: Mapping[str, Any], field: str) -> dict[str, object]:
        text = word(row, "id", "ref_id")
        named = None if text is None else identifier(text)
        return {field: named, "account_id": self._owner.account_of(word(row, "account_id"))}


def oldest_first(rows: Sequence[tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    """Turn a list that begins with the newest activity, as the API answers by default.

    An id begins with the time of the activity in milliseconds; those of orders do not.
    """
    ids = [word(row, "id", "event_id") or "" for _, row in rows if "activity_type" in row]
    return list(reversed(rows)) if ids and ids[0] > ids[-1] else list(rows)


def _day_end(row: Mapping[str, Any]) -> datetime:
    text = word(row, "executed_at")
    if text is not None:
        return moment(text, "execution_time")
    day = word(row, "date")
    at_end = None if day is None else f"{day}T23:59:59.999999"
    return moment(at_end, "execution_time", (), _ZONE)


def _ratio(row: Mapping[str, Any]) -> float | None:
    old, new = number(row, "old_rate", "ratio"), number(row, "new_rate", "ratio")
    if old is None or new is None:
        told = _QUANTITIES.search(word(row, "description") or "")
        if told is None:
            return None
        old, new = float(told["old"]), float(told["new"])
    return new / old if old and new else None
