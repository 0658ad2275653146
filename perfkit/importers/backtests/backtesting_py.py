"""backtesting.py: the trades of a run, each a round trip in one row.

A row gives two fills. The library knows one instrument and does not name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.errors import InvalidArgumentError, UnreadableCellError
from perfkit.importers.admission import require_identifier
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.frame_rows import clock_time, frame_rows, require_zone
from perfkit.importers.owners import strategy_of
from perfkit.importers.row_cells import number, required, word
from perfkit.records import Fill, Side

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from perfkit.importers.result import ImportResult

__all__ = ["read_backtesting"]

_COLUMNS = ("Size", "EntryPrice", "ExitPrice", "EntryTime", "ExitTime")


def read_backtesting(
    source: str | Path | pd.DataFrame,
    *,
    symbol: str | None = None,
    account: str | None = None,
    strategy: str | None = None,
    zone: str | None = None,
) -> ImportResult:
    """Read the trades of a backtesting.py run.

    Parameters
    ----------
    source : DataFrame or path
        ``stats["_trades"]``, or a CSV file of it.
    symbol : str
        What was traded; the library does not say.
    account : str
        Whose trades they are; the library does not say.
    strategy : str, optional
        The strategy; without it each trade's ``Tag`` is.
    zone : str, optional
        IANA name of the zone of the prices' index, where that has none.

    Returns
    -------
    ImportResult
        Two fills a row: entry and exit. ``Commission`` is that of the round trip,
        half of it goes to each fill. ``SL`` is the stop at the end of the trade; it
        becomes ``stop_price`` where it lies on the losing side of the entry, because
        one on the other side was moved there later and is not what was risked.

    Raises
    ------
    ImportFormatError
        When the source is no such table.
    InvalidArgumentError
        When symbol or account is missing, or a zone or strategy that is needed.

    References
    ----------
    .. [1] backtesting.py 0.6, ``_stats.compute_stats``: negative sizes are short,
       ``Commission`` is of both sides; trades that are still open at the end are in
       the table only with ``Backtest(finalize_trades=True)``.

    Examples
    --------
    >>> import pandas as pd
    >>> trades = pd.DataFrame({
    ...     "Size": [-10], "EntryPrice": [177.99], "ExitPrice": [187.45], "Commission": [7.31],
    ...     "EntryTime": [pd.Timestamp("2004-12-15")], "ExitTime": [pd.Timestamp("2004-12-23")],
    ... })
    >>> result = read_backtesting(
    ...     trades, symbol="GOOG", account="A1", strategy="cross", zone="America/New_York"
    ... )
    >>> result.fills["side"].to_pylist(), result.fills["commission"].to_pylist()
    (['sell', 'buy'], [3.655, 3.655])
    """
    if symbol is None or account is None:
        raise InvalidArgumentError(
            f"symbol and account must be given, were {symbol!r} and {account!r}; "
            "backtesting.py does not name them"
        )
    require_identifier("account", account)
    require_zone(zone)
    table = frame_rows(source, _COLUMNS, "a backtesting.py table of trades")

    def draft(row: dict[str, Any]) -> list[Draft] | Skip:
        tag = word(row, "Tag") if strategy is None else None
        owner = strategy_of(tag, strategy, "backtesting.py")
        legs = (_leg(row, "Entry", zone), _leg(row, "Exit", zone))
        return [Draft(Fill, {"strategy_id": owner, "symbol": symbol, **leg}) for leg in legs]

    constants = {"account_id": account, "source": "backtesting.py"}
    return read_drafts(table.name, table.rows, draft, constants, table.refused)


def _leg(row: dict[str, Any], leg: str, zone: str | None) -> dict[str, Any]:
    size = required(number(row, "Size", "volume"), "volume", "Size")
    if size == 0:
        raise UnreadableCellError("volume", "must follow from 'Size', which was 0; export it again")
    price = required(number(row, f"{leg}Price", "price"), "price", f"{leg}Price")
    is_entry = leg == "Entry"
    stop = number(row, "SL", "stop_price") if is_entry else None
    if stop is not None and (stop - price) * size >= 0:
        stop = None
    return {
        "execution_time": clock_time(row, f"{leg}Time", "execution_time", zone),
        "side": Side.BUY if (size > 0) == is_entry else Side.SELL,
        "price": price,
        "volume": abs(size),
        "commission": (number(row, "Commission", "commission") or 0.0) / 2,
        "stop_price": stop,
    }
