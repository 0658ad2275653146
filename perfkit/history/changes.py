"""Changes: what was learned later about what had happened, and what it did to the P&L."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["changes"]

_KEY = ["account_id", "trade_id"]
_BOOK = ["account_id", "strategy_id", "symbol"]
_CONTENT = ["execution_time", "side", "price", "volume", "commission", *_BOOK[1:]]
_COLUMNS = [
    *("account_id", "strategy_id", "symbol", "trade_id", "execution_time", "change"),
    *("pnl_before", "pnl_now", "pnl_change", "recorded_at", "caused_by"),
]
_TOLERANCE = 1e-9  # relative, of money: two orders of summation differ by less


def changes(before: pa.Table, now: pa.Table, later: pa.Table) -> pd.DataFrame:
    """Compare two states of knowledge of the same past.

    Parameters
    ----------
    before, now : pyarrow.Table
        Trade records in force with the P&L of the books, then and now.
    later : pyarrow.Table
        The records that were written in between, corrections and busts too.

    Returns
    -------
    DataFrame, by execution time
        See `History.changes`.
    """
    both = _frame(before).merge(_frame(now), on=_KEY, how="outer", suffixes=("_before", "_now"))
    is_new, is_gone = both["price_before"].isna(), both["price_now"].isna()
    differs = pd.Series(False, both.index)
    for name in _CONTENT:
        differs |= both[f"{name}_before"] != both[f"{name}_now"]
    pnl_before, pnl_now = both["pnl_before"].fillna(0.0), both["pnl_now"].fillna(0.0)
    larger = pd.concat([pnl_before.abs(), pnl_now.abs()], axis=1).max(axis=1)
    allowed = _TOLERANCE * larger.clip(lower=1.0)
    # an unknown P&L is a difference when the other is known
    is_other = ((pnl_now - pnl_before).abs() > allowed) | (
        both["pnl_before"].isna() != both["pnl_now"].isna()
    )
    change = np.select(
        [is_new, is_gone, differs, is_other], ["late", "busted", "corrected", "restated"], ""
    )
    frame = both.assign(change=change, pnl_change=pnl_now - pnl_before)
    for name in ("strategy_id", "symbol", "execution_time"):
        frame[name] = both[f"{name}_now"].where(~is_gone, both[f"{name}_before"])
    frame = _with_causes(frame[frame["change"] != ""], later)
    return frame.sort_values(["execution_time", *_KEY], ignore_index=True)[_COLUMNS]


def _frame(records: pa.Table) -> pd.DataFrame:
    columns = list(dict.fromkeys([*_KEY, *_CONTENT, "pnl"]))
    frame: pd.DataFrame = records.select(columns).to_pandas()
    # pandas 3.1 can't merge on an empty column of Arrow text
    return frame.astype(dict.fromkeys(_KEY, object))


def _with_causes(frame: pd.DataFrame, later: pa.Table) -> pd.DataFrame:
    """Name the record that made each change: its own, or the last one of its book."""
    written: pd.DataFrame = later.select(
        [*_BOOK, "trade_id", "original_trade_id", "recorded_at"]
    ).to_pandas()
    own, of_book = {}, {}
    pointed = dict(
        zip(
            zip(written["account_id"], written["trade_id"], strict=True),
            written["original_trade_id"],
            strict=True,
        )
    )
    for row in written.to_dict("records"):
        account, root = row["account_id"], row["trade_id"]
        cause = (row["trade_id"], row["recorded_at"])
        while isinstance(pointed.get((account, root)), str):
            root = pointed[account, root]
        own[account, root] = cause
        of_book[tuple(row[name] for name in _BOOK)] = cause
    causes = [
        own.get((account, trade)) or of_book.get((account, strategy, symbol)) or (None, pd.NaT)
        for account, trade, strategy, symbol in zip(
            *(frame[n] for n in (*_KEY, "strategy_id", "symbol")), strict=True
        )
    ]
    times = pd.Series([when for _, when in causes], frame.index, dtype="datetime64[us, UTC]")
    trades = pd.Series([trade for trade, _ in causes], frame.index, dtype=object)
    return frame.assign(caused_by=trades, recorded_at=times)
