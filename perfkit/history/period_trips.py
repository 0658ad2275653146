"""Round trips of period rows: closed ones, tallied by the day of their exit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.history.period_rows import TALLY_COLUMNS
from perfkit.metrics.day_kernel import TALLY_FIELDS, add_trips
from perfkit.metrics.tally import check_countable

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.history.closes import DeskDays
    from perfkit.history.walked_books import WalkedBooks
    from perfkit.ledger import ExchangeRates

__all__ = ["Closed", "closed_trips", "trip_columns"]


class Closed(NamedTuple):
    """Closed flat-to-flat round trips, owner by owner, then by exit.

    Attributes
    ----------
    owners : list of tuple of str
        Account and strategy.
    owner, time : ndarray of int64, of shape (n_trips,)
        Place in ``owners``, and microsecond of the exit.
    pnl : ndarray of shape (n_trips,)
        Net of all fees; NaN where it is not known.
    """

    owners: list[tuple[str, str]]
    owner: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    pnl: npt.NDArray[np.float64]


def closed_trips(walked: WalkedBooks, rates: ExchangeRates, convert_to: str | None) -> Closed:
    """Give the round trips that were closed.

    Parameters
    ----------
    walked : WalkedBooks
        The books.
    rates : ExchangeRates
        For conversion.
    convert_to : str, optional
        Currency of the answer, at the rate of each exit.
    """
    moves, columns = walked.moves, walked.columns
    is_exit = (moves.closed > 0.0) & ((moves.after == 0.0) | (moves.opened > 0.0))
    exits = np.flatnonzero(is_exit)
    pnl, time = walked.trips.trip_pnl[exits], columns.time[exits]
    if convert_to is not None:
        currency = columns.currency.take(pa.array(exits)).cast(pa.string()).to_pandas()
        for name in sorted(currency.dropna().unique()):
            own = (currency == name).to_numpy()
            pnl[own] *= rates.at(name, convert_to, time[own])
    starts = np.array([rows.start for rows in walked.rows.values()], np.int64)
    owner = np.searchsorted(starts, exits, side="right") - 1
    return Closed(list(walked.rows), owner, time, pnl)


def trip_columns(closed: Closed, equity: pd.DataFrame, desk: DeskDays) -> dict[str, pa.Array]:
    """Tally the trips of each row: how many are of unknown P&L, and the state of the others.

    Parameters
    ----------
    closed : Closed
        The trips.
    equity : DataFrame
        By account_id, strategy_id and day, with the day of every fill.
    desk : DeskDays
        The trading day.
    """
    day = desk.of(closed.time.view("datetime64[us]")).astype(np.int64)
    row = _rows(closed, day, equity)
    check_countable(closed.pnl)
    is_known = ~np.isnan(closed.pnl)
    known, pnl = row[is_known], closed.pnl[is_known]
    states = np.zeros((len(equity), TALLY_FIELDS))
    starts = np.flatnonzero(np.diff(known, prepend=-1))
    for first, last in zip(starts, np.append(starts[1:], len(pnl)), strict=False):
        add_trips(states[known[first]], pnl[first:last])
    unpriced = np.bincount(row[~is_known], minlength=len(equity)).astype(np.int64)
    tallies = {name: pa.array(states[:, n]) for n, name in enumerate(TALLY_COLUMNS)}
    return {"unpriced_trips": pa.array(unpriced), **tallies}


def _rows(
    closed: Closed, day: npt.NDArray[np.int64], equity: pd.DataFrame
) -> npt.NDArray[np.int64]:
    """Row of each trip's owner and day."""
    days = equity["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    is_first = np.zeros(len(equity), np.bool_)
    is_first[:1] = True
    for name in ("account_id", "strategy_id"):
        values = equity[name].to_numpy()
        is_first[1:] |= values[1:] != values[:-1]
    starts = np.flatnonzero(is_first)
    names = equity[["account_id", "strategy_id"]].iloc[starts].itertuples(index=False)
    place = {(account, strategy): n for n, (account, strategy) in enumerate(names)}
    block = np.cumsum(is_first) - 1
    of_owner = np.array([place[owner] for owner in closed.owners], np.int64)
    low = int(min(days.min(initial=0), day.min(initial=0)))
    width = int(max(days.max(initial=0), day.max(initial=0))) - low + 1
    return np.searchsorted(block * width + days - low, of_owner[closed.owner] * width + day - low)
