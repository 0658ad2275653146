"""Round trips: closed trades, from fills, in three groupings.

Only what was closed is a trip; what is still open is in the ledger's positions.
Fees go with quantity: an exit pays its own fee and the part of its entry's fee that
belongs to the closed quantity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.ledger.books import Books
from perfkit.ledger.corrections import effective_fills
from perfkit.ledger.cost import AverageCost, FifoCost, Method, cost_method
from perfkit.ledger.fill_columns import BOOK_KEY, FillColumns, fill_columns
from perfkit.ledger.legs import Legs, legs_of
from perfkit.ledger.state import new_books

if TYPE_CHECKING:
    import pyarrow as pa

    from perfkit.ledger.kernel import Costs, Fills

__all__ = ["Grouping", "round_trips"]

Grouping = Literal["flat_to_flat", "fill_to_fill", "flat_to_reduced"]


class _History(NamedTuple):
    """A whole history of fills in canonical order, with its costs."""

    table: pa.Table
    columns: FillColumns
    fills: Fills
    multiplier: npt.NDArray[np.float64]
    method: AverageCost | FifoCost
    costs: Costs


class _Trips(NamedTuple):
    """Closed trips as columns; ``entry`` and ``exit`` are places of fills."""

    entry: npt.NDArray[np.int64]
    exit: npt.NDArray[np.int64]
    volume: npt.NDArray[np.float64]
    entry_price: npt.NDArray[np.float64]
    exit_price: npt.NDArray[np.float64]
    pnl_gross: npt.NDArray[np.float64]
    fees: npt.NDArray[np.float64]
    fills: npt.NDArray[np.int64]
    max_volume: npt.NDArray[np.float64]


def round_trips(
    fills: pa.Table, *, method: Method = "average", grouping: Grouping = "flat_to_flat"
) -> pd.DataFrame:
    """Group fills into closed round trips.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of ``Fill``, and ``sequence`` where there is one: the whole history of
        its books. Corrections and busts are applied first.
    method : {"average", "fifo"}
        How an exit finds its entry price. ``flat_to_flat`` does not depend on it.
    grouping : {"flat_to_flat", "fill_to_fill", "flat_to_reduced"}
        One trip from flat to flat, with the average prices of all its entries and
        exits; or one for each pair of entry and exit, which needs ``fifo``; or one for
        each reducing fill, with its entry price by the method. The last enters, by
        average, with the first fill of the position, by FIFO with the first fill of
        the lots that it closed.

    Returns
    -------
    DataFrame of n_trips rows, in canonical order of the exits
        account_id, strategy_id, symbol, direction (long or short), entry_time,
        exit_time, entry_price, exit_price (quote currency a unit), volume (units that
        were closed), pnl_gross, fees, pnl (``pnl_gross - fees``), return_
        (``pnl / (entry_price * volume * multiplier)``, NaN unless the entry price is
        above 0), holding (timedelta), entry_trade_id, exit_trade_id, fills (how many
        took part), multiplier, and max_volume: the largest position of the trip, which
        re-entries do not add to.

    Raises
    ------
    InvalidArgumentError
        When the method or the grouping does not exist, or does not fit the other.
    SchemaError, UnknownNameError
        When the table is not one of fills, or a correction points at nothing.
    """
    if grouping not in get_args(Grouping):
        raise InvalidArgumentError(
            f"grouping must be one of {get_args(Grouping)}, was {grouping!r}"
        )
    history = _history(effective_fills(fills), method)
    legs = legs_of(history.fills, history.costs)
    if grouping == "flat_to_flat":
        return _frame(history, _flat_to_flat(history, legs))
    if isinstance(history.method, FifoCost):
        pairs = _fill_to_fill(history, history.method)
        return _frame(history, pairs if grouping == "fill_to_fill" else _by_exit(history, pairs))
    if grouping == "fill_to_fill":
        raise InvalidArgumentError(
            "method must be 'fifo' for grouping 'fill_to_fill', was 'average': an average has "
            "no single entry fill; for one trip an exit take grouping='flat_to_reduced'"
        )
    return _frame(history, _flat_to_reduced(history, legs))


def _history(table: pa.Table, name: Method) -> _History:
    columns, books, method = fill_columns(table), Books(), cost_method(name)
    fills = books.enter(columns)
    costs = method.apply(fills, books.state)
    return _History(table, columns, fills, columns.multiplier, method, costs)


def _flat_to_flat(history: _History, legs: Legs) -> _Trips:
    price, count = history.fills.price[legs.fill], int(legs.trip[-1]) + 1 if len(legs.trip) else 0

    def total(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.bincount(legs.trip, values, count).astype(np.float64)

    starts = np.flatnonzero(np.diff(legs.trip, prepend=-1))
    gross = np.where(legs.closed > 0.0, history.costs.realized[legs.fill], 0.0)
    is_closed = total(legs.ends) > 0.0
    opened, closed = total(legs.opened)[is_closed], total(legs.closed)[is_closed]
    return _Trips(
        entry=legs.fill[starts[is_closed]],
        exit=legs.fill[legs.ends],
        volume=opened,
        entry_price=total(legs.opened * price)[is_closed] / opened,
        exit_price=total(legs.closed * price)[is_closed] / closed,
        pnl_gross=total(gross)[is_closed],
        fees=total(legs.fee)[is_closed],
        fills=np.bincount(legs.trip, minlength=count)[is_closed],
        max_volume=_largest(history, legs, starts)[is_closed],
    )


def _largest(
    history: _History, legs: Legs, starts: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Largest position of each trip; the leg that ends one leaves what is not its own."""
    if not len(starts):
        return np.empty(0)
    held = np.where(legs.ends, 0.0, np.abs(history.costs.position[legs.fill]))
    return np.maximum.reduceat(held, starts)


def _flat_to_reduced(history: _History, legs: Legs) -> _Trips:
    fills, costs = history.fills, history.costs
    # The fee a unit of what is open behaves as its price does: averaged by entries,
    # unchanged by exits.
    unit_fee = fills.commission / np.abs(fills.quantity)
    entry_fees = new_books(int(fills.book.max(initial=-1)) + 1)
    open_fee = AverageCost().apply(fills._replace(price=unit_fee), entry_fees).average_before
    starts = np.flatnonzero(np.diff(legs.trip, prepend=-1))
    ever = np.cumsum(legs.opened > 0.0, dtype=np.int64)
    entries = ever - ever[starts][legs.trip] + 1
    is_exit = legs.closed > 0.0
    place, volume = legs.fill[is_exit], legs.closed[is_exit]
    return _Trips(
        entry=legs.fill[starts[legs.trip[is_exit]]],
        exit=place,
        volume=volume,
        entry_price=costs.average_before[place],
        exit_price=fills.price[place],
        pnl_gross=costs.realized[place],
        fees=open_fee[place] * volume + legs.fee[is_exit],
        fills=entries[is_exit] + 1,
        max_volume=volume,
    )


def _fill_to_fill(history: _History, method: FifoCost) -> _Trips:
    entry, exits, volume, _ = method.matches
    fills = history.fills
    unit_fee = fills.commission / np.abs(fills.quantity)
    gain = (fills.price[exits] - fills.price[entry]) * np.sign(fills.quantity[entry])
    return _Trips(
        entry=entry,
        exit=exits,
        volume=volume,
        entry_price=fills.price[entry],
        exit_price=fills.price[exits],
        pnl_gross=gain * volume * history.multiplier[exits],
        fees=(unit_fee[entry] + unit_fee[exits]) * volume,
        fills=np.full(len(entry), 2),
        max_volume=volume,
    )


def _by_exit(history: _History, pairs: _Trips) -> _Trips:
    # Matches stand in the order of their exits, so those of one exit are neighbours.
    starts = np.flatnonzero(np.diff(pairs.exit, prepend=-1))
    if not len(starts):
        return pairs

    def total(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.add.reduceat(values, starts)

    volume = total(pairs.volume)
    return _Trips(
        entry=pairs.entry[starts],
        exit=pairs.exit[starts],
        volume=volume,
        entry_price=total(pairs.entry_price * pairs.volume) / volume,
        exit_price=pairs.exit_price[starts],
        pnl_gross=history.costs.realized[pairs.exit[starts]],
        fees=total(pairs.fees),
        fills=np.diff(starts, append=len(pairs.exit)) + 1,
        max_volume=volume,
    )


def _frame(history: _History, trips: _Trips) -> pd.DataFrame:
    rows = history.columns.order
    keys = history.table.select([*BOOK_KEY, "trade_id"])
    exits: pd.DataFrame = keys.take(rows[trips.exit]).to_pandas()
    frame = exits.rename(columns={"trade_id": "exit_trade_id"})
    frame["entry_trade_id"] = keys.column("trade_id").take(rows[trips.entry]).to_pandas()
    is_long = history.fills.quantity[trips.entry] > 0.0
    basis = trips.entry_price * trips.volume * history.multiplier[trips.exit]
    times = pd.DatetimeIndex(history.fills.time.view("datetime64[us]")).tz_localize("UTC")
    frame["direction"] = np.where(is_long, "long", "short")
    frame["entry_time"], frame["exit_time"] = times[trips.entry], times[trips.exit]
    frame["holding"] = frame["exit_time"] - frame["entry_time"]
    for name in ("entry_price", "exit_price", "volume", "pnl_gross", "fees", "fills"):
        frame[name] = getattr(trips, name)
    frame["multiplier"], frame["max_volume"] = history.multiplier[trips.exit], trips.max_volume
    frame["pnl"] = frame["pnl_gross"] - frame["fees"]
    frame["return_"] = frame["pnl"] / np.where(basis > 0.0, basis, np.nan)
    by_exit = np.argsort(trips.exit, kind="stable")
    return frame.loc[by_exit, list(_COLUMNS)].reset_index(drop=True)


_COLUMNS = (
    *(*BOOK_KEY, "direction", "entry_time", "exit_time", "entry_price", "exit_price"),
    *("volume", "pnl_gross", "fees", "pnl", "return_", "holding"),
    *("entry_trade_id", "exit_trade_id", "fills", "multiplier", "max_volume"),
)
