"""Round trips: closed trades, from fills, in three groupings.

Only what was closed is a trip; what is still open is in the ledger's positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from perfkit.errors import InvalidArgumentError
from perfkit.ledger.books import Books
from perfkit.ledger.corrections import effective_fills
from perfkit.ledger.cost import Method, cost_method
from perfkit.ledger.exchange_rates import ExchangeRates
from perfkit.ledger.excursion import excursions
from perfkit.ledger.fill_columns import fill_columns
from perfkit.ledger.legs import legs_of
from perfkit.ledger.splits import SplitFactors
from perfkit.ledger.trip_frame import trip_frame
from perfkit.ledger.trip_grouping import Grouping, TripHistory, closed_trips
from perfkit.ledger.unit_terms import unit_terms

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["round_trips"]


def round_trips(
    fills: pa.Table,
    *,
    method: Method = "average",
    grouping: Grouping = "flat_to_flat",
    splits: pa.Table | None = None,
    rates: pa.Table | None = None,
    prices: pa.Table | None = None,
) -> pd.DataFrame:
    """Group fills into closed round trips.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of ``Fill``, and ``sequence`` where there is one: the whole history of
        its books. Corrections and busts are applied first.
    method : {"average", "fifo", "lifo", "hifo"}
        How an exit finds its entry price. ``flat_to_flat`` does not depend on it.
    grouping : {"flat_to_flat", "fill_to_fill", "flat_to_reduced"}
        One trip from flat to flat, with the average prices of all its entries and
        exits; or one for each pair of entry and exit, which needs a method with lots;
        or one for each reducing fill, with its entry price by the method. The last
        enters, by average, with the first fill of the position, by lots with the
        earliest fill of those that it closed. Fees go with quantity: that of a fill which
        it took whole is in the flat-to-flat trip that was open, else in none.
    splits, rates : pyarrow.Table, optional
        As of `Ledger`. Volumes and prices of a trip are in units of its exit's day.
    prices : pyarrow.Table, optional
        What the market did meanwhile, as quoted: columns ``symbol``, ``close_time``,
        ``close`` of `Bar`, with ``high`` and ``low`` where they are known, or ``symbol``,
        ``time``, ``price`` of `Mark`. A bar is taken to have begun when the one before
        it closed, so give bars of one length a symbol.

    Returns
    -------
    DataFrame of n_trips rows, in canonical order of the exits
        account_id, strategy_id, symbol, direction (long or short), entry_time,
        exit_time, entry_price, exit_price (quote currency a unit), volume (units that
        were closed), pnl_gross, fees, pnl (``pnl_gross - fees``), return_
        (``pnl / (entry_price * volume * multiplier)``, NaN unless the entry price is
        above 0), holding (timedelta), entry_trade_id, exit_trade_id, fills (how many
        took part), multiplier, max_volume: the largest position of the trip, which
        re-entries do not add to, currency: of the P&L, exit_reason: the ``reason`` of
        the last fill, slippage: what entries and exits cost against their
        ``reference_price``, a gain negative, NaN where one has none, risk: what would
        have been lost at the ``stop_price`` of the entries, NaN where one has none or
        has it beyond its price, r_multiple: ``pnl / risk``, and what `Excursions` says:
        mae, mfe, end_trade_drawdown, entry_efficiency, exit_efficiency,
        total_efficiency, excursion_reason.

    Raises
    ------
    InvalidArgumentError
        When the method or the grouping does not exist, or does not fit the other, or a
        price is not a number.
    SchemaError, UnknownNameError
        When a table lacks a column, or a correction points at nothing.

    References
    ----------
    .. [1] V. Tharp (2008), *The Definitive Guide to Position Sizing*, IITM: the
       R-multiple is the result over the initial risk.
    """
    if grouping not in get_args(Grouping):
        raise InvalidArgumentError(
            f"grouping must be one of {get_args(Grouping)}, was {grouping!r}"
        )
    history = trip_history(effective_fills(fills), method, splits, rates)
    trips = closed_trips(history, grouping)
    return trip_frame(history, trips, excursions(history, trips, grouping, prices))


def trip_history(
    table: pa.Table, name: Method, splits: pa.Table | None, rates: pa.Table | None
) -> TripHistory:
    """Run a whole history of effective fills through the books."""
    factors = SplitFactors(splits)
    columns = fill_columns(table, factors, ExchangeRates(rates))
    books, method = Books(), cost_method(name)
    fills = books.enter(columns)
    moves = books.move(fills)
    costs = method.apply(fills, moves, books.state)
    terms, legs = unit_terms(table, columns), legs_of(fills, moves)
    return TripHistory(table, columns, books, fills, moves, method, costs, terms, legs, factors)
