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
    from collections.abc import Iterable

    from perfkit.history.walked_books import WalkedFills
    from perfkit.ledger import ExchangeRates

__all__ = ["DayTrips", "tally_trips", "trip_columns"]


class DayTrips(NamedTuple):
    """Closed flat-to-flat round trips of one strategy, net of all fees, by the day of the exit.

    Attributes
    ----------
    states : ndarray of shape (n_days, TALLY_FIELDS)
        Tallies of those of known P&L.
    unpriced : ndarray of shape (n_days,)
        How many are not known.
    """

    states: npt.NDArray[np.float64]
    unpriced: npt.NDArray[np.int64]

    @classmethod
    def none(cls, days: int) -> DayTrips:
        """No trip, on so many days."""
        return cls(np.zeros((days, TALLY_FIELDS)), np.zeros(days, np.int64))


def tally_trips(
    walked: WalkedFills,
    day: npt.NDArray[np.int64],
    trips: dict[tuple[str, str], DayTrips],
    money: tuple[ExchangeRates, str | None],
) -> None:
    """Count the round trips that some fills closed.

    Parameters
    ----------
    walked : WalkedFills
        The fills.
    day : ndarray of int64, of shape (n_fills,)
        Place of each fill's day in the calendar.
    trips : dict of tuple of str to DayTrips
        Of each strategy among them, earlier ones counted: what is added to.
    money : tuple of ExchangeRates and str or None
        For conversion at the rate of each exit; None converts nothing.
    """
    moves = walked.moves
    is_exit = (moves.closed > 0.0) & ((moves.after == 0.0) | (moves.opened > 0.0))
    exits = np.flatnonzero(is_exit)
    pnl = _converted(walked, exits, *money)
    check_countable(pnl)
    is_known, day = ~np.isnan(pnl), day[exits]
    for owner, rows in walked.rows.items():
        own = slice(*np.searchsorted(exits, (rows.start, rows.stop)))
        known, states = is_known[own], trips[owner].states
        add_trips(states, day[own][known], pnl[own][known])
        unpriced = np.bincount(day[own][~known], minlength=len(states))
        np.add(trips[owner].unpriced, unpriced, out=trips[owner].unpriced)


def trip_columns(trips: Iterable[DayTrips]) -> dict[str, pa.Array]:
    """Lay days out as columns of period rows, one strategy after the other."""
    every = list(trips)
    states = np.concatenate([own.states for own in every])
    unpriced = np.concatenate([own.unpriced for own in every])
    tallies = {name: pa.array(states[:, n]) for n, name in enumerate(TALLY_COLUMNS)}
    return {"unpriced_trips": pa.array(unpriced), **tallies}


def _converted(
    walked: WalkedFills, exits: npt.NDArray[np.intp], rates: ExchangeRates, target: str | None
) -> npt.NDArray[np.float64]:
    pnl = walked.trips.trip_pnl[exits]
    if target is not None:
        columns = walked.columns
        time = columns.time[exits]
        currency = columns.currency.take(pa.array(exits)).cast(pa.string()).to_pandas()
        for name in sorted(currency.dropna().unique()):
            own = (currency == name).to_numpy()
            pnl[own] *= rates.at(name, target, time[own])
    return pnl
