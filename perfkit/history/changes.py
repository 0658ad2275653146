"""Changes: what was learned later about what had happened, and what it did to the P&L."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from perfkit.records import RecordType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa

__all__ = ["changes"]

_Record: TypeAlias = "dict[str, Any]"
_KEY = ["account_id", "trade_id"]
_CONTENT = ["execution_time", "side", "price", "volume", "commission", "strategy_id", "symbol"]
_POINTERS = ["original_trade_id", "record_type", "recorded_at"]
_COLUMNS = [
    *("account_id", "strategy_id", "symbol", "trade_id", "execution_time", "change"),
    *("pnl_before", "pnl_now", "pnl_change", "recorded_at", "caused_by"),
]
_NOBODY = {"trade_id": None, "recorded_at": pd.NaT}
_TOLERANCE = 1e-9  # relative, of money: two orders of summation differ by less


def changes(before: pa.Table, now: pa.Table, written: pa.Table, since: datetime) -> pd.DataFrame:
    """Compare two states of knowledge of the same past.

    Parameters
    ----------
    before, now : pyarrow.Table
        Trade records in force with the P&L of the books, then and now.
    written : pyarrow.Table
        Every record that was ever written, corrections and busts too.
    since : datetime
        When the first state was known.

    Returns
    -------
    DataFrame, by execution time
        See `History.changes`.
    """
    both = _both(before, now, _latest(written, since))
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
    # a correction may move a trade over the bound, which then is neither late nor busted
    is_corrected = both["own"].map(_corrects)
    change = np.select(
        [is_new & ~is_corrected, is_gone & ~is_corrected, differs, is_other],
        ["late", "busted", "corrected", "restated"],
        "",
    )
    frame = both.assign(change=change, pnl_change=pnl_now - pnl_before)
    frame = _with_causes(frame[frame["change"] != ""], _by_book(frame))
    return frame.sort_values(["execution_time", *_KEY], ignore_index=True)[_COLUMNS]


def _both(
    before: pa.Table, now: pa.Table, records: Mapping[tuple[str, str], _Record]
) -> pd.DataFrame:
    """Lay what was known then and now side by side, with each trade's own new record."""
    both = _frame(before).merge(_frame(now), on=_KEY, how="outer", suffixes=("_before", "_now"))
    for name in ("strategy_id", "symbol", "execution_time"):
        was, is_now = both[f"{name}_before"], both[f"{name}_now"]
        both[name] = is_now.where(is_now.notna(), was)
    keys = zip(*(both[name] for name in _KEY), strict=True)
    return both.assign(own=pd.Series([records.get(key) for key in keys], both.index, dtype=object))


def _frame(records: pa.Table) -> pd.DataFrame:
    columns = list(dict.fromkeys([*_KEY, *_CONTENT, "pnl"]))
    frame: pd.DataFrame = records.select(columns).to_pandas()
    # pandas 3 can't merge on Arrow's text where there is no row at all
    return frame.astype(dict.fromkeys(_KEY, object))


def _corrects(record: _Record | None) -> bool:
    return record is not None and record["record_type"] == RecordType.CORRECT


def _latest(written: pa.Table, since: datetime) -> dict[tuple[str, str], _Record]:
    """Give the last record of each trade, by its first name, that was written after a moment."""
    rows = written.select([*_KEY, *_POINTERS, "sequence"]).to_pylist()
    original = {(row["account_id"], row["trade_id"]): row["original_trade_id"] for row in rows}
    found: dict[tuple[str, str], _Record] = {}
    for row in sorted(rows, key=lambda row: row["sequence"]):
        trade = row["trade_id"]
        while (first := original.get((row["account_id"], trade))) is not None:
            trade = first
        if row["recorded_at"] is not None and row["recorded_at"] > since:
            found[row["account_id"], trade] = row
    return found


def _by_book(frame: pd.DataFrame) -> dict[tuple[str, ...], list[tuple[pd.Timestamp, _Record]]]:
    """List what was learned about each book, with the time from which on it counts."""
    found: dict[tuple[str, ...], list[tuple[pd.Timestamp, _Record]]] = {}
    for row in frame[frame["own"].notna()].to_dict("records"):
        for when in ("before", "now"):
            book = row["account_id"], row[f"strategy_id_{when}"], row[f"symbol_{when}"]
            found.setdefault(book, []).append((row[f"execution_time_{when}"], row["own"]))
    return found


def _with_causes(
    frame: pd.DataFrame, learned: Mapping[tuple[str, ...], list[tuple[pd.Timestamp, _Record]]]
) -> pd.DataFrame:
    """Name the record that made each change: its own, or the last one about its book's past."""
    causes = []
    for row in frame.to_dict("records"):
        known = learned.get((row["account_id"], row["strategy_id"], row["symbol"]), [])
        earlier = [record for time, record in known if time <= row["execution_time"]]
        causes.append(row["own"] or max(earlier, key=_number, default=_NOBODY))
    moments = [cause["recorded_at"] for cause in causes]
    names = [cause["trade_id"] for cause in causes]
    return frame.assign(
        caused_by=pd.Series(names, frame.index, dtype=object),
        recorded_at=pd.Series(moments, frame.index, dtype="datetime64[us, UTC]"),
    )


def _number(record: _Record) -> int:
    return int(record["sequence"])
