"""Binance: spot trades and account statements as CSV, and the answers of its API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.crypto.binance_api import read_api_trades
from perfkit.importers.crypto.binance_pairs import binance_pair
from perfkit.importers.crypto.binance_statement import STATEMENT_COLUMNS, read_statement
from perfkit.importers.crypto.binance_times import binance_time
from perfkit.importers.drafts import Draft, read_drafts
from perfkit.importers.json_rows import is_json
from perfkit.importers.owners import Owner, owner_of_all
from perfkit.importers.row_cells import one_of, required_number, word
from perfkit.importers.row_order import oldest_first
from perfkit.importers.source_rows import read_rows
from perfkit.records import Fill, Side

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from perfkit.importers.json_rows import JsonSource
    from perfkit.importers.result import ImportResult

__all__ = ["read_binance"]

_TIME = "Date(UTC)"
_WITH_UNITS = (_TIME, "Pair", "Side", "Price", "Executed", "Amount", "Fee")
_OLDER = (_TIME, "Market", "Type", "Price", "Amount", "Total", "Fee", "Fee Coin")
_SIDES = {"BUY": Side.BUY.value, "SELL": Side.SELL.value}
_NUMBER_AND_UNIT = re.compile(r"([\d.,]*)([A-Za-z]\w*)?")


def read_binance(
    source: JsonSource | pd.DataFrame, *, account: str | None = None, strategy: str | None = None
) -> ImportResult:
    """Read trades of Binance in any of the shapes in which it hands them out.

    Parameters
    ----------
    source : path, DataFrame or list of dict
        As CSV or frame, known by its header: the trade history with units in the cells
        (``Executed`` is ``500DOGE``), the older one (``Market``, ``Fee Coin``), or the
        account statement with three and more rows a trade (``Operation``, ``Change``).
        As ``.json`` or list: the API's ``myTrades`` or ``userTrades``.
    account : str
        Whose trades they are; rows of a statement say it themselves in ``User_ID``.
    strategy : str
        Whose they are for the desk; Binance does not say.

    Returns
    -------
    ImportResult
        Spot markets are ``BASE/QUOTE``, contracts ``BASE/QUOTE:SETTLE`` as in ccxt. Fees
        keep their currency, often BNB. CSV files have no ids: they are derived. The two
        legs of a position in hedge mode are one book.

        In a statement the trade rows of one second and wallet are one trade at its
        average price: the first row becomes the fill, the others are skipped as parts of
        it. What is paid in and out, interest, rebates and funding are cash records.

    Raises
    ------
    ImportFormatError
        When the source has none of these shapes.
    InvalidArgumentError
        When account or strategy is missing.

    References
    ----------
    .. [1] Binance, "Account Trade List" (``/api/v3/myTrades``, ``/fapi/v1/userTrades``,
       ``/dapi/v1/userTrades``); the CSV files are not documented.

    Examples
    --------
    >>> import pandas as pd
    >>> row = ["2021-06-05 16:36:56", "DOGEEUR", "BUY", "0.31031", "500DOGE", "155.155EUR",
    ...        "0.5DOGE"]
    >>> names = ["Date(UTC)", "Pair", "Side", "Price", "Executed", "Amount", "Fee"]
    >>> frame = pd.DataFrame([row], columns=names)
    >>> fills = read_binance(frame, account="A1", strategy="dip").fills
    >>> fills["symbol"][0].as_py(), fills["volume"][0].as_py(), fills["fee_currency"][0].as_py()
    ('DOGE/EUR', 500.0, 'DOGE')
    """
    if is_json(source):
        return read_api_trades(source, owner_of_all(account, strategy, "binance"))
    rows = read_rows(cast("str | Path | pd.DataFrame", source))
    names = set(rows.table.column_names)
    if names.issuperset(STATEMENT_COLUMNS):
        return read_statement(rows, Owner(account, strategy, "binance"))
    shapes = {_WITH_UNITS: _with_units, _OLDER: _older}
    draft = next((shapes[columns] for columns in shapes if names.issuperset(columns)), None)
    if draft is None:
        raise ImportFormatError(
            f"{rows.name}: must have the columns {_WITH_UNITS}, {_OLDER} or {STATEMENT_COLUMNS}, "
            f"the header has {rows.table.column_names}; export the trade history of the spot market"
        )
    constants = owner_of_all(account, strategy, "binance")
    listed = list(zip(rows.lines.tolist(), rows.table.to_pylist(), strict=True))
    return read_drafts(rows.name, oldest_first(listed, _moment), draft, constants, rows.refused)


def _moment(row: Mapping[str, Any]) -> datetime:
    return binance_time(word(row, _TIME))


def _with_units(row: Mapping[str, Any]) -> list[Draft]:
    base, quote, volume = _executed(row)
    text = (word(row, "Fee") or "").upper()
    unit = next((u for u in (base, quote) if text.endswith(u)), None)
    if unit is None:
        parts = _NUMBER_AND_UNIT.fullmatch(text)
        unit = None if parts is None else parts.group(2)
    fee = {"Fee": text.removesuffix(unit or "")}
    fields = {
        "execution_time": _moment(row),
        "symbol": f"{base}/{quote}",
        "side": one_of(row, "Side", "side", _SIDES),
        "price": required_number(row, "Price", "price"),
        "volume": volume,
        "commission": required_number(fee, "Fee", "commission"),
        "fee_currency": unit,
        "currency": quote,
        "base_currency": base,
    }
    return [Draft(Fill, fields)]


def _executed(row: Mapping[str, Any]) -> tuple[str, str, float]:
    """Read the two currencies and the volume: the pair's parts are the units of two cells.

    A coin's name may begin with digits (``1INCH``), so that a cell alone does not say
    where its number ends.
    """
    pair, executed, amount = (
        (word(row, name) or "").upper() for name in ("Pair", "Executed", "Amount")
    )
    for cut in range(1, len(pair)):
        base, quote = pair[:cut], pair[cut:]
        if executed.endswith(base) and amount.endswith(quote):
            cell = {"Executed": executed.removesuffix(base)}
            return base, quote, required_number(cell, "Executed", "volume")
    raise UnreadableCellError(
        "volume",
        f"must be a number with the pair's base as its unit, and Amount one with its quote, were "
        f"{executed!r} and {amount!r} for the pair {pair!r}; export the file again",
    )


def _older(row: Mapping[str, Any]) -> list[Draft]:
    base, quote = binance_pair(word(row, "Market"))
    fields = {
        "execution_time": _moment(row),
        "symbol": f"{base}/{quote}",
        "side": one_of(row, "Type", "side", _SIDES),
        "price": required_number(row, "Price", "price"),
        "volume": required_number(row, "Amount", "volume"),
        "commission": required_number(row, "Fee", "commission"),
        "fee_currency": word(row, "Fee Coin"),
        "currency": quote,
        "base_currency": base,
    }
    return [Draft(Fill, fields)]
