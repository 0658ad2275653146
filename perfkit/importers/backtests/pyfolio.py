"""Backtests of other libraries: the transactions that pyfolio and its kin write."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.admission import Candidates, Reading, admit, require_identifier
from perfkit.importers.cells import (
    Cells,
    NumberStyle,
    TimeStyle,
    read_numbers,
    read_text,
    read_times,
)
from perfkit.importers.result import ImportResult, SkippedRow
from perfkit.importers.source_rows import SourceRows, read_rows
from perfkit.records import Side
from perfkit.records.checks import rows_where

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_pyfolio"]

_COLUMNS = ("amount", "commission", "order_id", "price", "sid", "symbol", "txn_dollars", "value")
_EMPTY = ("",)
Costs = Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], npt.NDArray[np.float64]]


def read_pyfolio(
    source: str | Path | pd.DataFrame,
    *,
    account: str | None = None,
    strategy: str | None = None,
    commission: Costs | None = None,
) -> ImportResult:
    """Read pyfolio's table of transactions, as zipline and backtrader write it too.

    Parameters
    ----------
    source : path or DataFrame
        Index: time with its zone; columns ``amount`` (signed units),
        ``price`` and ``symbol``, and ``txn_dollars`` if it is there. As CSV
        (also ``.gz``) the index is a column of another name.
    account, strategy : str
        Whose trades they are; the table does not say.
    commission : callable, optional
        ``commission(volume, price)`` of each row in quote currency, as the
        costs of `perfkit.execution` are: pyfolio keeps no fees, and without
        this they are 0.

    Returns
    -------
    ImportResult
        Rows of amount 0 are skipped. Rows of one time keep their order; the
        index is often cut to the day and has no other.

    Raises
    ------
    ImportFormatError
        When columns are missing or times have no zone.
    InvalidArgumentError
        When account or strategy is missing.

    References
    ----------
    .. [1] Quantopian, pyfolio ``pos.py``, ``txn.py``: a negative amount is a
       sale, ``txn_dollars`` is ``-amount * price``.

    Examples
    --------
    >>> transactions = pd.DataFrame(
    ...     {"amount": [448, 0], "price": [15.54, 30.2], "symbol": ["AMD", "COST"]},
    ...     index=pd.DatetimeIndex(["2004-01-09", "2004-01-09"], tz="UTC"),
    ... )
    >>> result = read_pyfolio(transactions, account="A1", strategy="golden")
    >>> result.fills.num_rows, result.skipped
    (1, (SkippedRow(line=2, reason='not a trade: amount is 0'),))
    """
    if account is None or strategy is None:
        raise InvalidArgumentError(
            f"account and strategy must be given, were {account!r} and {strategy!r}; "
            "a table of transactions does not name them"
        )
    require_identifier("account", account)
    require_identifier("strategy", strategy)
    rows = read_rows(_with_index(source))
    amount = _numbers(rows, "amount")
    empty = pc.fill_null(pc.equal(amount.values, 0.0), False).to_numpy(zero_copy_only=False)
    trades = np.flatnonzero(~empty)
    part = SourceRows(name=rows.name, table=rows.table.take(trades), lines=rows.lines[trades])
    candidates = _candidates(part)
    candidates.fill_in("account_id", account)
    candidates.fill_in("strategy_id", strategy)
    candidates.fill_in("source", "pyfolio")
    if commission is not None:
        volume, price = (
            candidates.fields[n].to_numpy(zero_copy_only=False) for n in ("volume", "price")
        )
        candidates.fields["commission"] = pa.array(commission(volume, price), type=pa.float64())
    skipped = [
        SkippedRow(line=int(line), reason="not a trade: amount is 0") for line in rows.lines[empty]
    ]
    reading = Reading(source=rows.name, read=rows.read, skipped=skipped, refused=rows.refused)
    return admit(reading, candidates)


def _with_index(source: str | Path | pd.DataFrame) -> str | Path | pd.DataFrame:
    """Make the index a column, as it is in a file."""
    if not isinstance(source, pd.DataFrame):
        return source
    frame = source.reset_index(names="time")
    if "symbol" in frame:
        # zipline's symbols are asset objects
        frame["symbol"] = frame["symbol"].map(str, na_action="ignore")
    return frame


def _candidates(rows: SourceRows) -> Candidates:
    amount, price = _numbers(rows, "amount"), _numbers(rows, "price")
    candidates = Candidates(lines=rows.lines)
    index = next((name for name in rows.table.column_names if name not in _COLUMNS), None)
    if index is None:
        raise ImportFormatError(
            f"{rows.name}: must have the times as its index, had only "
            f"{rows.table.column_names}; save the frame with its index"
        )
    times = rows.column(index, "execution_time")
    candidates.put("execution_time", read_times(times, TimeStyle(), _EMPTY, f"{rows.name}: index"))
    symbol = rows.column("symbol", "symbol")
    candidates.put("symbol", Cells(read_text(symbol, _EMPTY, f"{rows.name}: column 'symbol'"), {}))
    candidates.put("price", price)
    candidates.put("volume", Cells(pc.abs(amount.values), amount.unreadable))
    side = pc.if_else(pc.less(amount.values, 0.0), Side.SELL.value, Side.BUY.value)
    candidates.fields["side"] = side
    if "txn_dollars" in rows.table.column_names:
        _check_dollars(candidates, _numbers(rows, "txn_dollars"), amount, price)
    return candidates


def _numbers(rows: SourceRows, name: str) -> Cells:
    column = rows.column(name, "pyfolio transactions")
    return read_numbers(column, NumberStyle(), _EMPTY, f"{rows.name}: column {name!r}")


def _check_dollars(candidates: Candidates, dollars: Cells, amount: Cells, price: Cells) -> None:
    """Refuse rows whose money contradicts amount and price: a sign or a column is mixed up."""
    implied = pc.negate(pc.multiply(amount.values, price.values))
    tolerance = pc.multiply(pc.abs(implied), 1e-6)
    differs = pc.greater(pc.abs(pc.subtract(dollars.values, implied)), tolerance)
    for row in rows_where(pc.fill_null(differs, False)):
        candidates.refuse(
            row,
            "price",
            f"txn_dollars must be -amount * price = {implied[row]}, was {dollars.values[row]}; "
            "correct the row at its source",
        )
