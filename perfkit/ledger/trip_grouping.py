"""Trip grouping: which fills make one closed trip, in three ways.

Fees, slippage and risk go with quantity: an exit pays its own and the part of its
entry's that belongs to the closed quantity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.ledger.cost import AverageCost, CostMethod, LotCost
from perfkit.ledger.runs import run_starts

if TYPE_CHECKING:
    import pyarrow as pa

    from perfkit.ledger.books import Books
    from perfkit.ledger.fill_columns import FillColumns
    from perfkit.ledger.kernel import Costs, Fills, Moves
    from perfkit.ledger.legs import Legs
    from perfkit.ledger.splits import SplitFactors
    from perfkit.ledger.unit_terms import UnitTerms

__all__ = ["ClosedTrips", "Grouping", "TripHistory", "closed_trips"]

Grouping = Literal["flat_to_flat", "fill_to_fill", "flat_to_reduced"]
Floats = npt.NDArray[np.float64]


class TripHistory(NamedTuple):
    """A whole history of fills in canonical order, with its costs."""

    table: pa.Table
    columns: FillColumns
    books: Books
    fills: Fills
    moves: Moves
    method: CostMethod
    costs: Costs
    terms: UnitTerms
    legs: Legs
    splits: SplitFactors


class ClosedTrips(NamedTuple):
    """Closed trips as columns; ``entry`` and ``exit`` are places of fills.

    Volumes and prices are in the form that the kernels count in.
    """

    entry: npt.NDArray[np.int64]
    exit: npt.NDArray[np.int64]
    volume: Floats
    entry_price: Floats
    exit_price: Floats
    pnl_gross: Floats
    fees: Floats
    slippage: Floats
    risk: Floats
    fills: npt.NDArray[np.int64]
    max_volume: Floats


def closed_trips(history: TripHistory, grouping: Grouping) -> ClosedTrips:
    """Group a history's fills into closed trips.

    Raises
    ------
    InvalidArgumentError
        When the grouping needs lots and the method has none.
    """
    if grouping == "flat_to_flat":
        return _flat_to_flat(history)
    if isinstance(history.method, LotCost):
        pairs = _fill_to_fill(history, history.method)
        return pairs if grouping == "fill_to_fill" else _by_exit(history, pairs)
    if grouping == "fill_to_fill":
        raise InvalidArgumentError(
            "method must be 'fifo', 'lifo' or 'hifo' for grouping 'fill_to_fill', was "
            "'average': an average has no single entry fill; for one trip an exit take "
            "grouping='flat_to_reduced'"
        )
    return _flat_to_reduced(history)


def _flat_to_flat(history: TripHistory) -> ClosedTrips:
    legs = history.legs
    price, count = history.fills.price[legs.fill], int(legs.trip[-1]) + 1 if len(legs.trip) else 0

    def total(values: npt.NDArray[Any]) -> Floats:
        return np.bincount(legs.trip, values, count).astype(np.float64)

    starts = run_starts(legs.trip)
    gross = np.where(legs.closed > 0.0, history.costs.realized[legs.fill], 0.0)
    is_closed = total(legs.ends) > 0.0
    opened, closed = total(legs.opened)[is_closed], total(legs.closed)[is_closed]
    slippage = (legs.opened + legs.closed) * history.terms.slippage[legs.fill]
    risk = np.where(legs.opened > 0.0, legs.opened * history.terms.risk[legs.fill], 0.0)
    return ClosedTrips(
        entry=legs.fill[starts[is_closed]],
        exit=legs.fill[legs.ends],
        volume=opened,
        entry_price=total(legs.opened * price)[is_closed] / opened,
        exit_price=total(legs.closed * price)[is_closed] / closed,
        pnl_gross=total(gross)[is_closed],
        fees=total(legs.fee)[is_closed],
        slippage=total(slippage)[is_closed],
        risk=total(risk)[is_closed],
        fills=np.bincount(legs.trip, minlength=count)[is_closed],
        max_volume=_largest(history, starts)[is_closed],
    )


def _largest(history: TripHistory, starts: npt.NDArray[np.intp]) -> Floats:
    """Largest position of each trip; the leg that ends one leaves what is not its own."""
    if not len(starts):
        return np.empty(0)
    legs = history.legs
    held = np.where(legs.ends, 0.0, np.abs(history.moves.after[legs.fill]))
    return np.maximum.reduceat(held, starts)


def _flat_to_reduced(history: TripHistory) -> ClosedTrips:
    fills, costs, terms, legs = history.fills, history.costs, history.terms, history.legs

    # What a unit of what is open cost behaves as its price does: averaged by entries,
    # unchanged by exits.
    def of_entry(unit: Floats) -> Floats:
        averages = AverageCost().apply(
            fills._replace(price=unit), history.moves, history.books.state
        )
        return averages.average_before[place]

    starts = run_starts(legs.trip)
    ever = np.cumsum(legs.opened > 0.0, dtype=np.int64)
    entries = ever - ever[starts][legs.trip] + 1
    is_exit = legs.closed > 0.0
    place, volume = legs.fill[is_exit], legs.closed[is_exit]
    return ClosedTrips(
        entry=legs.fill[starts[legs.trip[is_exit]]],
        exit=place,
        volume=volume,
        entry_price=costs.average_before[place],
        exit_price=fills.price[place],
        pnl_gross=costs.realized[place],
        fees=of_entry(terms.fee) * volume + legs.fee[is_exit],
        slippage=(of_entry(terms.slippage) + terms.slippage[place]) * volume,
        risk=of_entry(terms.risk) * volume,
        fills=entries[is_exit] + 1,
        max_volume=volume,
    )


def _fill_to_fill(history: TripHistory, method: LotCost) -> ClosedTrips:
    entry, exits, volume, _ = method.matches
    fills, terms = history.fills, history.terms
    gain = (fills.price[exits] - fills.price[entry]) * np.sign(fills.quantity[entry])
    return ClosedTrips(
        entry=entry,
        exit=exits,
        volume=volume,
        entry_price=fills.price[entry],
        exit_price=fills.price[exits],
        pnl_gross=gain * volume * history.columns.multiplier[exits],
        fees=(terms.fee[entry] + terms.fee[exits]) * volume,
        slippage=(terms.slippage[entry] + terms.slippage[exits]) * volume,
        risk=terms.risk[entry] * volume,
        fills=np.full(len(entry), 2),
        max_volume=volume,
    )


def _by_exit(history: TripHistory, pairs: ClosedTrips) -> ClosedTrips:
    # Matches stand in the order of their exits, so those of one exit are neighbours.
    starts = run_starts(pairs.exit)
    if not len(starts):
        return pairs

    def total(values: Floats) -> Floats:
        return np.add.reduceat(values, starts)

    volume = total(pairs.volume)
    return ClosedTrips(
        entry=np.minimum.reduceat(pairs.entry, starts),
        exit=pairs.exit[starts],
        volume=volume,
        entry_price=total(pairs.entry_price * pairs.volume) / volume,
        exit_price=pairs.exit_price[starts],
        pnl_gross=history.costs.realized[pairs.exit[starts]],
        fees=total(pairs.fees),
        slippage=total(pairs.slippage),
        risk=total(pairs.risk),
        fills=np.diff(starts, append=len(pairs.exit)) + 1,
        max_volume=volume,
    )
