"""zipline: the transactions of a run, with the commissions of its orders.

A transaction's own commission is always empty; what was paid stands on its order,
and is divided among the order's fills by quantity.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.frame_rows import clock_time
from perfkit.importers.owners import owner_of_all
from perfkit.importers.row_cells import number, required, word
from perfkit.records import Fill, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.importers.result import ImportResult

__all__ = ["read_zipline"]

Source: TypeAlias = "str | Path | pd.DataFrame | list[dict[str, Any]]"


def read_zipline(
    source: Source,
    *,
    account: str | None = None,
    strategy: str | None = None,
) -> ImportResult:
    """Read the transactions of a zipline run.

    Parameters
    ----------
    source : DataFrame or list of dict
        What ``run_algorithm`` returned: a row a day, with the column
        ``transactions`` (a list of dicts a day) and ``orders`` where there is one.
        Or the transactions alone; their commissions are then not known and 0.
    account, strategy : str
        Whose trades they are; zipline does not say.

    Returns
    -------
    ImportResult
        A line is the number of a transaction in the run. An order's commission is
        divided among its fills in proportion to their quantity.

    Raises
    ------
    ImportFormatError
        When the source is no such frame. The pickle that zipline writes is not
        read: unpickling runs code.
    InvalidArgumentError
        When account or strategy is missing.

    References
    ----------
    .. [1] zipline-reloaded, ``finance/transaction.py``, ``finance/order.py``:
       amounts are signed whole units, times are UTC, an order's ``commission`` is
       what it cost so far.

    Examples
    --------
    >>> at = pd.Timestamp("2024-01-02 21:00", tz="UTC")
    >>> fill = {"amount": -10, "dt": at, "price": 5.0, "order_id": "o1", "sid": "SPY"}
    >>> order = {"id": "o1", "filled": -10, "commission": 1.5}
    >>> perf = pd.DataFrame({"transactions": [[fill]], "orders": [[order]]}, index=[at])
    >>> fills = read_zipline(perf, account="A1", strategy="momentum").fills
    >>> fills["side"].to_pylist(), fills["commission"].to_pylist()
    (['sell'], [1.5])
    """
    constants = owner_of_all(account, strategy, "zipline")
    transactions, orders = _taken_apart(source)

    def draft(row: dict[str, Any]) -> list[Draft] | Skip:
        amount = required(number(row, "amount", "volume"), "volume", "amount")
        if amount == 0:
            return Skip("not a trade: amount is 0")
        return [Draft(Fill, _fill(row, amount, orders))]

    return read_drafts("frame", enumerate(transactions, 1), draft, constants)


def _taken_apart(
    source: Source,
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]] | None]:
    """Give all transactions, and the last state of each order."""
    if isinstance(source, (str, Path)):
        raise ImportFormatError(
            f"{source}: must be given as a frame; the file of a zipline run is a pickle, which "
            "is code: if you trust it, pass pandas.read_pickle(path)"
        )
    if not isinstance(source, pd.DataFrame):
        return _dicts(source, "transactions"), None
    if "transactions" not in source:
        raise ImportFormatError(
            "frame: must be what run_algorithm returned, with a column 'transactions'; "
            f"the columns are {list(source.columns)}"
        )
    transactions = [t for day in source["transactions"] for t in _dicts(day, "transactions")]
    if "orders" not in source:
        return transactions, None
    orders = [order for day in source["orders"] for order in _dicts(day, "orders")]
    # an order is there again on each day on which it changed
    return transactions, {str(order.get("id")): order for order in orders}


def _dicts(rows: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
        raise ImportFormatError(
            f"frame: {what} must be a list of dicts a day, had {rows!r}; "
            "pass the frame as run_algorithm returned it"
        )
    return list(rows)


def _fill(
    row: dict[str, Any], amount: float, orders: Mapping[str, dict[str, Any]] | None
) -> dict[str, Any]:
    asset = row.get("sid")
    symbol = word({"sid": getattr(asset, "symbol", asset)}, "sid")
    if symbol is None:
        raise UnreadableCellError("symbol", "must follow from 'sid', which was empty")
    return {
        "execution_time": clock_time(row, "dt", "execution_time"),
        "symbol": symbol,
        "side": Side.SELL if amount < 0 else Side.BUY,
        "price": required(number(row, "price", "price"), "price", "price"),
        "volume": abs(amount),
        "commission": _commission(row, amount, orders),
        "order_id": word(row, "order_id"),
        "multiplier": float(getattr(asset, "price_multiplier", 1.0)),
    }


def _commission(
    row: dict[str, Any], amount: float, orders: Mapping[str, dict[str, Any]] | None
) -> float | None:
    own = number(row, "commission", "commission")
    if own is not None or orders is None:
        return own
    order = orders.get(str(row.get("order_id")))
    filled = None if order is None else number(order, "filled", "commission")
    if order is None or not filled:
        raise UnreadableCellError(
            "commission",
            f"must follow from order {row.get('order_id')!r}, which is not among the filled "
            "orders; pass the frame of the whole run",
        )
    return (number(order, "commission", "commission") or 0.0) * abs(amount / filled)
