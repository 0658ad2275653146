"""TradingView: the list of trades of its strategy tester.

Entry and exit of a trade stand on two rows. The file names neither the symbol nor the
zone of its times; commission is what the trade's own P&L lacks of its prices'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnreadableCellError
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.frame_rows import FrameRows, clock_time, frame_rows, require_zone
from perfkit.importers.owners import owner_of_all
from perfkit.importers.row_cells import number, required, required_word, word
from perfkit.records import Fill, Side

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from perfkit.importers.result import ImportResult

__all__ = ["read_tradingview"]

_TIMES = ("Date/Time", "Date and time")
_QUANTITIES = ("Contracts", "Position size (qty)", "Quantity", "Size (qty)")
_PROFITS = ("Profit", "Net P&L")
_LAYOUTS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z")
_CENT = 0.01
_REASON = 64  # characters of a reason that a fill keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    time: str
    price: str
    quantity: str
    profit: str
    currency: str | None


def read_tradingview(
    source: str | Path | pd.DataFrame,
    *,
    symbol: str,
    zone: str,
    account: str | None = None,
    strategy: str | None = None,
    contract_size: float = 1.0,
) -> ImportResult:
    """Read the list of trades of a TradingView strategy.

    Parameters
    ----------
    source : path or DataFrame
        The CSV file, exported with the platform in English.
    symbol : str
        What the strategy traded; the file does not say.
    zone : str
        IANA name of the chart's zone; the file does not say.
    account, strategy : str
        Whose trades they are; the file does not say.
    contract_size : float
        Value of one point of one contract: 1 of a share or coin, 50 of the E-mini.

    Returns
    -------
    ImportResult
        A fill a row. Half of a trade's commission goes to its entry, half to its
        exit. The exit row of a trade that is still open is skipped; what its entry
        cost is not known yet, and 0. ``reason`` is the signal of an exit.

    Raises
    ------
    ImportFormatError
        When the header is of another kind or language, or a trade's P&L is above
        that of its prices, so that the contract size is wrong.
    InvalidArgumentError
        When account or strategy is missing, or the zone is none.

    Examples
    --------
    >>> import pandas as pd
    >>> trades = pd.DataFrame({
    ...     "Trade #": ["1", "1"], "Type": ["Exit long", "Entry long"], "Signal": ["TP", "L"],
    ...     "Date/Time": ["2024-03-15 14:45", "2024-03-15 14:31"],
    ...     "Price USDT": ["110", "100"], "Contracts": ["2", "2"], "Profit USDT": ["19.58", ""],
    ... })
    >>> fills = read_tradingview(
    ...     trades, symbol="ETHUSDT", zone="UTC", account="A1", strategy="pine"
    ... ).fills
    >>> fills["side"].to_pylist(), [round(c, 9) for c in fills["commission"].to_pylist()]
    (['buy', 'sell'], [0.21, 0.21])
    """
    constants = owner_of_all(account, strategy, "tradingview")
    require_zone(zone)
    if not contract_size > 0:
        raise InvalidArgumentError(f"contract_size must be > 0, was {contract_size}")
    table = frame_rows(source, (), "a list of trades")
    header = _header(table)
    commissions = _commissions(table, header, contract_size)

    def draft(row: dict[str, Any]) -> list[Draft] | Skip:
        is_entry, is_long = _kind(row)
        if not is_entry and _is_open(row, header):
            return Skip("the exit of a trade that is still open")
        quantity = required(number(row, header.quantity, "volume"), "volume", header.quantity)
        fields = {
            "symbol": symbol,
            "execution_time": clock_time(row, header.time, "execution_time", zone, _LAYOUTS),
            "side": Side.BUY if is_entry == is_long else Side.SELL,
            "price": required(number(row, header.price, "price"), "price", header.price),
            "volume": abs(quantity),
            "commission": commissions.get(required_word(row, "Trade #", "trade"), 0.0) / 2,
            "currency": header.currency,
            "multiplier": contract_size,
            "reason": None if is_entry else (word(row, "Signal") or "")[:_REASON] or None,
        }
        return [Draft(Fill, fields)]

    rows = sorted(table.rows, key=lambda line_and_row: _place(line_and_row[1]))
    return read_drafts(table.name, rows, draft, constants, table.refused)


def _header(table: FrameRows) -> _Header:
    names = list(table.rows[0][1]) if table.rows else []
    price = next((n for n in names if n.split(" ")[0] == "Price"), None)
    time = next((n for n in names if n in _TIMES), None)
    quantity = next((n for n in names if n in _QUANTITIES), None)
    profit = next((n for n in names if n.rstrip().startswith(_PROFITS) and "%" not in n), None)
    fixed = {"Trade #", "Type", "Signal"} - set(names)
    if fixed or price is None or time is None or quantity is None or profit is None:
        raise ImportFormatError(
            f"{table.name}: must have TradingView's English columns 'Trade #', 'Type', 'Signal', "
            f"'Date/Time', 'Price ...', 'Contracts', 'Profit ...', and a row; had {names}; set the "
            "platform to English and export again, or read it with read_table and a column map"
        )
    currency, paid_in = (n.rpartition(" ")[2] if " " in n else None for n in (price, profit))
    if currency is not None and profit not in _PROFITS and currency != paid_in:
        raise ImportFormatError(
            f"{table.name}: prices and P&L must be in one currency, were {price!r} and {profit!r}; "
            "set the strategy's currency to that of the symbol and export again"
        )
    return _Header(time=time, price=price, quantity=quantity, profit=profit, currency=currency)


def _commissions(table: FrameRows, header: _Header, size: float) -> dict[str, float]:
    """Say what each closed trade cost: the P&L of its prices less its own."""
    trades: dict[str, dict[bool, dict[str, Any]]] = {}
    for _, row in table.rows:
        try:
            is_entry, _ = _kind(row)
        except UnreadableCellError:
            continue  # refused later
        trades.setdefault(word(row, "Trade #") or "", {})[is_entry] = row
    found = {}
    for trade, legs in trades.items():
        if len(legs) == 2 and not _is_open(legs[False], header):
            cost = _cost(legs[True], legs[False], header, size)
            if cost is not None and cost < -_CENT:
                raise ImportFormatError(
                    f"{table.name}: the P&L of trade {trade} must be at most that of its prices, "
                    f"was {-cost:.2f} above it; give contract_size, the value of one point"
                )
            found[trade] = 0.0 if cost is None else max(cost, 0.0)
    return found


def _cost(
    entry: dict[str, Any], leave: dict[str, Any], header: _Header, size: float
) -> float | None:
    try:
        bought = number(entry, header.price, "price")
        sold = number(leave, header.price, "price")
        quantity = number(leave, header.quantity, "volume")
    except UnreadableCellError:
        return None  # refused later
    net = _bracketed(leave, header.profit)
    if bought is None or sold is None or quantity is None or net is None:
        return None
    direction = 1.0 if _kind(entry)[1] else -1.0
    return direction * (sold - bought) * abs(quantity) * size - net


def _bracketed(row: dict[str, Any], name: str) -> float | None:
    text = word(row, name)
    if text is not None:
        text = text.replace("\u2212", "-")
        text = f"-{text[1:-1]}" if text.startswith("(") and text.endswith(")") else text
    return number({name: text}, name, "commission")


def _kind(row: dict[str, Any]) -> tuple[bool, bool]:
    text = (word(row, "Type") or "").casefold()
    leg, _, direction = text.partition(" ")
    if leg not in ("entry", "exit") or direction not in ("long", "short"):
        raise UnreadableCellError(
            "side",
            f"must be 'Entry long', 'Exit long', 'Entry short' or 'Exit short', was {text!r}; set "
            "the platform to English and export again",
        )
    return leg == "entry", direction == "long"


def _is_open(row: dict[str, Any], header: _Header) -> bool:
    return word(row, header.time) is None or word(row, "Signal") == "Open"


def _place(row: dict[str, Any]) -> tuple[float, bool]:
    """Put trades in order of their number, and each entry before its exit."""
    text = word(row, "Trade #") or ""
    is_exit = (word(row, "Type") or "").casefold().startswith("exit")
    return (float(text) if text.isdigit() else float("inf"), is_exit)
