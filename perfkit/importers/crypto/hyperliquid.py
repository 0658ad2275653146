"""Hyperliquid: the fills of an account, and what its positions paid and were paid.

Both come from the venue's ``info`` endpoint as JSON, as ``userFills`` and as
``userFunding``; the reader sees by itself which of them a row is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from perfkit.errors import UnreadableCellError
from perfkit.importers.crypto.position_chain import Step, chained, moves
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.json_rows import json_objects, source_name
from perfkit.importers.owners import Owner
from perfkit.importers.row_cells import (
    from_epoch,
    number,
    one_of,
    required_number,
    required_word,
    word,
)
from perfkit.records import CashKind, CashRecord, Fill, Liquidity, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from perfkit.importers.json_rows import JsonSource
    from perfkit.importers.result import ImportResult

__all__ = ["read_hyperliquid"]

_SIDES = {"B": Side.BUY.value, "A": Side.SELL.value}
_DOLLAR = "USDC"  # of every market, and of every fee, before fills said their feeToken
_MS = 1e-3
Pairs: TypeAlias = "Mapping[str, Mapping[str, str]]"
_Line = tuple[int, dict[str, Any]]


def read_hyperliquid(
    source: JsonSource, *, account: str | None = None, strategy: str | None = None
) -> ImportResult:
    """Read fills (``userFills``) and funding (``userFunding``) of one account.

    Parameters
    ----------
    source : path or list of dict
        JSON as the API answered it. A row with a ``delta`` is of the funding feed;
        one with a ``fill`` in it is a slice of a TWAP order.
    account : str
        Whose fills they are; the rows do not say.
    strategy : str, optional
        Whose they are for the desk. Without it the client order id (``cloid``) of
        each fill names its strategy.

    Returns
    -------
    ImportResult
        Fills in the order of time, and within a millisecond in that of the position
        chain (``startPosition``); both fills of a self-trade are kept. A fee below 0
        is a rebate; the builder's fee is a part of it. ``reason`` is the venue's
        ``dir``: ``Close Long``, ``Liquidated Cross Long`` ... Of a TWAP order
        ``order_id`` is ``twap-`` and its number.

        A perpetual is named as the venue does (``SUI``), and so is a spot pair
        (``PURR/USDC``, ``@107``). A fee on a spot purchase is taken from the coin
        bought, one on a sale from the money: of a pair that is only a number, this
        is where the two names come from, and one of which the source has no purchase
        or no sale lacks that name. Ledger updates that are no funding are skipped.

    Raises
    ------
    ImportFormatError
        When the source is no JSON list of objects.
    InvalidArgumentError
        When the account is missing, or the strategy where a row has no ``cloid``.

    References
    ----------
    .. [1] Hyperliquid documentation, "Info endpoint": ``userFills``, ``userFunding``.

    Examples
    --------
    >>> fill = {"coin": "SUI", "px": "1.31", "sz": "2.0", "side": "A", "time": 1683245884863,
    ...         "startPosition": "2.0", "dir": "Close Long", "crossed": True, "fee": "0.01",
    ...         "oid": 7, "tid": 9, "feeToken": "USDC"}
    >>> fills = read_hyperliquid([fill], account="A1", strategy="grid").fills
    >>> fills["trade_id"][0].as_py(), fills["reason"][0].as_py()
    ('SUI-1683245884863-9-A', 'Close Long')
    """
    owner = Owner(account, strategy, "hyperliquid")
    constants = {"account_id": owner.account_of(None), "source": owner.source}
    rows = [(line, _unwrapped(row)) for line, row in json_objects(source, "fills or funding")]
    pairs = _numbered_pairs(rows)

    def draft(row: dict[str, Any]) -> list[Draft] | Skip:
        return _movement(row, owner) if "delta" in row else [_fill(row, pairs, owner)]

    return read_drafts(source_name(source), _in_order(rows, pairs), draft, constants)


def _unwrapped(row: dict[str, Any]) -> dict[str, Any]:
    fill = row.get("fill")
    return {**fill, "twapId": row.get("twapId")} if isinstance(fill, dict) else row


def _fill(row: Mapping[str, Any], pairs: Pairs, owner: Owner) -> Draft:
    coin, order, twap = word(row, "coin"), word(row, "oid"), word(row, "twapId")
    trade, time, side = word(row, "tid"), word(row, "time"), word(row, "side")
    crossed = row.get("crossed")
    fields = {
        # a self-trade's two fills have one tid, and a tid is unique in its coin and block
        "trade_id": None if trade is None else identifier(f"{coin}-{time}-{trade}-{side}"),
        "strategy_id": owner.strategy_of(None if owner.strategy else word(row, "cloid")),
        "execution_time": _moment(row),
        "symbol": required_word(row, "coin", "symbol"),
        "side": one_of(row, "side", "side", _SIDES),
        "price": required_number(row, "px", "price"),
        "volume": required_number(row, "sz", "volume"),
        "commission": required_number(row, "fee", "commission"),
        "fee_currency": word(row, "feeToken") or _DOLLAR,
        "order_id": order if twap is None else f"twap-{twap}",
        "reason": word(row, "dir"),
    }
    if isinstance(crossed, bool):
        fields["liquidity"] = (Liquidity.TAKER if crossed else Liquidity.MAKER).value
    return Draft(Fill, fields | _money(row, pairs))


def _money(row: Mapping[str, Any], pairs: Pairs) -> dict[str, str]:
    """Name the currencies of a market."""
    coin = word(row, "coin") or ""
    if coin.startswith("@"):
        return dict(pairs.get(coin, {}))
    base, slash, quote = coin.partition("/")
    if slash:
        return {"base_currency": base, "currency": quote}
    # a perpetual's fee comes off the margin, never off the position: it has no base
    return {"currency": word(row, "feeToken") or _DOLLAR}


def _numbered_pairs(rows: list[_Line]) -> Pairs:
    """Name the two currencies of spot pairs that are numbers, from what their fees were paid in."""
    pairs: dict[str, dict[str, str]] = defaultdict(dict)
    for _, row in rows:
        coin, token = word(row, "coin"), word(row, "feeToken")
        if coin is not None and coin.startswith("@") and token is not None:
            name = "base_currency" if word(row, "side") == "B" else "currency"
            pairs[coin].setdefault(name, token)
    return pairs


def _movement(row: Mapping[str, Any], owner: Owner) -> list[Draft] | Skip:
    delta = row["delta"]
    if not isinstance(delta, dict):
        raise UnreadableCellError("row", f"must have an object as its delta, was {delta!r}")
    kind = word(delta, "type")
    if kind != "funding":
        return Skip(f"neither a fill nor funding: a ledger update of type {kind!r}")
    fields = {
        "strategy_id": owner.strategy_of(None),
        "execution_time": _moment(row),
        "kind": CashKind.FUNDING.value,
        "amount": required_number(delta, "usdc", "amount"),
        "currency": _DOLLAR,
        "symbol": word(delta, "coin"),
    }
    return [Draft(CashRecord, fields)]


def _moment(row: Mapping[str, Any]) -> datetime:
    return from_epoch(number(row, "time", "execution_time"), "execution_time", _MS)


def _in_order(rows: list[_Line], pairs: Pairs) -> list[_Line]:
    """Bring rows into the order of time, and those of one millisecond into that of the chain.

    The venue gives the newest block first, but the fills of a block oldest first.
    """
    groups: dict[tuple[float, str | None], list[_Line]] = defaultdict(list)
    for line in rows:
        groups[_milliseconds(line[1]), word(line[1], "coin")].append(line)
    before: dict[str | None, float] = {}
    ordered: list[_Line] = []
    for (_, coin), group in sorted(groups.items(), key=lambda each: each[0][0]):
        steps = [step for _, row in group if (step := _step(row, pairs)) is not None]
        if len(steps) == len(group):
            order = chained(steps, before.get(coin))
            ordered += [group[i] for i in order]
            before[coin] = _position_after([steps[i] for i in order])
        else:
            ordered += group
    return ordered


def _milliseconds(row: Mapping[str, Any]) -> float:
    try:
        return required_number(row, "time", "execution_time")
    except UnreadableCellError:
        return math.inf  # such a row is refused; where it stands does not matter


def _step(row: Mapping[str, Any], pairs: Pairs) -> Step | None:
    """Read the position of a fill; None where it is not given or not readable."""
    try:
        start = number(row, "startPosition", "startPosition")
        size, fee = number(row, "sz", "volume"), number(row, "fee", "commission")
    except UnreadableCellError:
        return None
    side = word(row, "side")
    if start is None or size is None or side not in _SIDES:
        return None
    token = word(row, "feeToken")
    from_coin = token is not None and token == _money(row, pairs).get("base_currency")
    change = (size if side == "B" else -size) - (fee or 0.0 if from_coin else 0.0)
    trade = word(row, "tid") or (word(row, "hash"), word(row, "px"))
    return Step(start=start, change=change, trade=trade)


def _position_after(steps: list[Step]) -> float:
    last = moves(steps)[-1]
    return steps[last[0]].start + sum(steps[i].change for i in last)
