"""NautilusTrader: its report of fills, one row for each execution.

Numbers are text, and a commission is one text of amount and currency. The report
does not say what a contract is made of: contract sizes are given, and fills of
inverse contracts are not read from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from perfkit.errors import UnreadableCellError
from perfkit.importers.contract_sizes import ContractSizes, contract_size_of
from perfkit.importers.drafts import Draft, read_drafts
from perfkit.importers.frame_rows import clock_time, frame_rows
from perfkit.importers.owners import Owner
from perfkit.importers.row_cells import (
    from_epoch,
    number,
    one_of,
    required,
    required_word,
    word,
)
from perfkit.records import Fill, Liquidity, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from perfkit.importers.result import ImportResult

__all__ = ["read_nautilus"]

_COLUMNS = (
    "instrument_id",
    "trade_id",
    "order_side",
    "last_qty",
    "last_px",
    "currency",
    "commission",
    "liquidity_side",
    "ts_event",
)
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_LIQUIDITY = {"MAKER": Liquidity.MAKER, "TAKER": Liquidity.TAKER, "NO_LIQUIDITY_SIDE": ""}
_NS = 1e-9


def read_nautilus(
    source: str | Path | pd.DataFrame,
    *,
    account: str | None = None,
    strategy: str | None = None,
    contract_size: ContractSizes = 1.0,
) -> ImportResult:
    """Read NautilusTrader's report of fills.

    Parameters
    ----------
    source : DataFrame or path
        ``ReportProvider.generate_fills_report(orders)``, or
        ``trader.generate_fills_report()``, or a CSV file of it; not the report of
        filled orders, which has a row for each order.
    account, strategy : str, optional
        For rows whose ``account_id`` or ``strategy_id`` is empty.
    contract_size : float or mapping of str to float
        Units in one contract, for all or for each ``instrument_id``.

    Returns
    -------
    ImportResult
        The ``instrument_id`` is the symbol. A fill that NautilusTrader made up to
        agree with the venue's position has the reason ``reconciliation``. The trade
        id is made of instrument, side and the venue's trade: venues count their
        trades for each instrument, and both sides of a trade with oneself are one.

    Raises
    ------
    ImportFormatError
        When the source is no such report.
    InvalidArgumentError
        When an account, a strategy or a contract size that is needed is missing.

    References
    ----------
    .. [1] NautilusTrader, ``analysis/reporter.py``, ``OrderFilled.to_dict``: times
       are nanoseconds since 1970 or UTC, a commission below 0 is a rebate.

    Examples
    --------
    >>> report = pd.DataFrame({
    ...     "client_order_id": ["O-1"], "instrument_id": ["ETHUSDT.BINANCE"], "trade_id": ["7"],
    ...     "order_side": ["BUY"], "last_qty": ["0.5"], "last_px": ["2000.0"],
    ...     "currency": ["USDT"], "commission": ["0.00050000 ETH"], "liquidity_side": ["TAKER"],
    ...     "ts_event": [1700000000000000000], "account_id": ["BINANCE-1"],
    ...     "strategy_id": ["EMACross-000"],
    ... }).set_index("client_order_id")
    >>> fills = read_nautilus(report).fills
    >>> fills["fee_currency"].to_pylist(), fills["base_currency"].to_pylist()
    (['ETH'], ['ETH'])
    """
    if isinstance(source, pd.DataFrame) and len(source.columns):
        source = source.reset_index()
    owner = Owner(account, strategy, "nautilus")
    table = frame_rows(source, _COLUMNS, "a report of fills")

    def draft(row: dict[str, Any]) -> list[Draft]:
        fields = {
            "account_id": owner.account_of(word(row, "account_id")),
            "strategy_id": owner.strategy_of(word(row, "strategy_id")),
            **_fill(row, contract_size),
        }
        return [Draft(Fill, fields)]

    return read_drafts(table.name, table.rows, draft, {"source": "nautilus"}, table.refused)


def _fill(row: dict[str, Any], sizes: ContractSizes) -> dict[str, Any]:
    symbol = required_word(row, "instrument_id", "symbol")
    quote = required_word(row, "currency", "currency")
    fee, fee_currency = _money(row)
    trade_id = required_word(row, "trade_id", "trade_id")
    side = one_of(row, "order_side", "side", _SIDES)
    return {
        "trade_id": identifier(f"{symbol}-{side}-{trade_id}"),
        "execution_time": _time(row),
        "symbol": symbol,
        "side": side,
        "price": required(number(row, "last_px", "price"), "price", "last_px"),
        "volume": required(number(row, "last_qty", "volume"), "volume", "last_qty"),
        "commission": fee,
        "order_id": word(row, "venue_order_id", "client_order_id"),
        "fee_currency": fee_currency,
        "currency": quote,
        "base_currency": fee_currency if _is_base(fee_currency, quote, symbol) else None,
        "multiplier": contract_size_of(symbol, sizes),
        "liquidity": one_of(row, "liquidity_side", "liquidity", _LIQUIDITY) or None,
        "reason": "reconciliation" if word(row, "reconciliation") == "True" else None,
    }


def _money(row: dict[str, Any]) -> tuple[float | None, str | None]:
    text = word(row, "commission")
    if text is None or text == "None":
        return None, None
    amount, _, currency = text.partition(" ")
    if not currency:
        raise UnreadableCellError(
            "commission", f"must be an amount and a currency, was {text!r}; export it again"
        )
    return number({"commission": amount.replace("_", "")}, "commission", "commission"), currency


def _is_base(currency: str | None, quote: str, symbol: str) -> bool:
    """Tell whether a fee was paid in what was bought: its name and the quote's are the symbol."""
    ticker = symbol.rpartition(".")[0].replace("/", "").replace("-", "")
    return currency is not None and ticker == currency + quote


def _time(row: dict[str, Any]) -> datetime:
    value = row["ts_event"]
    if isinstance(value, int) or (isinstance(value, str) and value.strip().isdigit()):
        # whole microseconds first: a float can't hold nanoseconds of today
        return from_epoch(int(value) // 1000, "execution_time", 1000 * _NS)
    return clock_time(row, "ts_event", "execution_time")
