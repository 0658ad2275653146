"""vectorbt: the orders of a portfolio, as its readable table or as raw records.

An order of vectorbt is filled at once, so each is a fill. Its number counts the
orders of one run, and is no id for an account's history: ids are derived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.drafts import Draft, read_drafts
from perfkit.importers.frame_rows import clock_time, frame_rows, require_zone
from perfkit.importers.owners import owner_of_all
from perfkit.importers.row_cells import number, one_of, required, required_word, word
from perfkit.records import Fill, Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.importers.result import ImportResult

__all__ = ["read_vectorbt"]

_READABLE = ("Order Id", "Column", "Timestamp", "Size", "Price", "Fees", "Side")
_RAW = ("id", "col", "idx", "size", "price", "fees", "side")
_SIDES = {"Buy": Side.BUY, "Sell": Side.SELL, "0": Side.BUY, "1": Side.SELL}


def read_vectorbt(
    source: str | Path | pd.DataFrame,
    *,
    account: str | None = None,
    strategy: str | None = None,
    zone: str | None = None,
    index: pd.DatetimeIndex | None = None,
    symbols: Sequence[str] | None = None,
) -> ImportResult:
    """Read the orders of a vectorbt portfolio.

    Parameters
    ----------
    source : DataFrame or path
        ``portfolio.orders.records_readable`` (or a CSV file of it), or
        ``portfolio.orders.records``.
    account, strategy : str
        Whose trades they are; the library does not say.
    zone : str, optional
        IANA name of the zone of the prices' index, where that has none.
    index, symbols : DatetimeIndex and sequence of str, optional
        For raw records: the index and the columns of the prices,
        ``portfolio.wrapper.index`` and ``portfolio.wrapper.columns``.

    Returns
    -------
    ImportResult
        One fill an order; the column is the symbol.

    Raises
    ------
    ImportFormatError
        When the source is no such table.
    InvalidArgumentError
        When account, strategy, or a zone that is needed is missing, or index and
        symbols of raw records are.

    References
    ----------
    .. [1] vectorbt, ``portfolio/enums.py``: ``order_dt``; side 0 buys, 1 sells.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "Order Id": [0], "Column": ["SPY"], "Timestamp": [pd.Timestamp("2024-01-02")],
    ...     "Size": [2.0], "Price": [470.0], "Fees": [0.94], "Side": ["Buy"],
    ... })
    >>> result = read_vectorbt(orders, account="A1", strategy="cross", zone="America/New_York")
    >>> result.fills["commission"].to_pylist()
    [0.94]
    """
    constants = owner_of_all(account, strategy, "vectorbt")
    require_zone(zone)
    if isinstance(source, pd.DataFrame) and set(_RAW) <= {str(c) for c in source.columns}:
        source = _readable(source, index, symbols)
    table = frame_rows(source, _READABLE, "a vectorbt table of orders")

    def draft(row: dict[str, Any]) -> list[Draft]:
        return [Draft(Fill, _fill(row, zone))]

    return read_drafts(table.name, table.rows, draft, constants, table.refused)


def _readable(
    records: pd.DataFrame, index: pd.DatetimeIndex | None, symbols: Sequence[str] | None
) -> pd.DataFrame:
    if index is None or symbols is None:
        raise InvalidArgumentError(
            "index and symbols must be given for raw records, which only count rows and columns; "
            "pass portfolio.wrapper.index and portfolio.wrapper.columns, or read "
            "portfolio.orders.records_readable"
        )
    for name, length in (("idx", len(index)), ("col", len(symbols))):
        places = records[name]
        is_whole = pd.api.types.is_integer_dtype(places) or not len(places)
        outside = places[(places < 0) | (places >= length)] if is_whole else places
        if len(outside):
            raise ImportFormatError(
                f"frame: {name!r} must be a whole number, 0 to {length - 1}, was "
                f"{outside.iloc[0]!r}; give the index and the columns of the prices that were "
                "backtested"
            )
    named = dict(zip(_RAW, _READABLE, strict=True))
    readable = records[list(_RAW)].rename(columns=named)
    readable["Timestamp"] = index[records["idx"].to_numpy()]
    readable["Column"] = [symbols[place] for place in records["col"]]
    return readable


def _fill(row: dict[str, Any], zone: str | None) -> dict[str, Any]:
    column = row["Column"]
    # columns of several levels are tuples
    symbol = "-".join(map(str, column)) if isinstance(column, tuple) else None
    return {
        "execution_time": clock_time(row, "Timestamp", "execution_time", zone),
        "symbol": symbol or required_word(row, "Column", "symbol"),
        "side": one_of(row, "Side", "side", _SIDES),
        "price": required(number(row, "Price", "price"), "price", "Price"),
        "volume": required(number(row, "Size", "volume"), "volume", "Size"),
        "commission": number(row, "Fees", "commission"),
        "order_id": word(row, "Order Id"),
    }
