"""Coinbase: fills of Pro and Exchange, the retail history, and the Advanced Trade API."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.crypto.coinbase_retail import RETAIL_COLUMNS, read_retail, retail_style
from perfkit.importers.drafts import Draft, read_drafts
from perfkit.importers.json_rows import is_json, json_objects, load_json, source_name
from perfkit.importers.owners import Owner, owner_of_all
from perfkit.importers.row_cells import moment, one_of, required_number, required_word, word
from perfkit.importers.row_order import oldest_first
from perfkit.importers.source_rows import read_rows
from perfkit.records import Fill, Liquidity, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from perfkit.importers.json_rows import JsonSource
    from perfkit.importers.result import ImportResult

__all__ = ["read_coinbase"]

_PRO = ("trade id", "product", "side", "created at", "size", "price", "fee", "total")
_SIDES = {"BUY": Side.BUY.value, "SELL": Side.SELL.value}
_LIQUIDITY = {"MAKER": Liquidity.MAKER.value, "TAKER": Liquidity.TAKER.value}
_FILL = "FILL"


def read_coinbase(
    source: JsonSource | pd.DataFrame, *, account: str | None = None, strategy: str | None = None
) -> ImportResult:
    """Read trades of Coinbase in any of the shapes in which it hands them out.

    Parameters
    ----------
    source : path, DataFrame, list of dict or dict
        As CSV or frame, known by its header: ``fills.csv`` of Coinbase Pro and Exchange,
        or the retail transaction history, with or without lines above its header. As
        ``.json``, list or dict: fills of the Advanced Trade API.
    account : str
        Whose trades they are; where it is not given, the portfolio that a fill names.
    strategy : str
        Whose they are for the desk; Coinbase does not say.

    Returns
    -------
    ImportResult
        Markets are ``BASE/QUOTE``. A trade id of Pro holds its product, as it is unique
        in that alone; a Pro row whose total is not what price, size and fee make, and a
        retail row whose total is not that of subtotal and fees, is refused.

        A retail conversion is a sale and a purchase at its subtotal in the history's
        currency, so that no money comes or goes; a fee is in the value of what was given.
        Rewards, deposits and withdrawals are cash records in the coin that moved.

        Of the API's fills a size in quote currency is divided by the price. Those of
        ``trade_type`` REVERSAL, CORRECTION and SYNTHETIC are refused, since the API does
        not say which fill they change.

    Raises
    ------
    ImportFormatError
        When the source has none of these shapes.
    InvalidArgumentError
        When account or strategy is missing.

    References
    ----------
    .. [1] Coinbase, "List Fills" (Advanced Trade API); the CSV files are not documented.

    Examples
    --------
    >>> fill = {"entry_id": "e-1", "product_id": "BTC-USD", "side": "BUY", "size": "100",
    ...         "size_in_quote": True, "price": "50000", "commission": "0.6",
    ...         "trade_time": "2024-01-15T10:30:00Z", "trade_type": "FILL", "order_id": "o-1"}
    >>> fills = read_coinbase([fill], account="A1", strategy="dca").fills
    >>> fills["symbol"][0].as_py(), fills["volume"][0].as_py()
    ('BTC/USD', 0.002)
    """
    owner = Owner(account, strategy, "coinbase")
    if is_json(source):
        return _read_api(source, owner)
    tables = cast("str | Path | pd.DataFrame", source)
    rows = read_rows(tables, retail_style(tables))
    names = set(rows.table.column_names)
    if names.issuperset(RETAIL_COLUMNS):
        return read_retail(rows, owner_of_all(account, strategy, "coinbase"))
    if not names.issuperset(_PRO):
        raise ImportFormatError(
            f"{rows.name}: must have the columns {_PRO} or {RETAIL_COLUMNS}, the header has "
            f"{rows.table.column_names}; export the fills, or the transaction history"
        )
    listed = list(zip(rows.lines.tolist(), rows.table.to_pylist(), strict=True))
    ordered = oldest_first(listed, lambda row: _moment(row, "created at"))
    constants = {"strategy_id": owner.strategy_of(None), "source": owner.source}
    return read_drafts(
        rows.name, ordered, lambda row: [_pro_fill(row, owner)], constants, rows.refused
    )


def _read_api(source: JsonSource, owner: Owner) -> ImportResult:
    answer = load_json(source)
    listed = answer.get("fills") if isinstance(answer, dict) else answer
    if isinstance(listed, (str, type(None))):
        raise ImportFormatError(
            f"{source_name(source)}: must be a list of fills or an object with 'fills'; "
            "save what the API answered"
        )
    rows = json_objects(listed, "fills")
    ordered = oldest_first(rows, lambda row: _moment(row, "trade_time"))
    constants = {"strategy_id": owner.strategy_of(None), "source": owner.source}
    return read_drafts(source_name(source), ordered, lambda row: [_api_fill(row, owner)], constants)


def _pro_fill(row: Mapping[str, Any], owner: Owner) -> Draft:
    product, trade = required_word(row, "product", "symbol"), word(row, "trade id")
    size = required_number(row, "size", "volume")
    price = required_number(row, "price", "price")
    fee = required_number(row, "fee", "commission")
    total = required_number(row, "total", "price")
    side = one_of(row, "side", "side", _SIDES)
    implied = (-price * size if side == Side.BUY else price * size) - fee
    if not math.isclose(total, implied, rel_tol=1e-6, abs_tol=1e-8):
        raise UnreadableCellError(
            "price",
            f"must make up the total, price, size and fee make {implied}, the total was {total}; "
            "correct the row at its source",
        )
    fields = {
        "trade_id": None if trade is None else identifier(f"{product}-{trade}"),
        "account_id": owner.account_of(None if owner.account else word(row, "portfolio")),
        "execution_time": _moment(row, "created at"),
        "side": side,
        "price": price,
        "volume": size,
        "commission": fee,
    }
    return Draft(Fill, fields | _market(product))


def _api_fill(row: Mapping[str, Any], owner: Owner) -> Draft:
    product, entry = required_word(row, "product_id", "symbol"), word(row, "entry_id")
    kind, trade = word(row, "trade_type") or _FILL, word(row, "trade_id")
    if kind != _FILL:
        raise UnreadableCellError(
            "record_type",
            f"must be told by trade_type FILL, was {kind!r}; the API does not say which fill it "
            "changes: record a correction or a bust of that one",
        )
    price = required_number(row, "price", "price")
    size = required_number(row, "size", "volume")
    if row.get("size_in_quote") is True:
        size = size / price if price else 0.0  # refused: a volume is above 0
    portfolio = word(row, "retail_portfolio_id")
    liquidity = (word(row, "liquidity_indicator") or "").upper()
    fields = {
        "trade_id": identifier(entry or f"{product}-{trade}") if entry or trade else None,
        "account_id": owner.account_of(None if owner.account else portfolio),
        "execution_time": _moment(row, "trade_time"),
        "side": one_of(row, "side", "side", _SIDES),
        "price": price,
        "volume": size,
        "commission": required_number(row, "commission", "commission"),
        "order_id": word(row, "order_id"),
        "liquidity": _LIQUIDITY.get(liquidity),
    }
    return Draft(Fill, fields | _market(product))


def _moment(row: Mapping[str, Any], name: str) -> datetime:
    return moment(word(row, name), "execution_time", zone="UTC")


def _market(product: str) -> dict[str, str]:
    base, dash, quote = product.partition("-")
    if not dash or "-" in quote:
        raise UnreadableCellError(
            "symbol",
            f"must be a spot product like 'BTC-USD', was {product!r}; the size of a contract is "
            "not told: record it with its multiplier",
        )
    return {
        "symbol": f"{base}/{quote}",
        "currency": quote,
        "base_currency": base,
        "fee_currency": quote,
    }
