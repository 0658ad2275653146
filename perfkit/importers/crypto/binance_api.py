"""Binance's API: ``myTrades`` of the spot market, ``userTrades`` of the futures markets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.errors import UnreadableCellError
from perfkit.importers.crypto.binance_pairs import binance_pair
from perfkit.importers.crypto.multipliers import contract_multiplier
from perfkit.importers.drafts import Draft, read_drafts
from perfkit.importers.json_rows import json_objects, source_name
from perfkit.importers.row_cells import from_epoch, number, one_of, required_number, word
from perfkit.records import ContractType, Fill, Liquidity, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from perfkit.importers.json_rows import JsonSource
    from perfkit.importers.result import ImportResult

__all__ = ["read_api_trades"]

_SIDES = {"BUY": Side.BUY.value, "SELL": Side.SELL.value}
_MS = 1e-3


def read_api_trades(source: JsonSource, constants: Mapping[str, str | None]) -> ImportResult:
    """Read what the API answered to ``myTrades`` or ``userTrades``.

    Parameters
    ----------
    source : path or list of dict
        Trades; each says itself of which market it is.
    constants : mapping of str to str or None
        Fields of every record.
    """
    rows = json_objects(source, "trades of myTrades or userTrades")
    return read_drafts(source_name(source), rows, lambda row: [_fill(row)], constants)


def _fill(row: dict[str, Any]) -> Draft:
    symbol, trade = word(row, "symbol"), word(row, "id")
    is_spot = "isBuyer" in row
    if is_spot:
        side = _either(row, "isBuyer", "side", Side.BUY.value, Side.SELL.value)
    else:
        side = one_of(row, "side", "side", _SIDES)
    maker = "isMaker" if is_spot else "maker"
    fields = {
        # an id is unique in its symbol, and both fills of a self-trade have it
        "trade_id": None if trade is None else identifier(f"{symbol}-{trade}-{side}"),
        "execution_time": _moment(row),
        "side": side,
        "price": required_number(row, "price", "price"),
        "volume": required_number(row, "qty", "volume"),
        "commission": required_number(row, "commission", "commission"),
        "fee_currency": word(row, "commissionAsset"),
        "order_id": word(row, "orderId"),
        "liquidity": _either(row, maker, "liquidity", Liquidity.MAKER.value, Liquidity.TAKER.value),
    }
    market = _spot_market(symbol) if is_spot else _futures_market(row, symbol)
    return Draft(Fill, fields | market)


def _moment(row: Mapping[str, Any]) -> datetime:
    return from_epoch(number(row, "time", "execution_time"), "execution_time", _MS)


def _either(row: Mapping[str, Any], name: str, field: str, yes: str, no: str) -> str:
    value = row.get(name)
    if not isinstance(value, bool):
        raise UnreadableCellError(
            field, f"must be told by true or false in {name!r}, was {value!r}; fetch it again"
        )
    return yes if value else no


def _spot_market(symbol: str | None) -> dict[str, Any]:
    base, quote = binance_pair(symbol)
    return {"symbol": f"{base}/{quote}", "base_currency": base, "currency": quote}


def _futures_market(row: Mapping[str, Any], symbol: str | None) -> dict[str, Any]:
    """Name a contract as ccxt does, so that it is not taken for the spot market of its pair."""
    pair, _, expiry = (symbol or "").partition("_")
    expiry = "" if expiry in ("", "PERP") else f"-{expiry}"
    coins = number(row, "baseQty", "multiplier")
    if coins is None:
        base, quote = binance_pair(pair)
        return {"symbol": f"{base}/{quote}:{quote}{expiry}", "currency": quote}
    base = word(row, "marginAsset") or pair.removesuffix("USD")
    price, volume = number(row, "price", "price"), number(row, "qty", "volume")
    if not (coins and price and volume):
        raise UnreadableCellError(
            "multiplier",
            f"must be known from baseQty * price / qty, was {coins} * {price} / {volume}; "
            "fetch the trade again",
        )
    return {
        "symbol": f"{base}/USD:{base}{expiry}",
        "currency": "USD",
        "base_currency": base,
        "contract": ContractType.INVERSE.value,
        "multiplier": contract_multiplier(abs(coins * price / volume)),
    }
