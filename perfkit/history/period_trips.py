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
    from collections.abc import Mapping

    from perfkit.history.walked_books import WalkedBooks
    from perfkit.ledger import ExchangeRates

__all__ = ["Closed", "closed_trips", "trip_columns"]


class Closed(NamedTuple):
    """Closed flat-to-flat round trips, owner by owner, then by exit.

    Attributes
    ----------
    exit : ndarray of int, of shape (n_trips,)
        Place of the fill that closed each.
    pnl : ndarray of shape (n_trips,)
        Net of all fees; NaN where it is not known.
    """

    exit: npt.NDArray[np.intp]
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
    pnl = walked.trips.trip_pnl[exits]
    if convert_to is not None:
        time = columns.time[exits]
        currency = columns.currency.take(pa.array(exits)).cast(pa.string()).to_pandas()
        for name in sorted(currency.dropna().unique()):
            own = (currency == name).to_numpy()
            pnl[own] *= rates.at(name, convert_to, time[own])
    return Closed(exits, pnl)


def trip_columns(
    closed: Closed,
    walked: WalkedBooks,
    day: npt.NDArray[np.int64],
    first: Mapping[tuple[str, str], int],
    count: int,
) -> dict[str, pa.Array]:
    """Tally the trips of each row: how many are of unknown P&L, and the state of the others.

    Parameters
    ----------
    closed : Closed
        The trips.
    walked : WalkedBooks
        The books that they are of.
    day : ndarray of int64, of shape (n_fills,)
        Place of each fill's day in the calendar.
    first : mapping of tuple of str to int
        Which row would be the first day of the calendar, by account and strategy.
    count : int
        Of all rows.
    """
    check_countable(closed.pnl)
    starts = np.array([rows.start for rows in walked.rows.values()], np.int64)
    sizes = np.diff(np.searchsorted(closed.exit, starts), append=len(closed.exit))
    begin = np.array([first[owner] for owner in walked.rows], np.int64)
    row = np.repeat(begin, sizes) + day[closed.exit]
    is_known = ~np.isnan(closed.pnl)
    states = np.zeros((count, TALLY_FIELDS))
    add_trips(states, row[is_known], closed.pnl[is_known])
    unpriced = np.bincount(row[~is_known], minlength=count).astype(np.int64)
    tallies = {name: pa.array(states[:, n]) for n, name in enumerate(TALLY_COLUMNS)}
    return {"unpriced_trips": pa.array(unpriced), **tallies}
