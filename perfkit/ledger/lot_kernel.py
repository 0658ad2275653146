"""Lots: which open entry an exit closes, first in, last in, or highest cost first.

Closing always takes the first lot of the book. The methods differ in one place alone,
where a new lot is put: FIFO at the tail of a chain, LIFO at its head, HIFO into a heap
(Sleator and Tarjan's skew heap, 1986) whose root is the lot with the least to gain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["FIFO", "HIFO", "LIFO", "NO_LOT", "Lots", "Matches", "lot_cost"]

FLAT = 1e-9  # of the lot: what rounding leaves is not open
NO_LOT = -1
FIFO, LIFO, HIFO = 0, 1, 2


# These stand here because the compiled code is kept on disk until this file changes.
class Lots(NamedTuple):
    """Open lots of all books, each book's linked by ``next``, and the free slots likewise.

    ``entry`` is the number of the fill that opened the lot, ``opened`` its first quantity,
    ``other`` the second child in a heap; ``free`` holds the first free slot, ``open`` how
    many are taken.
    """

    entry: npt.NDArray[np.int64]
    price: npt.NDArray[np.float64]
    opened: npt.NDArray[np.float64]
    quantity: npt.NDArray[np.float64]
    next: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    free: npt.NDArray[np.int64]
    open: npt.NDArray[np.int64]


class Matches(NamedTuple):
    """Pairs of fills, by number, and the quantity they closed; ``matched`` counts them."""

    entry: npt.NDArray[np.int64]
    exit: npt.NDArray[np.int64]
    quantity: npt.NDArray[np.float64]
    matched: npt.NDArray[np.int64]


@numba.njit(cache=True)
def lot_cost(
    fills: Any, moves: Any, books: Any, state: Any, lots: Lots, matches: Matches, costs: Any,
    method: int,
) -> None:  # fmt: skip
    """Cost by lots.

    There must be at least as many free lots as fills, and room for two matches a fill and
    one for each lot that is open before.
    """
    for i in range(fills.book.size):
        own, price, number = state[fills.book[i]], fills.price[i], fills.first + i
        before, after = moves.before[i], moves.after[i]
        closed, opened = moves.closed[i], moves.opened[i]
        costs.average_before[i] = own["average_price"]
        costs.realized[i] = 0.0
        if closed > 0.0:
            gain = close_lots(own, lots, matches, closed, price, number, method, before > 0.0)
            multiplier = books[fills.book[i]]["multiplier"]
            costs.realized[i] = (gain if before > 0.0 else -gain) * multiplier
            if after == 0.0 or opened > 0.0:
                release_lots(own, lots, method, before > 0.0)
        if opened > 0.0:
            open_lot(own, lots, opened, price, number, method, after > 0.0)
        average = np.nan if after == 0.0 else (own["cost"] + own["cost_low"]) / abs(after)
        own["average_price"] = costs.average[i] = average


@numba.njit(cache=True)
def close_lots(
    own: Any, lots: Lots, matches: Matches, quantity: float, price: float, number: int,
    method: int, is_long: bool,
) -> float:  # fmt: skip
    """Take a quantity off the book's first lots; return price gained x quantity."""
    gain, low, remaining = 0.0, 0.0, quantity
    # What rounding leaves of an exit or of a lot is not worth a match of its own.
    while remaining > FLAT * quantity and own["head"] != NO_LOT:
        lot = own["head"]
        taken = min(remaining, lots.quantity[lot])
        gain, low = add(gain, low, taken * (price - lots.price[lot]))
        own["cost"], own["cost_low"] = add(own["cost"], own["cost_low"], -taken * lots.price[lot])
        match = matches.matched[0]
        matches.entry[match], matches.exit[match] = lots.entry[lot], number
        matches.quantity[match] = taken
        matches.matched[0] = match + 1
        remaining -= taken
        lots.quantity[lot] -= taken
        if lots.quantity[lot] <= FLAT * lots.opened[lot]:
            release_first(own, lots, method, is_long)
    return gain + low


@numba.njit(cache=True)
def add(total: float, low: float, term: float) -> tuple[float, float]:
    """Add a term to a compensated sum, as `kernel.add` does; compiled code shares no files."""
    result = total + term
    part = result - total
    return result, low + ((total - (result - part)) + (term - part))


@numba.njit(cache=True)
def open_lot(
    own: Any, lots: Lots, quantity: float, price: float, number: int, method: int, is_long: bool
) -> None:
    """Put a new lot where its method has it closed."""
    lot = lots.free[0]
    lots.free[0], lots.open[0] = lots.next[lot], lots.open[0] + 1
    lots.entry[lot], lots.price[lot] = number, price
    lots.next[lot] = lots.other[lot] = NO_LOT
    lots.opened[lot] = lots.quantity[lot] = quantity
    if method == HIFO:
        own["head"] = melded(lots, own["head"], lot, is_long)
    elif method == LIFO:
        lots.next[lot], own["head"] = own["head"], lot
    elif own["head"] == NO_LOT:
        own["head"] = own["tail"] = lot
    else:
        lots.next[own["tail"]] = own["tail"] = lot
    own["cost"], own["cost_low"] = add(own["cost"], own["cost_low"], quantity * price)


@numba.njit(cache=True)
def comes_first(lots: Lots, one: int, other: int, is_long: bool) -> bool:
    """Tell whether a lot has less to gain than another; of equals the older comes first."""
    if lots.price[one] == lots.price[other]:
        return bool(lots.entry[one] < lots.entry[other])
    return bool((lots.price[one] > lots.price[other]) == is_long)


@numba.njit(cache=True)
def melded(lots: Lots, one: int, other: int, is_long: bool) -> int:
    """Meld two skew heaps; return the root. ``next`` and ``other`` are the children."""
    if min(one, other) == NO_LOT:
        return max(one, other)
    if comes_first(lots, other, one, is_long):
        one, other = other, one
    root = one
    while True:
        below = lots.other[one]
        lots.other[one] = lots.next[one]
        if below == NO_LOT:
            lots.next[one] = other
            return root
        if comes_first(lots, other, below, is_long):
            below, other = other, below
        lots.next[one] = one = below


@numba.njit(cache=True)
def release_first(own: Any, lots: Lots, method: int, is_long: bool) -> None:
    """Give the slot of the book's first lot back."""
    lot = own["head"]
    following = lots.next[lot]
    own["head"] = melded(lots, following, lots.other[lot], is_long) if method == HIFO else following
    lots.next[lot] = lots.free[0]
    lots.free[0], lots.open[0] = lot, lots.open[0] - 1


@numba.njit(cache=True)
def release_lots(own: Any, lots: Lots, method: int, is_long: bool) -> None:
    """Give all slots of a book that is flat back, and forget its cost."""
    while own["head"] != NO_LOT:
        release_first(own, lots, method, is_long)
    own["cost"] = own["cost_low"] = 0.0
