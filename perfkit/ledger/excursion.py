r"""Excursions: how far each trip was under water, how far ahead, and what of it was kept.

.. math:: open_t = realised_t + (p_t - entry_t) \cdot held_t

A trip has its own units and its own life alone: nothing before it held a unit, nothing
after its exit, and never another trip's units. Prices are compared in the form that the
books count in, so splits, inverse contracts and contract sizes are in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.ledger.cost import LotCost
from perfkit.ledger.excursion_kernel import (
    Extremes,
    ReducedLegs,
    Steps,
    follow_reduced,
    follow_steps,
    new_extremes,
)
from perfkit.ledger.price_series import BookPrices, book_prices

if TYPE_CHECKING:
    import pyarrow as pa

    from perfkit.ledger.lot_kernel import Matches
    from perfkit.ledger.trip_grouping import ClosedTrips, Grouping, TripHistory

__all__ = ["Excursions", "excursions"]

Floats = npt.NDArray[np.float64]


class Excursions(NamedTuple):
    """Excursions of each trip, gross, in the currency of its P&L; NaN where not known.

    Attributes
    ----------
    mae : ndarray of shape (n_trips,)
        Maximum adverse excursion: worst open P&L of the trip's life, at most 0.
    mfe : ndarray of shape (n_trips,)
        Maximum favourable excursion: best open P&L, at least 0.
    end_trade_drawdown : ndarray of shape (n_trips,)
        ``mfe - pnl_gross``: what was given back until the exit, at least 0.
    entry_efficiency : ndarray of shape (n_trips,)
        Part of the price range of its life that lay ahead of the entry, 0 to 1:
        ``(highest - entry_price) / (highest - lowest)`` of a long trip,
        ``(entry_price - lowest) / (highest - lowest)`` of a short one.
    exit_efficiency : ndarray of shape (n_trips,)
        Part of it that lay behind the exit, 0 to 1: ``(exit_price - lowest)`` or
        ``(highest - exit_price)`` over the range.
    total_efficiency : ndarray of shape (n_trips,)
        Part of it that was kept, -1 to 1: ``(exit_price - entry_price)`` or its opposite
        over the range; ``entry_efficiency + exit_efficiency - 1``.
    excursion_reason : ndarray of shape (n_trips,), object
        None where all is known, ``no_prices`` where no price is known to be of the
        trip's life, ``no_range`` where the price did not move, so that nothing was there
        to be efficient about (mae and mfe are then 0).
    """

    mae: Floats
    mfe: Floats
    end_trade_drawdown: Floats
    entry_efficiency: Floats
    exit_efficiency: Floats
    total_efficiency: Floats
    excursion_reason: npt.NDArray[np.object_]


def excursions(
    history: TripHistory, trips: ClosedTrips, grouping: Grouping, prices: pa.Table | None
) -> Excursions:
    """Measure closed trips against prices.

    Parameters
    ----------
    history, trips, grouping
        What was closed, and how it was grouped.
    prices : pyarrow.Table, optional
        As of `round_trips`; without any nothing is known.

    Raises
    ------
    SchemaError, InvalidArgumentError
        As of `book_prices`.

    Notes
    -----
    The trip's own fills always count. Of a bar, its close counts where it closed in
    (entry_time, exit_time]; its high and low, whose moment is not known, only where all of
    the bar lies between two of the trip's own fills that changed what it held, or, for
    efficiencies, within its life. A bar is taken to have begun when the one before it
    closed; of the first bar of a symbol only the close counts. A price at the very
    moment of a fill counts with what was held before it. An exit by several lots, or at
    an average of several entries, holds each of its units from that unit's entry on.

    References
    ----------
    .. [1] J. Sweeney (1997), *Maximum Adverse Excursion: Analyzing Price Fluctuations for
       Trading Management*, Wiley.
    .. [2] TradeStation, *Strategy Performance Report*: entry, exit and total efficiency.
    """
    count = len(trips.exit)
    if prices is None or count == 0:
        nan, reason = np.full(count, np.nan), np.full(count, "no_prices", object)
        return Excursions(nan, nan, nan, nan, nan, nan, reason)
    series = book_prices(prices, history.books, history.splits)
    found = new_extremes(count)
    if grouping == "flat_to_reduced" and not isinstance(history.method, LotCost):
        follow_reduced(_reduced_legs(history, series), series.prices, found)
    else:
        follow_steps(_steps(history, trips, grouping, series), series.prices, found)
    return _measured(history, trips, found)


def _measured(history: TripHistory, trips: ClosedTrips, found: Extremes) -> Excursions:
    def known(values: Floats) -> Floats:
        return np.where(found.known, values, np.nan)

    best = np.maximum(found.best, trips.pnl_gross)
    span = found.highest - found.lowest
    is_flat = found.known & ~(span > 0.0)
    span = known(np.where(span > 0.0, span, np.nan))
    is_long = history.fills.quantity[trips.entry] > 0.0
    # the averages of equal prices may be a rounding beyond them
    entry = np.clip((found.highest - trips.entry_price) / span, 0.0, 1.0)
    leave = np.clip((trips.exit_price - found.lowest) / span, 0.0, 1.0)
    gain = np.clip((trips.exit_price - trips.entry_price) / span, -1.0, 1.0)
    reason = np.full(len(span), None, object)
    reason[is_flat], reason[~found.known] = "no_range", "no_prices"
    return Excursions(
        mae=known(np.minimum(found.worst, trips.pnl_gross)),
        mfe=known(best),
        end_trade_drawdown=known(best - trips.pnl_gross),
        entry_efficiency=np.where(is_long, entry, 1.0 - entry),
        exit_efficiency=np.where(is_long, leave, 1.0 - leave),
        total_efficiency=np.where(is_long, gain, -gain),
        excursion_reason=reason,
    )


def _steps(
    history: TripHistory, trips: ClosedTrips, grouping: Grouping, series: BookPrices
) -> Steps:
    """Name the own fills of each trip: all of a position, a pair, or an exit with its lots."""
    if grouping == "flat_to_flat" or not isinstance(history.method, LotCost):
        legs = history.legs
        own = (np.bincount(legs.trip, legs.ends) > 0.0)[legs.trip]
        fill, change = legs.fill[own], (legs.opened - legs.closed)[own]
    elif grouping == "fill_to_fill":
        fill = np.column_stack([trips.entry, trips.exit]).ravel()
        change = np.column_stack([trips.volume, -trips.volume]).ravel()
    else:
        fill, change = _lots(history.method.matches, trips)
    book = history.fills.book[trips.exit]
    return Steps(
        first=np.concatenate([[0], np.cumsum(trips.fills)]),
        time=history.fills.time[fill],
        price=history.fills.price[fill],
        change=change,
        side=np.sign(history.fills.quantity[trips.entry]),
        multiplier=history.columns.multiplier[trips.exit],
        start=series.start[book],
        stop=series.stop[book],
    )


def _lots(matches: Matches, trips: ClosedTrips) -> tuple[npt.NDArray[np.int64], Floats]:
    """Lay the lots of each exit out by their entry, the exit itself last."""
    trip = np.cumsum(np.diff(matches.exit, prepend=matches.exit[0]) != 0)
    fill = np.concatenate([matches.entry, trips.exit])
    change = np.concatenate([matches.quantity, -trips.volume])
    order = np.lexsort((fill, np.concatenate([trip, np.arange(len(trips.exit))])))
    return fill[order], change[order]


def _reduced_legs(history: TripHistory, series: BookPrices) -> ReducedLegs:
    legs, fills, moves = history.legs, history.fills, history.moves
    fill: Any = legs.fill
    book = fills.book[fill]
    # a leg that closes is of the position before it, one that opens of that after
    held = np.where(legs.closed > 0.0, moves.before[fill], moves.after[fill])
    return ReducedLegs(
        begins=np.diff(legs.trip, prepend=-1) != 0,
        time=fills.time[fill],
        price=fills.price[fill],
        opened=legs.opened,
        closed=legs.closed,
        before=np.abs(moves.before[fill]),
        after=np.abs(moves.after[fill]),
        average=history.costs.average_before[fill],
        side=np.sign(held),
        multiplier=history.columns.multiplier[fill],
        start=series.start[book],
        stop=series.stop[book],
    )
