"""ccxt: the unified trades of ``fetchMyTrades``, the same for a hundred exchanges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perfkit.errors import UnreadableCellError
from perfkit.importers.crypto.multipliers import contract_multiplier
from perfkit.importers.drafts import Draft, read_drafts
from perfkit.importers.json_rows import json_objects, source_name
from perfkit.importers.owners import Owner
from perfkit.importers.row_cells import (
    from_epoch,
    moment,
    number,
    one_of,
    required,
    required_number,
    required_word,
    word,
)
from perfkit.records import CashKind, CashRecord, ContractType, Fill, Liquidity, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from perfkit.importers.json_rows import JsonSource
    from perfkit.importers.result import ImportResult

__all__ = ["read_ccxt"]

_SYMBOL = re.compile(r"([^/:]+)/([^/:]+)(?::([^:-]+)(?:-[^:-]+)?(-[^:-]+-[CP])?)?")
_DOLLARS = frozenset({"USDC", "USDT"})  # coins in which "BTC/USD:USDC" counts its US dollars
_SIDES = {"buy": Side.BUY.value, "sell": Side.SELL.value}
_ROLES = {"taker": Liquidity.TAKER.value, "maker": Liquidity.MAKER.value}
_MS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Market:
    """What a unified symbol says about money."""

    base: str
    quote: str
    settle: str | None
    is_option: bool

    @property
    def is_inverse(self) -> bool:
        return self.settle == self.base

    @property
    def currency(self) -> str:
        """Currency in which a linear contract's price counts."""
        if self.settle in (None, self.base, self.quote):
            return self.quote
        if self.quote == "USD" and self.settle in _DOLLARS:
            return self.settle
        raise UnreadableCellError(
            "currency",
            f"must be the market's base or quote currency, was {self.settle} for a market of "
            f"{self.base} in {self.quote}; what such a contract earns depends on a third price: "
            "record its result as cash",
        )


def read_ccxt(
    source: JsonSource, *, account: str | None = None, strategy: str | None = None
) -> ImportResult:
    """Read unified trades, as JSON or as the list that ``fetch_my_trades`` gives.

    Parameters
    ----------
    source : path or list of dict
        The trades.
    account : str
        Whose trades they are; they do not say.
    strategy : str, optional
        Whose they are for the desk. Without it the client order id of each trade
        (``clientOrderId``, or that in ``info``) names its strategy.

    Returns
    -------
    ImportResult
        ``BASE/QUOTE`` of the symbol gives the currencies; a raw market id
        (``BNBBTC``: the markets were not loaded) gives none. A trade's id holds
        symbol and side, as ids of many venues are unique in their market alone.

        The multiplier of a swap or future is read from the money (``cost``) of the
        symbol's largest trade: ``cost / (price * amount)``, and of an inverse contract,
        which settles in its base currency, ``cost * price / amount``.

        ``fees`` are read, else ``fee``. Of fees in several currencies the first is the
        commission and the others are cash records of kind ``fee``. A fee without a
        currency is in that which the contract settles in; of a spot trade it is refused,
        unless it is 0.

    Raises
    ------
    ImportFormatError
        When the source is no JSON list of objects.
    InvalidArgumentError
        When the account is missing, or the strategy where a trade has no client order id.

    References
    ----------
    .. [1] ccxt 4.5, ``base/types.py`` (``Trade``), ``base/exchange.py`` (``safe_trade``).

    Examples
    --------
    >>> trade = {"id": "17", "timestamp": 1499865549590, "symbol": "BNB/BTC", "side": "buy",
    ...          "price": 4.0, "amount": 12.0, "cost": 48.0,
    ...          "fee": {"currency": "BNB", "cost": 0.012}}
    >>> fills = read_ccxt([trade], account="A1", strategy="swing").fills
    >>> fills["currency"][0].as_py(), fills["fee_currency"][0].as_py()
    ('BTC', 'BNB')
    """
    owner = Owner(account, strategy, "ccxt")
    constants = {"account_id": owner.account_of(None), "source": owner.source}
    rows = json_objects(source, "unified trades")
    multipliers = _multipliers(row for _, row in rows)

    def draft(row: dict[str, Any]) -> list[Draft]:
        return _drafts(row, owner, multipliers)

    return read_drafts(source_name(source), rows, draft, constants)


def _drafts(row: dict[str, Any], owner: Owner, multipliers: Mapping[str, float]) -> list[Draft]:
    symbol, trade = required_word(row, "symbol", "symbol"), word(row, "id")
    market, side = _market(symbol), one_of(row, "side", "side", _SIDES)
    name = None if trade is None else f"{symbol}-{trade}-{side}"
    shared = {
        "strategy_id": owner.strategy_of(None if owner.strategy else _tag(row)),
        "execution_time": _moment(row),
        "symbol": symbol,
    }
    fees = _fees(row, market)
    first = next(iter(fees), None)
    role = word(row, "takerOrMaker")
    fill = {
        "trade_id": None if name is None else identifier(name),
        "side": side,
        "price": required_number(row, "price", "price"),
        "volume": required_number(row, "amount", "volume"),
        "commission": fees.pop(first) if fees else 0.0,
        "fee_currency": first,
        "order_id": word(row, "order"),
        "liquidity": None if role is None else one_of(row, "takerOrMaker", "liquidity", _ROLES),
    }
    others = [
        {
            "cash_id": None if name is None else identifier(f"{name}-fee-{currency}"),
            "kind": CashKind.FEE.value,
            "amount": -cost,
            "currency": currency,
        }
        for currency, cost in fees.items()
    ]
    money = {} if market is None else _money(symbol, market, multipliers)
    return [Draft(Fill, shared | fill | money), *(Draft(CashRecord, shared | o) for o in others)]


def _market(symbol: str) -> _Market | None:
    """Take a unified symbol apart; a raw market id says nothing."""
    parts = _SYMBOL.fullmatch(symbol)
    if parts is None:
        return None
    base, quote, settle, option = parts.groups()
    return _Market(base=base, quote=quote, settle=settle, is_option=option is not None)


def _money(symbol: str, market: _Market, multipliers: Mapping[str, float]) -> dict[str, Any]:
    """Say how a price becomes money; a contract's fee never comes off the position."""
    if market.settle is None:
        return {"currency": market.quote, "base_currency": market.base}
    if market.is_inverse and market.is_option:
        raise UnreadableCellError(
            "contract",
            f"must be an option whose price is in {market.quote}, was {symbol!r}, whose price is "
            f"in {market.base}; record it with currency {market.base!r} and its contract size",
        )
    known = {"currency": market.currency, "multiplier": multipliers.get(symbol)}
    if known["multiplier"] is None:
        raise UnreadableCellError(
            "multiplier",
            f"must be known for a contract, no trade of {symbol!r} has a cost to read it from; "
            "load the markets before fetching the trades",
        )
    if not market.is_inverse:
        return known
    return known | {"base_currency": market.base, "contract": ContractType.INVERSE.value}


def _multipliers(rows: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Read the contract size of each symbol off its largest trade, where rounding matters least."""
    largest: dict[str, tuple[float, float]] = {}
    for row in rows:
        symbol = word(row, "symbol") or ""
        market, sizes = _market(symbol), _sizes(row)
        if market is None or market.settle is None or not all(sizes):
            continue
        price, amount, cost = sizes
        ratio = cost * price / amount if market.is_inverse else cost / price / amount
        largest[symbol] = max(largest.get(symbol, (0.0, 1.0)), (cost, ratio))
    return {symbol: contract_multiplier(ratio) for symbol, (_, ratio) in largest.items()}


def _sizes(row: dict[str, Any]) -> tuple[float, float, float]:
    try:
        price, amount, cost = (abs(number(row, n, n) or 0.0) for n in ("price", "amount", "cost"))
    except UnreadableCellError:
        return 0.0, 0.0, 0.0
    return price, amount, cost


def _fees(row: dict[str, Any], market: _Market | None) -> dict[str | None, float]:
    """Sum the fees by currency, in the order in which they stand."""
    fees = row.get("fees")
    listed = fees if isinstance(fees, list) and fees else [row.get("fee")]
    sums: dict[str | None, float] = {}
    for fee in listed:
        if fee is None:
            continue
        if not isinstance(fee, dict):
            raise UnreadableCellError(
                "commission", f"must be an object with cost and currency, was {fee!r}; fetch again"
            )
        cost, currency = number(fee, "cost", "commission"), word(fee, "currency")
        if currency is None and market is not None:
            currency = market.settle
        if not cost:
            continue
        if currency is None:
            raise UnreadableCellError(
                "fee_currency",
                f"must be named for a fee, was None for {cost}; load the markets before fetching "
                "the trades, or name the currency in the file",
            )
        sums[currency] = sums.get(currency, 0.0) + cost
    return sums


def _tag(row: dict[str, Any]) -> str | None:
    info = row.get("info")
    return word(row, "clientOrderId") or (
        word(info, "clientOrderId") if isinstance(info, dict) else None
    )


def _moment(row: dict[str, Any]) -> datetime:
    timestamp = number(row, "timestamp", "execution_time")
    if timestamp is None and word(row, "datetime") is not None:
        return moment(word(row, "datetime"), "execution_time")
    return from_epoch(required(timestamp, "execution_time", "timestamp"), "execution_time", _MS)
