"""Days of a history: on which there was a fill, and the closes of each day.

Millions of times are first reduced to quarters of an hour, as nearly every day ends
with one; the few quarters in which a day ends, or a clock changes, are read again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from perfkit.ledger.trading_day import STEP, day_ends, step_days
from perfkit.records.schema import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.history.closes import DeskDays
    from perfkit.store import Snapshot

__all__ = ["PAIR", "day_cuts", "last_closes", "traded_days"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAIR = "/"  # in the name of a currency pair
_CLOSE = pa.schema(
    [
        pa.field("symbol", pa.string(), nullable=False),
        pa.field("time", TIMESTAMP, nullable=False),
        pa.field("price", pa.float64(), nullable=False),
    ]
)


def traded_days(snapshot: Snapshot, desk: DeskDays, where: pl.Expr) -> npt.NDArray[np.datetime64]:
    """Give the days with a fill, each once.

    Parameters
    ----------
    snapshot : Snapshot
        The history.
    desk : DeskDays
        The trading day.
    where : polars.Expr
        Which fills.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    step = _step("execution_time")
    found = snapshot.select("trades", lambda rows: rows.filter(where).select(step).unique())
    steps = found["step"].to_numpy()
    days, is_two = step_days(steps, *desk)
    if is_two.any():
        within = where & step.is_in(steps[is_two].tolist())
        times = snapshot.select(
            "trades", lambda rows: rows.filter(within).select("execution_time").unique()
        )
        later = desk.of(times["execution_time"].dt.replace_time_zone(None).to_numpy())
        days = np.concatenate([days[~is_two], later])
    return np.unique(days)


def day_cuts(snapshot: Snapshot, desk: DeskDays, where: pl.Expr, size: int) -> Iterator[pl.Expr]:
    """Cut fills into pieces of whole days, the earlier first.

    Parameters
    ----------
    snapshot, desk
        As of `traded_days`.
    where : polars.Expr
        Which fills.
    size : int
        Fills of a piece, about, and at most unless one day has more.

    Yields
    ------
    polars.Expr
        Which of the fills are in a piece; each fill is in one.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    step = _step("execution_time")
    found = snapshot.select(
        "trades", lambda rows: rows.filter(where).group_by(step).agg(pl.len().alias("fills"))
    )
    days, place = np.unique(step_days(found["step"].to_numpy(), *desk)[0], return_inverse=True)
    ends = day_ends(days, *desk)
    total = np.cumsum(np.bincount(place, found["fills"].to_numpy(), len(days)))
    is_after, begin = pl.lit(value=True), 0.0
    time = pl.col("execution_time")
    for day in range(len(days) - 1):
        if total[day + 1] - begin > size:
            end = pl.lit(_EPOCH + timedelta(microseconds=int(ends[day])))
            yield is_after & (time <= end)
            is_after, begin = time > end, total[day]
    yield is_after


def last_closes(snapshot: Snapshot, desk: DeskDays, where: pl.Expr) -> pa.Table:
    """Give the last close of each symbol a day, or of parts of it; of a currency pair every one.

    Parameters
    ----------
    snapshot, desk
        As of `traded_days`.
    where : polars.Expr
        Which bars.

    Returns
    -------
    pyarrow.Table
        Columns symbol, time, price; by time, the pairs after the others.

    Raises
    ------
    StoreError, DamagedStoreError
        When the history can't be read.
    """
    is_pair = pl.col("symbol").str.contains(PAIR, literal=True)
    step = _step("close_time")
    last = pl.col("close_time", "close").sort_by("close_time", "sequence").last()
    found = snapshot.select(
        "bars", lambda rows: rows.filter(where & ~is_pair).group_by("symbol", step).agg(last)
    )
    every = where & is_pair
    steps = found["step"].unique().sort().to_numpy()
    _, is_two = step_days(steps, *desk)
    if is_two.any():
        every |= where & step.is_in(steps[is_two].tolist())
        found = found.filter(~pl.col("step").is_in(steps[is_two].tolist()))
    names = ("symbol", "close_time", "close")
    closes = found.sort("close_time", "symbol").select(names).to_arrow()
    whole = snapshot.read("bars", names, every)
    tables = (each.rename_columns(_CLOSE.names).cast(_CLOSE) for each in (closes, whole))
    return pa.concat_tables(tables)


def _step(time: str) -> pl.Expr:
    return (pl.col(time).to_physical() // STEP).alias("step")
