"""Held days: on which days a strategy held what, and what of it had no price by then."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from perfkit.ledger import Ledger, TradingClock, trading_day

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Days", "HeldDays", "held_days"]

Days: TypeAlias = npt.NDArray[np.datetime64]

_BOOK = ["account_id", "strategy_id", "symbol"]
_ORDER = [("execution_time", "ascending"), ("sequence", "ascending")]


class HeldDays(NamedTuple):
    """What one strategy held at the end of each day.

    Attributes
    ----------
    positions : ndarray of int64, shape (n_days,)
        How many.
    unpriced : list of tuple of str, of n_days
        Symbols of those that had no mark by then, sorted.
    """

    positions: npt.NDArray[np.int64]
    unpriced: list[tuple[str, ...]]


def held_days(
    fills: pa.Table, splits: pa.Table, marks: pa.Table, clock: TradingClock, days: Days
) -> dict[tuple[str, str], HeldDays]:
    """Follow every strategy's positions from day to day.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of `Fill`, and ``sequence``: those in force.
    splits : pyarrow.Table
        Columns of `SplitRecord`.
    marks : pyarrow.Table
        Columns of `Mark`.
    clock : TradingClock
        The desk's trading day.
    days : ndarray of datetime64[D], ascending
        The days; every fill falls on one of them.

    Returns
    -------
    dict of (account, strategy) to HeldDays
        One that has no fill holds nothing; it is made when it is asked for.
    """
    ordered = fills.sort_by(_ORDER)
    books: pd.DataFrame = ordered.select(_BOOK).to_pandas()
    traded = trading_day(ordered["execution_time"], clock.zone, clock.cutoff)
    books["day"] = np.searchsorted(days, traded)
    books["is_held"] = Ledger(splits=splits).apply(ordered)["position"].to_numpy() != 0.0
    priced_from = _first_marked(marks, clock, days)
    answer: dict[tuple[str, str], HeldDays] = defaultdict(
        lambda: HeldDays(np.zeros(len(days), np.int64), [()] * len(days))
    )
    for (account, strategy, symbol), book in books.groupby(_BOOK, sort=True):
        last = book.drop_duplicates("day", keep="last")
        starts = last["day"].to_numpy()
        lengths = np.diff(np.append(starts, len(days)))
        is_held = np.zeros(len(days), np.bool_)
        is_held[starts[0] :] = np.repeat(last["is_held"].to_numpy(), lengths)
        held = answer[str(account), str(strategy)]
        held.positions[is_held] += 1
        for day in np.flatnonzero(is_held[: priced_from.get(str(symbol), len(days))]).tolist():
            held.unpriced[day] = (*held.unpriced[day], str(symbol))
    return answer


def _first_marked(marks: pa.Table, clock: TradingClock, days: Days) -> dict[str, int]:
    """Give for each symbol the number of the first day with a mark of it or after one."""
    frame: pd.DataFrame = marks.select(["symbol"]).to_pandas()
    frame["day"] = np.searchsorted(days, trading_day(marks["time"], clock.zone, clock.cutoff))
    first = frame.groupby("symbol")["day"].min()
    return {str(symbol): int(day) for symbol, day in first.items()}
