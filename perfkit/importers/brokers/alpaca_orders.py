"""Alpaca's orders, and the updates that its streams send of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.errors import UnreadableCellError
from perfkit.importers.brokers.alpaca_instruments import StrategyTags, instrument, side_of
from perfkit.importers.drafts import Draft, Skip
from perfkit.importers.json_rows import child, children
from perfkit.importers.row_cells import moment, number, required, word
from perfkit.records import Fill, RecordType
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perfkit.importers.owners import Owner

__all__ = ["order_drafts", "update_drafts"]

# the order's end, and when it came; any other order may still be filled
_ENDED = {
    "filled": "filled_at",
    "canceled": "canceled_at",
    "expired": "expired_at",
    "replaced": "replaced_at",
    "rejected": "failed_at",
}
_UPDATES = {
    "fill": RecordType.NEW,
    "partial_fill": RecordType.NEW,
    "trade_bust": RecordType.BUST,
    "trade_correct": RecordType.CORRECT,
}


def order_drafts(order: Mapping[str, Any], owner: Owner, tags: StrategyTags) -> list[Draft] | Skip:
    """Give a fill for an order, and for each of its legs, at the average price.

    Raises
    ------
    UnreadableCellError
        When a cell can't be read.
    """
    found = [part for part in _with_legs(order) if number(part, "filled_qty", "volume")]
    if not found:
        return Skip(f"order not filled: {word(order, 'status')}")
    if not all(word(part, "status") in _ENDED for part in found):
        return Skip("order not at its end: it may still be filled")
    return [Draft(Fill, _order_fill(part, order, owner, tags)) for part in found]


def update_drafts(
    update: Mapping[str, Any], owner: Owner, tags: StrategyTags
) -> list[Draft] | Skip:
    """Give the fills, corrections and busts of a trade update.

    Raises
    ------
    UnreadableCellError
        When a cell can't be read.
    """
    event = word(update, "event") or "none"
    if event not in _UPDATES:
        return Skip(f"not a fill: event {event}")
    order = child(update, "order")
    shared = {
        "account_id": owner.account_of(word(update, "account_id")),
        "strategy_id": owner.strategy_of(tags.of(order)),
        "execution_time": moment(word(update, "timestamp", "at"), "execution_time"),
        "record_type": _UPDATES[event].value,
        "original_trade_id": _original(update, _UPDATES[event]),
    }
    ordered = {word(leg, "id"): leg for leg in children(order, "legs")}
    executions = [
        {**ordered.get(word(leg, "order_id"), {}), **leg} for leg in children(update, "legs")
    ]
    if not executions:
        executions = [{**order, "order_id": order.get("id"), **update}]
    drafts = [Draft(Fill, {**shared, **_execution(each)}) for each in executions]
    if event == "fill" and len(drafts) == 1:
        # an order's commission is told as a whole, with the fill that completes it
        commission = number(order, "commission", "commission") or 0.0
        drafts = [Draft(Fill, {**drafts[0].fields, "commission": commission})]
    return drafts


def _with_legs(order: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    # an order of several legs has no symbol of its own: it counts what its legs count
    if word(order, "symbol") is not None:
        yield order
    for leg in children(order, "legs"):
        yield from _with_legs(leg)


def _order_fill(
    order: Mapping[str, Any], parent: Mapping[str, Any], owner: Owner, tags: StrategyTags
) -> dict[str, object]:
    named = _required_id(order, "id", "order_id")
    ended = _ENDED[word(order, "status") or "filled"]
    return {
        **instrument(order),
        "trade_id": identifier(named),
        "order_id": named,
        "account_id": owner.account_of(word(order, "account_id")),
        "strategy_id": owner.strategy_of(tags.of(order, parent)),
        "execution_time": moment(word(order, "filled_at", ended), "execution_time"),
        "side": side_of(order),
        "volume": number(order, "filled_qty", "volume"),
        "price": required(number(order, "filled_avg_price", "price"), "price", "filled_avg_price"),
        "commission": number(order, "commission", "commission") or 0.0,
    }


def _execution(row: Mapping[str, Any]) -> dict[str, object]:
    named = word(row, "execution_id")
    return {
        **instrument(row),
        "trade_id": None if named is None else identifier(named),
        "order_id": word(row, "order_id"),
        "side": side_of(row),
        # of a bust the quantity may be told as a negative one
        "volume": abs(required(number(row, "qty", "volume"), "volume", "qty")),
        "price": required(number(row, "price", "price"), "price", "price"),
    }


def _original(update: Mapping[str, Any], what: RecordType) -> str | None:
    if what is RecordType.NEW:
        return None
    return identifier(_required_id(update, "previous_execution_id", "original_trade_id"))


def _required_id(row: Mapping[str, Any], name: str, field: str) -> str:
    text = word(row, name)
    if text is None:
        raise UnreadableCellError(
            field, f"must be given, {name!r} was empty; save the whole answer"
        )
    return text
