"""Execution reports of FIX into fills: which are executions, and which change another one.

FIX 4.0 to 4.2 tell a new execution from a cancelled and a corrected one by tag 20,
later versions by tag 150 alone (F, H, G); no version gives a value the other's
meaning, so both are heard whatever the version is. A report without a quantity
only says how the order stands. ``ExecID`` is unique for a session's day alone.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from perfkit.errors import UnreadableCellError
from perfkit.importers.brokers.fix_charges import Costs, costs_of
from perfkit.importers.drafts import Draft, Skip
from perfkit.importers.row_cells import moment, required
from perfkit.records import CashKind, CashRecord, Fill, Liquidity, RecordType, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from perfkit.importers.brokers.fix_messages import FixMessage
    from perfkit.importers.owners import Owner

__all__ = ["ExecutionReports"]

# buy minus and sell plus are limits on the tick; a sale may be short or short exempt
_SIDES = {"1": "buy", "2": "sell", "3": "buy", "4": "sell", "5": "sell", "6": "sell"}
_LIQUIDITY = {"1": Liquidity.MAKER.value, "2": Liquidity.TAKER.value}
_OPTION = {"0": "P", "1": "C"}
_CURRENCY_TRADES = ("FOR", "FXSPOT", "FXFWD", "FXNDF", "FXSWAP")
_LEG, _SPREAD = "2", "3"
_UTC = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d:\d\d:\d\d(?:\.\d{1,12})?)Z?")


class ExecutionReports:
    """The execution reports of one log.

    Parameters
    ----------
    messages : iterable of FixMessage
        All messages of the log.
    owner : Owner
        Whose trades they are, where they do not say.
    strategy_tag : int or None
        Tag whose value is the strategy.
    """

    def __init__(
        self, messages: Iterable[FixMessage], owner: Owner, strategy_tag: int | None
    ) -> None:
        self._owner, self._strategy_tag = owner, strategy_tag
        self._executions: dict[tuple[str | None, ...], list[FixMessage]] = {}
        self._first: dict[str, FixMessage] = {}
        self._legs: set[tuple[int, str]] = set()
        for message in messages:
            if message.damage is None and message.get(35) == "8":
                with suppress(UnreadableCellError):  # its draft will say so
                    self._note(message)

    def draft(self, message: FixMessage) -> list[Draft] | Skip:
        """Give the records that a message should become.

        Raises
        ------
        UnreadableCellError
            When the message is damaged, a field can't be read, or it changes an
            execution that is not in the log.
        """
        if message.damage is not None:
            raise UnreadableCellError("row", message.damage)
        if (kind := message.get(35)) != "8":
            return Skip(f"not an execution report: MsgType {kind}")
        what = _record_type(message)
        if isinstance(what, Skip):
            return what
        if _is_sent_again(message) and self._first.get(_trade_id(message)) is not message:
            return Skip("sent again: PossDupFlag or PossResend")
        if message.get(442) == _SPREAD and self._legs & _orders(message):
            return Skip("a spread whose legs are told one by one")
        before = None if what is RecordType.NEW else self._original(message)
        if what is RecordType.BUST and before is not None:
            fields, costs = self._fields(before)
            gone = Costs(0.0, costs.currency, {}).beside(costs)
            fields["execution_time"], fields["trade_id"] = _time(message), _trade_id(message)
        else:
            fields, costs = self._fields(message)
            gone = costs.beside(None if before is None else self._fields(before)[1])
        if before is not None:
            fields["record_type"], fields["original_trade_id"] = what.value, _trade_id(before)
        return [Draft(Fill, fields), *_cash(fields, gone)]

    def _note(self, message: FixMessage) -> None:
        if isinstance(what := _record_type(message), Skip):
            return
        self._first.setdefault(_trade_id(message), message)
        if what is not RecordType.BUST:
            self._executions.setdefault(_execution(message, 17), []).append(message)
        if message.get(442) == _LEG:
            self._legs |= _orders(message)

    def _original(self, message: FixMessage) -> FixMessage:
        named = message.get(19)
        found = self._executions.get(_execution(message, 19), [])
        time = _time(message)
        # an id comes again on another day: the one meant is the last before the change
        earlier = [e for e in found if e is not message and _time(e) <= time]
        if named is None or not earlier:
            raise UnreadableCellError(
                "original_trade_id",
                f"must be an ExecID that the log has before, was {named!r} in tag 19; "
                "import the log that holds both",
            )
        return max(earlier, key=_time)

    def _fields(self, message: FixMessage) -> tuple[dict[str, object], Costs]:
        volume = required(message.number(32, "volume"), "volume", "32")
        price = required(message.number(31, "price"), "price", "31")
        what = _instrument(message)
        size = message.number(231, "multiplier") or 1.0
        costs = costs_of(message, volume, volume * price * size, what["currency"])
        tag = None if self._strategy_tag is None else message.get(self._strategy_tag)
        fields: dict[str, object] = {
            **what,
            "trade_id": _trade_id(message),
            "account_id": self._owner.account_of(message.get(1)),
            "strategy_id": self._owner.strategy_of(tag),
            "execution_time": _time(message),
            "side": _side(message).value,
            "volume": volume,
            "price": price,
            "multiplier": size,
            "commission": costs.commission,
            "fee_currency": costs.currency,
            "order_id": message.get(37),
            "liquidity": _LIQUIDITY.get(message.get(851) or ""),
        }
        return fields, costs


def _record_type(message: FixMessage) -> RecordType | Skip:
    transaction, kind = message.get(20) or "0", message.get(150)
    if transaction == "3" or kind == "I":
        return Skip("not an execution: the order's status")
    if transaction == "1" or kind == "H":
        return RecordType.BUST
    if transaction == "2" or kind == "G":
        return RecordType.CORRECT
    # FIX 4.0 has no tag 150, the status of the order says what happened
    is_trade = kind in ("1", "2", "F") or (kind is None and message.get(39) in ("1", "2"))
    if not is_trade:
        return Skip(f"not an execution: ExecType {kind or message.get(39)}")
    if not message.number(32, "volume"):
        return Skip("not an execution: LastQty is 0")
    return RecordType.NEW


def _is_sent_again(message: FixMessage) -> bool:
    return message.get(43) == "Y" or message.get(97) == "Y"


def _orders(message: FixMessage) -> set[tuple[int, str]]:
    return {(tag, value) for tag in (37, 11) if (value := message.get(tag)) is not None}


def _execution(message: FixMessage, tag: int) -> tuple[str | None, ...]:
    return message.get(49), message.get(56), message.get(tag)


def _trade_id(message: FixMessage) -> str:
    named = message.get(17)
    if named is None:
        raise UnreadableCellError("trade_id", "must be given, tag 17 (ExecID) was empty")
    day = f"{_time(message):%Y%m%d}"
    session = (message.get(49), message.get(56))
    return identifier("-".join([named, day, *filter(None, session)]))


def _time(message: FixMessage) -> datetime:
    # of a message that was sent again tag 52 says when that was, tag 122 when at first
    text = message.get(60) or message.get(122) or message.get(52)
    found = _UTC.fullmatch(text or "")
    if found is None:
        raise UnreadableCellError(
            "execution_time",
            "must be a UTC time as 20240131-09:30:00.123 in tag 60, 122 or 52, "
            f"was {text!r}; mend it at its source",
        )
    year, month, day, time = found.groups()
    return moment(f"{year}-{month}-{day}T{time}+00:00", "execution_time")


def _side(message: FixMessage) -> Side:
    said = message.get(54)
    if said not in _SIDES:
        raise UnreadableCellError(
            "side",
            f"must be one of {', '.join(_SIDES)} in tag 54, was {said!r}: a cross is no side; "
            "mend it at its source",
        )
    return Side(_SIDES[said])


def _instrument(message: FixMessage) -> dict[str, str | None]:
    root = message.get(55)
    if root in (None, "[N/A]"):
        root = message.get(48)
    if root is None:
        raise UnreadableCellError("symbol", "must be given, tags 55 and 48 were empty")
    # of a contract the symbol names the underlying alone
    expiry = message.get(541) or f"{message.get(200) or ''}{message.get(205) or ''}"
    right = _OPTION.get(message.get(201) or "")
    symbol = " ".join(filter(None, (root, expiry, right, message.get(202))))
    currency = message.get(15)
    base, slash, quote = root.partition("/")
    if not slash or currency not in (None, base, quote):
        return {"symbol": symbol, "currency": currency, "base_currency": None}
    if currency == quote and message.get(167) in _CURRENCY_TRADES:
        raise UnreadableCellError(
            "volume",
            f"must count {base} of the pair {root!r}, was dealt in {currency!r} (tag 15); "
            "mend it at its source",
        )
    return {"symbol": symbol, "currency": quote, "base_currency": base}


def _cash(
    fields: dict[str, object], costs: dict[tuple[str | None, CashKind], float]
) -> list[Draft]:
    names = ("account_id", "strategy_id", "execution_time", "symbol")
    shared = {name: fields[name] for name in names}
    return [
        Draft(CashRecord, {**shared, "kind": kind, "amount": -amount, "currency": currency})
        for (currency, kind), amount in costs.items()
    ]
