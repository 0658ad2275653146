"""State: what the kernels remember between calls, and room for what they write.

Plain arrays only, so that compiled and plain Python code see the same thing. One
record a book and one a strategy carry everything from one batch to the next.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from perfkit.ledger.kernel import NO_LOT, Costs, Lots, Matches, Trips

__all__ = [
    "BOOK",
    "STRATEGY",
    "new_books",
    "new_costs",
    "new_lots",
    "new_matches",
    "new_trips",
]

# One record a book. `x` and `x_low` are the two halves of a compensated sum.
BOOK = np.dtype(
    [
        ("strategy", np.int64),
        ("multiplier", np.float64),
        ("currency", np.int64),  # number in `Books.currencies`, -1 when not said
        ("position", np.float64),
        ("position_low", np.float64),
        ("traded", np.float64),  # volume since flat
        ("average_price", np.float64),  # NaN when flat
        ("cost", np.float64),  # sum of price x quantity of the open lots
        ("cost_low", np.float64),
        ("head", np.int64),
        ("tail", np.int64),
        ("realized", np.float64),
        ("realized_low", np.float64),
        ("fees", np.float64),
        ("fees_low", np.float64),
        ("trip", np.float64),  # net P&L since flat
        ("trip_low", np.float64),
        ("entry_time", np.int64),
        ("last_time", np.int64),
        ("last_sequence", np.int64),
        ("fills", np.int64),  # ever
        ("fills_since_flat", np.int64),
        ("entries", np.int64),
        ("usual_notional", np.float64),
    ]
)
STRATEGY = np.dtype([("pnl", np.float64), ("pnl_low", np.float64)])


def new_books(count: int) -> npt.NDArray[np.void]:
    """Books without a fill."""
    books = np.zeros(count, BOOK)
    books["average_price"], books["currency"] = np.nan, -1
    books["head"] = books["tail"] = NO_LOT
    books["last_time"] = books["last_sequence"] = np.iinfo(np.int64).min
    return books


def new_costs(fills: int) -> Costs:
    """Room for what a cost method says of so many fills."""
    return Costs(*np.empty((5, fills)))


def new_trips(fills: int) -> Trips:
    """Room for what `follow_trips` says of so many fills."""
    return Trips(*np.empty((2, fills), np.int64), *np.empty((3, fills)))


def new_matches(fills: int) -> Matches:
    """Room for the matches of so many fills: each ends a lot or an exit."""
    entry, exits = np.empty((2, 2 * fills), np.int64)
    return Matches(entry, exits, np.empty(2 * fills), np.zeros(1, np.int64))


def new_lots(fills: int) -> Lots:
    """Free slots for the lots of so many fills."""
    price, opened, quantity = np.empty((3, fills))
    entry, following = np.empty(fills, np.int64), np.arange(1, fills + 1)
    free, taken = np.zeros(1, np.int64), np.zeros(1, np.int64)
    return Lots(entry, price, opened, quantity, following, free, taken)
