"""State: what the kernels remember between calls, and room for what they write.

Plain arrays only, so that compiled and plain Python code see the same thing. One
record a book, one a book and cost method, and one a sum of P&L carry everything from
one batch to the next.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from perfkit.ledger.kernel import Costs, Moves, Trips
from perfkit.ledger.lot_kernel import NO_LOT, Lots, Matches

__all__ = [
    "BOOK",
    "COST",
    "TOTAL",
    "new_books",
    "new_cost_state",
    "new_costs",
    "new_lots",
    "new_matches",
    "new_moves",
    "new_trips",
]

# One record a book. `x` and `x_low` are the two halves of a compensated sum.
BOOK = np.dtype(
    [
        ("total", np.int64),  # number of the sum that its P&L belongs to
        ("multiplier", np.float64),  # 0 before it is known
        ("inverse", np.int64),  # 1 for an inverse contract, -1 before it is known
        ("currency", np.int64),  # of its P&L, number in `Books.currencies`; -1 when not said
        ("position", np.float64),
        ("position_low", np.float64),
        ("traded", np.float64),  # volume since flat
        ("trip", np.float64),  # net P&L since flat
        ("trip_low", np.float64),
        ("entry_time", np.int64),
        ("last_time", np.int64),
        ("last_sequence", np.int64),
        ("fills_since_flat", np.int64),
        ("entries", np.int64),
        ("usual_notional", np.float64),
    ]
)
COST = np.dtype(
    [
        ("average_price", np.float64),  # NaN when flat
        ("cost", np.float64),  # sum of price x quantity of the open lots
        ("cost_low", np.float64),
        ("head", np.int64),
        ("tail", np.int64),
        ("realized", np.float64),
        ("realized_low", np.float64),
        ("fees", np.float64),
        ("fees_low", np.float64),
        ("fills", np.int64),  # ever
    ]
)
TOTAL = np.dtype([("pnl", np.float64), ("pnl_low", np.float64)])


def new_books(count: int) -> npt.NDArray[np.void]:
    """Books without a fill."""
    books = np.zeros(count, BOOK)
    books["currency"] = books["inverse"] = -1
    books["last_time"] = books["last_sequence"] = np.iinfo(np.int64).min
    return books


def new_cost_state(count: int) -> npt.NDArray[np.void]:
    """What a cost method remembers of books without a fill."""
    state = np.zeros(count, COST)
    state["average_price"] = np.nan
    state["head"] = state["tail"] = NO_LOT
    return state


def new_moves(fills: int) -> Moves:
    """Room for what `follow_positions` says of so many fills."""
    return Moves(np.empty(fills), np.empty(fills), np.empty(fills), np.empty(fills))


def new_costs(fills: int) -> Costs:
    """Room for what a cost method says of so many fills."""
    return Costs(np.empty(fills), np.empty(fills), np.empty(fills))


def new_trips(fills: int) -> Trips:
    """Room for what `follow_trips` says of so many fills."""
    entry_time, since_flat = np.empty(fills, np.int64), np.empty(fills, np.int64)
    return Trips(entry_time, since_flat, np.empty(fills), np.empty(fills))


def new_matches(fills: int, open_lots: int) -> Matches:
    """Room for the matches of so many fills: each ends a lot, of theirs or open, or an exit."""
    room = 2 * fills + open_lots
    entry, exits = np.empty((2, room), np.int64)
    return Matches(entry, exits, np.empty(room), np.zeros(1, np.int64))


def new_lots(fills: int) -> Lots:
    """Free slots for the lots of so many fills."""
    price, opened, quantity = np.empty((3, fills))
    entry, other = np.empty((2, fills), np.int64)
    following = np.arange(1, fills + 1)
    free, taken = np.zeros(1, np.int64), np.zeros(1, np.int64)
    return Lots(entry, price, opened, quantity, following, other, free, taken)
