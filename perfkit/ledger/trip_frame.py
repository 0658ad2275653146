"""The frame of round trips: what was closed, in the units of the day of its exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from perfkit.ledger.fill_columns import BOOK_KEY

if TYPE_CHECKING:
    from perfkit.ledger.excursion import Excursions
    from perfkit.ledger.trip_grouping import ClosedTrips, TripHistory

__all__ = ["trip_frame"]


def trip_frame(history: TripHistory, trips: ClosedTrips, excursions: Excursions) -> pd.DataFrame:
    """Lay closed trips out as `round_trips` documents them."""
    columns, exits = history.columns, trips.exit
    rows = columns.order
    keys = history.table.select([*BOOK_KEY, "trade_id", *_reason(history)])
    frame: pd.DataFrame = keys.take(rows[exits]).to_pandas()
    frame = frame.rename(columns={"trade_id": "exit_trade_id", "reason": "exit_reason"})
    frame["entry_trade_id"] = keys.column("trade_id").take(rows[trips.entry]).to_pandas()
    times = pd.DatetimeIndex(columns.time.view("datetime64[us]")).tz_localize("UTC")
    is_long = history.fills.quantity[trips.entry] > 0.0
    frame["direction"] = np.where(is_long, "long", "short")
    frame["entry_time"], frame["exit_time"] = times[trips.entry], times[exits]
    frame["holding"] = frame["exit_time"] - frame["entry_time"]
    for name in ("pnl_gross", "fees", "slippage", "risk", "fills"):
        frame[name] = getattr(trips, name)
    for name in ("entry_price", "exit_price"):
        frame[name] = columns.shown_prices(getattr(trips, name), exits)
    for name in ("volume", "max_volume"):
        frame[name] = columns.shown_units(getattr(trips, name), exits)
    frame["multiplier"] = columns.multiplier[exits]
    frame["pnl"] = frame["pnl_gross"] - frame["fees"]
    basis = np.abs(trips.entry_price) * trips.volume * columns.multiplier[exits]
    is_priced = frame["entry_price"].to_numpy() > 0.0
    frame["return_"] = frame["pnl"] / np.where(is_priced & (basis > 0.0), basis, np.nan)
    frame["r_multiple"] = frame["pnl"] / frame["risk"]
    frame["currency"] = columns.currency.take(exits).cast("string").to_pandas()
    if "exit_reason" not in frame:
        frame["exit_reason"] = None
    for name, column in excursions._asdict().items():
        frame[name] = column
    frame["excursion_reason"] = frame["excursion_reason"].astype("str")
    by_exit = np.argsort(exits, kind="stable")
    return frame.loc[by_exit, list(_COLUMNS)].reset_index(drop=True)


def _reason(history: TripHistory) -> list[str]:
    return [name for name in ("reason",) if name in history.table.column_names]


_COLUMNS = (
    *(*BOOK_KEY, "direction", "entry_time", "exit_time", "entry_price", "exit_price"),
    *("volume", "pnl_gross", "fees", "pnl", "return_", "holding"),
    *("entry_trade_id", "exit_trade_id", "fills", "multiplier", "max_volume"),
    *("currency", "exit_reason", "slippage", "risk", "r_multiple"),
    *("mae", "mfe", "end_trade_drawdown"),
    *("entry_efficiency", "exit_efficiency", "total_efficiency", "excursion_reason"),
)
