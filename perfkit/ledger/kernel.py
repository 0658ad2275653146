"""Kernels: fills in, positions, cost and realised P&L out, one pass, any number of books.

Two loops over fills in canonical order: a cost method (`average_cost` or `fifo_cost`)
says what each fill realised, then `follow_trips` says where in the life of its
position it stands. All that a loop must remember lies in ``books``, ``lots`` and
``strategies``, so two calls with half of the fills each are one call with all of
them, bit for bit.

A cost method is the place where a new lot is put: closing always takes the lots from
the head of the book's chain. FIFO puts them at the tail.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "FLAT",
    "NO_LOT",
    "Costs",
    "Fills",
    "Lots",
    "Matches",
    "Trips",
    "add",
    "average_cost",
    "closed_part",
    "fifo_cost",
    "follow_trips",
    "opened_part",
]

FLAT = 1e-9  # of the volume traded since flat: 0.1 + 0.2 - 0.3 is flat
USUAL = 20  # opening fills in the running average of what is usual
USUAL_SHORTEST = 5  # below that nothing is usual yet
NO_LOT = -1


# These stand here because the compiled code is kept on disk until this file changes.
class Fills(NamedTuple):
    """Fills in canonical order: signed quantity, time in microseconds since 1970.

    ``book`` is the index of the fill's book, ``first`` the first fill's number in history.
    """

    book: npt.NDArray[np.int64]
    quantity: npt.NDArray[np.float64]
    price: npt.NDArray[np.float64]
    commission: npt.NDArray[np.float64]
    time: npt.NDArray[np.int64]
    first: int


class Costs(NamedTuple):
    """What a cost method says of each fill; an average price is NaN when flat."""

    realized: npt.NDArray[np.float64]
    position_before: npt.NDArray[np.float64]
    position: npt.NDArray[np.float64]
    average_before: npt.NDArray[np.float64]
    average: npt.NDArray[np.float64]


class Trips(NamedTuple):
    """Where in the life of its position each fill stands; NaN where undefined."""

    entry_time: npt.NDArray[np.int64]
    fills_since_flat: npt.NDArray[np.int64]
    usual_notional: npt.NDArray[np.float64]
    trip_pnl: npt.NDArray[np.float64]
    cumulative_pnl: npt.NDArray[np.float64]


class Lots(NamedTuple):
    """Open lots of all books, each book's chained by ``next``, and the free slots likewise.

    ``entry`` is the number of the fill that opened the lot, ``opened`` its first quantity;
    ``free`` holds the first free slot, ``open`` how many are taken.
    """

    entry: npt.NDArray[np.int64]
    price: npt.NDArray[np.float64]
    opened: npt.NDArray[np.float64]
    quantity: npt.NDArray[np.float64]
    next: npt.NDArray[np.int64]
    free: npt.NDArray[np.int64]
    open: npt.NDArray[np.int64]


class Matches(NamedTuple):
    """Pairs of fills, by number, and the quantity they closed; ``matched`` counts them."""

    entry: npt.NDArray[np.int64]
    exit: npt.NDArray[np.int64]
    quantity: npt.NDArray[np.float64]
    matched: npt.NDArray[np.int64]


@numba.njit(cache=True)
def add(total: float, low: float, term: float) -> tuple[float, float]:
    """Add a term to a compensated sum (Knuth's two-sum); its value is total + low."""
    result = total + term
    part = result - total
    return result, low + ((total - (result - part)) + (term - part))


@numba.njit(cache=True)
def move_position(book: Any, quantity: float) -> float:
    """Add a signed quantity to the book's position; return it, exactly 0 when flat."""
    before = book["position"] + book["position_low"]
    book["position"], book["position_low"] = add(book["position"], book["position_low"], quantity)
    book["traded"] += abs(quantity)
    after: float = book["position"] + book["position_low"]
    if abs(after) < FLAT * book["traded"]:
        after = 0.0
    if after == 0.0 or (before != 0.0 and (before > 0.0) != (after > 0.0)):
        book["position"], book["position_low"], book["traded"] = after, 0.0, abs(after)
    return after


@numba.njit(cache=True)
def closed_part(before: float, after: float, quantity: float) -> float:
    """Return how much of the position before a fill the fill closed, unsigned."""
    if before == 0.0 or (before > 0.0) == (quantity > 0.0):
        return 0.0
    return abs(before) if after != 0.0 and (before > 0.0) != (after > 0.0) else abs(quantity)


@numba.njit(cache=True)
def opened_part(before: float, after: float, quantity: float) -> float:
    """Return how much of a fill opened or increased the position, unsigned."""
    if after == 0.0:
        return 0.0
    if before == 0.0 or (before > 0.0) == (quantity > 0.0):
        return abs(quantity)
    return abs(after) if (before > 0.0) != (after > 0.0) else 0.0


@numba.njit(cache=True)
def average_cost(fills: Fills, books: Any, costs: Costs) -> None:
    """Cost by average price: reducing leaves it, a flip reopens at the fill's price."""
    for i in range(fills.book.size):
        book = books[fills.book[i]]
        quantity, price = fills.quantity[i], fills.price[i]
        before, average = book["position"] + book["position_low"], book["average_price"]
        after = move_position(book, quantity)
        closed, opened = closed_part(before, after, quantity), opened_part(before, after, quantity)
        costs.position_before[i], costs.average_before[i] = before, average
        costs.realized[i] = 0.0
        if closed > 0.0:
            gain = price - average if before > 0.0 else average - price
            costs.realized[i] = gain * closed * book["multiplier"]
        if after == 0.0:
            average = np.nan
        elif opened > 0.0:
            is_new = before == 0.0 or closed > 0.0
            average = price if is_new else average + (price - average) * (opened / abs(after))
        book["average_price"] = average
        costs.position[i], costs.average[i] = after, average


@numba.njit(cache=True)
def fifo_cost(fills: Fills, books: Any, lots: Lots, matches: Matches, costs: Costs) -> None:
    """Cost by first in, first out: an exit closes the oldest open lots.

    There must be at least as many free lots as fills, and room for two matches a fill.
    """
    for i in range(fills.book.size):
        book = books[fills.book[i]]
        quantity, price, number = fills.quantity[i], fills.price[i], fills.first + i
        before = book["position"] + book["position_low"]
        costs.position_before[i], costs.average_before[i] = before, book["average_price"]
        after = move_position(book, quantity)
        closed, opened = closed_part(before, after, quantity), opened_part(before, after, quantity)
        costs.realized[i] = 0.0
        if closed > 0.0:
            gain = close_lots(book, lots, matches, closed, price, number)
            costs.realized[i] = (gain if before > 0.0 else -gain) * book["multiplier"]
            if after == 0.0 or opened > 0.0:
                release_lots(book, lots)
        if opened > 0.0:
            append_lot(book, lots, opened, price, number)
        average = np.nan if after == 0.0 else (book["cost"] + book["cost_low"]) / abs(after)
        book["average_price"] = average
        costs.position[i], costs.average[i] = after, average


@numba.njit(cache=True)
def close_lots(
    book: Any, lots: Lots, matches: Matches, quantity: float, price: float, number: int
) -> float:
    """Take a quantity off the head of the book's lots; return price gained x quantity."""
    gain, low, remaining = 0.0, 0.0, quantity
    # What rounding leaves of an exit or of a lot is not worth a match of its own.
    while remaining > FLAT * quantity and book["head"] != NO_LOT:
        lot = book["head"]
        taken = min(remaining, lots.quantity[lot])
        gain, low = add(gain, low, taken * (price - lots.price[lot]))
        book["cost"], book["cost_low"] = add(
            book["cost"], book["cost_low"], -taken * lots.price[lot]
        )
        match = matches.matched[0]
        matches.entry[match], matches.exit[match] = lots.entry[lot], number
        matches.quantity[match] = taken
        matches.matched[0] = match + 1
        remaining -= taken
        lots.quantity[lot] -= taken
        if lots.quantity[lot] < FLAT * lots.opened[lot]:
            release_head(book, lots)
    return gain + low


@numba.njit(cache=True)
def append_lot(book: Any, lots: Lots, quantity: float, price: float, number: int) -> None:
    """Put a new lot at the tail of the book's chain: the place that makes it FIFO."""
    lot = lots.free[0]
    lots.free[0], lots.open[0] = lots.next[lot], lots.open[0] + 1
    lots.entry[lot], lots.price[lot], lots.next[lot] = number, price, NO_LOT
    lots.opened[lot] = lots.quantity[lot] = quantity
    if book["head"] == NO_LOT:
        book["head"] = lot
    else:
        lots.next[book["tail"]] = lot
    book["tail"] = lot
    book["cost"], book["cost_low"] = add(book["cost"], book["cost_low"], quantity * price)


@numba.njit(cache=True)
def release_head(book: Any, lots: Lots) -> None:
    """Give the slot of the book's first lot back."""
    lot = book["head"]
    book["head"] = lots.next[lot]
    lots.next[lot] = lots.free[0]
    lots.free[0], lots.open[0] = lot, lots.open[0] - 1


@numba.njit(cache=True)
def release_lots(book: Any, lots: Lots) -> None:
    """Give all slots of a book that is flat back, and forget its cost."""
    while book["head"] != NO_LOT:
        release_head(book, lots)
    book["cost"] = book["cost_low"] = 0.0


@numba.njit(cache=True)
def follow_trips(fills: Fills, costs: Costs, books: Any, strategies: Any, trips: Trips) -> None:
    """Follow each position from flat to flat, and each strategy's P&L.

    The fee of a flip is split by quantity between the trip it closes and the one it opens.
    """
    for i in range(fills.book.size):
        book = books[fills.book[i]]
        before, after, quantity = costs.position_before[i], costs.position[i], fills.quantity[i]
        closed, opened = closed_part(before, after, quantity), opened_part(before, after, quantity)
        fee, realized = fills.commission[i], costs.realized[i]
        if before == 0.0:
            book["entry_time"] = fills.time[i]
        trips.entry_time[i] = book["entry_time"]
        trips.fills_since_flat[i] = book["fills_since_flat"]
        trips.usual_notional[i] = np.nan
        if book["entries"] >= USUAL_SHORTEST:
            trips.usual_notional[i] = book["usual_notional"]
        opening_fee = fee * (opened / abs(quantity)) if closed > 0.0 else 0.0
        book["trip"], book["trip_low"] = add(
            book["trip"], book["trip_low"], realized - (fee - opening_fee)
        )
        book["fills_since_flat"] += 1
        trips.trip_pnl[i] = np.nan
        if closed > 0.0 and (after == 0.0 or opened > 0.0):
            trips.trip_pnl[i] = book["trip"] + book["trip_low"]
            book["trip"], book["trip_low"] = -opening_fee, 0.0
            book["entry_time"] = fills.time[i]
            book["fills_since_flat"] = 0 if after == 0.0 else 1
        if opened > 0.0:
            follow_usual(book, opened * abs(fills.price[i]) * book["multiplier"])
        total_up(book, strategies[book["strategy"]], realized, fee)
        strategy = strategies[book["strategy"]]
        trips.cumulative_pnl[i] = strategy["pnl"] + strategy["pnl_low"]


@numba.njit(cache=True)
def follow_usual(book: Any, notional: float) -> None:
    """Update the running average: plain up to 20 entries, then exponential with 1/20."""
    book["entries"] += 1
    book["usual_notional"] += (notional - book["usual_notional"]) / min(book["entries"], USUAL)


@numba.njit(cache=True)
def total_up(book: Any, strategy: Any, realized: float, fee: float) -> None:
    """Add a fill to the totals of its book and its strategy."""
    book["fills"] += 1
    book["realized"], book["realized_low"] = add(book["realized"], book["realized_low"], realized)
    book["fees"], book["fees_low"] = add(book["fees"], book["fees_low"], fee)
    strategy["pnl"], strategy["pnl_low"] = add(strategy["pnl"], strategy["pnl_low"], realized - fee)
