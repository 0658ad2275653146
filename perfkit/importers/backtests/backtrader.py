"""backtrader: what its Transactions analyzer kept, or its PyFolio analyzer made of it.

Both merge all executions of a bar and a data feed into one net line, so what was
bought and sold again within a bar is not there, and keep no commissions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnreadableCellError
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.frame_rows import clock_time, frame_rows, require_zone
from perfkit.importers.owners import owner_of_all
from perfkit.importers.row_cells import number, required, required_word
from perfkit.records import Fill, Side

if TYPE_CHECKING:
    from perfkit.importers.result import ImportResult

__all__ = ["read_backtrader"]

_COLUMNS = ("amount", "price", "sid", "symbol", "value")
Transactions = Mapping[Any, list[list[Any]]]


def read_backtrader(
    source: Transactions | pd.DataFrame,
    *,
    zone: str,
    account: str | None = None,
    strategy: str | None = None,
    commission: Callable[[float, float], float] | None = None,
) -> ImportResult:
    """Read the transactions of a backtrader run.

    Parameters
    ----------
    source : mapping or DataFrame
        ``analyzer.get_analysis()`` of ``bt.analyzers.Transactions``, with or without
        its header, or the third item of ``get_pf_items()`` of
        ``bt.analyzers.PyFolio``.
    zone : str
        IANA name of the zone of the data feeds. backtrader's times have none, and
        the PyFolio analyzer calls them UTC whatever they are; this replaces it.
    account, strategy : str
        Whose trades they are; backtrader does not say.
    commission : callable, optional
        ``commission(volume, price)`` of a fill in quote currency; the analyzers keep
        none, and without this they are 0.

    Returns
    -------
    ImportResult
        A line is the number of a transaction in the run.

    Raises
    ------
    ImportFormatError
        When the source is no such analysis.
    InvalidArgumentError
        When account or strategy is missing, or the zone is none.

    References
    ----------
    .. [1] backtrader 1.9, ``analyzers/transactions.py``, ``analyzers/pyfolio.py``:
       amounts are signed, ``value`` is ``-amount * price``.

    Examples
    --------
    >>> from datetime import datetime
    >>> analysis = {datetime(2024, 1, 8): [[10, 101.5, 0, "SPY", -1015.0]]}
    >>> result = read_backtrader(analysis, zone="America/New_York", account="A1", strategy="cross")
    >>> result.fills["execution_time"][0].as_py().isoformat()
    '2024-01-08T05:00:00+00:00'
    """
    constants = owner_of_all(account, strategy, "backtrader")
    require_zone(zone)
    table = frame_rows(_frame(source), ("date", *_COLUMNS), "a backtrader table of transactions")

    def draft(row: dict[str, Any]) -> list[Draft] | Skip:
        amount = required(number(row, "amount", "volume"), "volume", "amount")
        price = required(number(row, "price", "price"), "price", "price")
        if amount == 0:
            return Skip("not a trade: amount is 0")
        _check_value(row, amount, price)
        fields = {
            "execution_time": clock_time(row, "date", "execution_time", zone),
            "symbol": required_word(row, "symbol", "symbol"),
            "side": Side.SELL if amount < 0 else Side.BUY,
            "price": price,
            "volume": abs(amount),
            "commission": None if commission is None else float(commission(abs(amount), price)),
        }
        return [Draft(Fill, fields)]

    return read_drafts(table.name, table.rows, draft, constants)


def _frame(source: Transactions | pd.DataFrame) -> pd.DataFrame:
    """Bring both forms to one table with the feed's own times."""
    if isinstance(source, pd.DataFrame):
        if not isinstance(source.index, pd.DatetimeIndex):
            raise ImportFormatError(
                "frame: must have the times as its index; pass get_pf_items()[2] as it is"
            )
        return source.tz_localize(None).rename_axis("date").reset_index()
    if not isinstance(source, Mapping):
        raise InvalidArgumentError(
            f"source must be an analysis or a frame, was {type(source).__name__}; "
            "pass get_analysis() of the Transactions analyzer"
        )
    rows = [(date, *cells) for date, lines in source.items() if date != "date" for cells in lines]
    if any(len(row) != 1 + len(_COLUMNS) for row in rows):
        raise ImportFormatError(
            f"analysis: each transaction must be a list of {list(_COLUMNS)}; "
            "pass get_analysis() of the Transactions analyzer"
        )
    return pd.DataFrame(rows, columns=["date", *_COLUMNS])


def _check_value(row: dict[str, Any], amount: float, price: float) -> None:
    value = number(row, "value", "price")
    implied = -amount * price
    if value is not None and abs(value - implied) > 1e-6 * abs(implied):
        raise UnreadableCellError(
            "price",
            f"must give value = -amount * price = {implied}, value was {value}; "
            "correct the row at its source",
        )
