"""Kernels: fills in, positions, cost and realised P&L out, one pass each, any number of books.

`enter_books` checks the fills against their books, `follow_positions` says what each
fill did to its position, a cost method (`average_cost` here, lots in `lot_kernel`) what
it realised, `follow_trips` where in the life of its position it stands, and
`follow_totals` sums up. All that a loop must remember lies in ``books``, ``state`` and
``totals``, so two calls with half of the fills each are one call with all of them, bit
for bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "CONTRACT_CHANGED",
    "CURRENCY_CHANGED",
    "FLAT",
    "LATE",
    "MULTIPLIER_CHANGED",
    "Costs",
    "Fills",
    "Moves",
    "Trips",
    "add",
    "average_cost",
    "closed_part",
    "enter_books",
    "follow_positions",
    "follow_totals",
    "follow_trips",
    "number_books",
    "opened_part",
]

FLAT = 1e-9  # of the volume traded since flat: 0.1 + 0.2 - 0.3 is flat
USUAL = 20  # opening fills in the running average of what is usual
USUAL_SHORTEST = 5  # below that nothing is usual yet
NO_FAULT, LATE, MULTIPLIER_CHANGED, CURRENCY_CHANGED, CONTRACT_CHANGED = 0, 1, 2, 3, 4


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

    def at(self, rows: npt.NDArray[np.intp] | slice) -> Fills:
        """Give some of them; they have no numbers of their own."""
        return Fills(
            self.book[rows], self.quantity[rows], self.price[rows], self.commission[rows],
            self.time[rows], 0,
        )  # fmt: skip


class Moves(NamedTuple):
    """What each fill did to its position: before, after, and how much it closed and opened."""

    before: npt.NDArray[np.float64]
    after: npt.NDArray[np.float64]
    closed: npt.NDArray[np.float64]
    opened: npt.NDArray[np.float64]


class Costs(NamedTuple):
    """What a cost method says of each fill; an average price is NaN when flat."""

    realized: npt.NDArray[np.float64]
    average_before: npt.NDArray[np.float64]
    average: npt.NDArray[np.float64]


class Trips(NamedTuple):
    """Where in the life of its position each fill stands; NaN where undefined."""

    entry_time: npt.NDArray[np.int64]
    fills_since_flat: npt.NDArray[np.int64]
    usual_notional: npt.NDArray[np.float64]
    trip_pnl: npt.NDArray[np.float64]


@numba.njit(cache=True)
def add(total: float, low: float, term: float) -> tuple[float, float]:
    """Add a term to a compensated sum (Knuth's two-sum); its value is total + low."""
    result = total + term
    part = result - total
    return result, low + ((total - (result - part)) + (term - part))


@numba.njit(cache=True)
def number_books(code: Any, numbers: Any, number: Any, first: Any) -> int:
    """Number codes in order of first appearance; return how many there are.

    ``numbers`` is -1 for every possible code, ``first`` takes the row of each number.
    """
    count = 0
    for i in range(code.size):
        known = numbers[code[i]]
        if known < 0:
            known = count
            numbers[code[i]], first[count] = count, i
            count += 1
        number[i] = known
    return count


@numba.njit(cache=True)
def enter_books(
    book: Any, time: Any, sequence: Any, multiplier: Any, inverse: Any, currency: Any, books: Any
) -> tuple[int, int]:
    """Note each fill's time and terms in its book; return the first that doesn't fit, and why.

    A currency below 0 is not said, a sequence below 0 not given; without ``inverse`` no
    fill is of an inverse contract.
    """
    for i in range(book.size):
        own = books[book[i]]
        if time[i] < own["last_time"] or (
            time[i] == own["last_time"] and 0 <= sequence[i] <= own["last_sequence"]
        ):
            return i, LATE
        is_inverse = inverse[i] if inverse.size else 0
        if own["inverse"] < 0:
            own["multiplier"], own["inverse"] = multiplier[i], is_inverse
        elif own["multiplier"] != multiplier[i]:
            return i, MULTIPLIER_CHANGED
        elif own["inverse"] != is_inverse:
            return i, CONTRACT_CHANGED
        if own["currency"] < 0:
            own["currency"] = currency[i]
        elif 0 <= currency[i] != own["currency"]:
            return i, CURRENCY_CHANGED
        own["last_time"], own["last_sequence"] = time[i], sequence[i]
    return -1, NO_FAULT


@numba.njit(cache=True)
def follow_positions(fills: Fills, books: Any, moves: Moves) -> None:
    """Add each fill to its book's position, exactly 0 when flat."""
    for i in range(fills.book.size):
        book, quantity = books[fills.book[i]], fills.quantity[i]
        before = book["position"] + book["position_low"]
        book["position"], book["position_low"] = add(
            book["position"], book["position_low"], quantity
        )
        book["traded"] += abs(quantity)
        after = book["position"] + book["position_low"]
        if abs(after) < FLAT * book["traded"]:
            after = 0.0
        if after == 0.0 or (before != 0.0 and (before > 0.0) != (after > 0.0)):
            book["position"], book["position_low"], book["traded"] = after, 0.0, abs(after)
        moves.before[i], moves.after[i] = before, after
        moves.closed[i] = closed_part(before, after, quantity)
        moves.opened[i] = opened_part(before, after, quantity)


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
def average_cost(fills: Fills, moves: Moves, books: Any, state: Any, costs: Costs) -> None:
    """Cost by average price: reducing leaves it, a flip reopens at the fill's price."""
    for i in range(fills.book.size):
        number = fills.book[i]
        price, average = fills.price[i], state[number]["average_price"]
        before, after = moves.before[i], moves.after[i]
        closed, opened = moves.closed[i], moves.opened[i]
        costs.average_before[i] = average
        costs.realized[i] = 0.0
        if closed > 0.0:
            gain = price - average if before > 0.0 else average - price
            costs.realized[i] = gain * closed * books[number]["multiplier"]
        if after == 0.0:
            average = np.nan
        elif opened > 0.0:
            is_new = before == 0.0 or closed > 0.0
            average = price if is_new else average + (price - average) * (opened / abs(after))
        state[number]["average_price"] = average
        costs.average[i] = average


@numba.njit(cache=True)
def follow_trips(
    fills: Fills, moves: Moves, realized: npt.NDArray[np.float64], books: Any, trips: Trips
) -> None:
    """Follow each position from flat to flat.

    The fee of a flip is split by quantity between the trip it closes and the one it opens.
    """
    for i in range(fills.book.size):
        book = books[fills.book[i]]
        before, after = moves.before[i], moves.after[i]
        closed, opened, fee = moves.closed[i], moves.opened[i], fills.commission[i]
        if before == 0.0:  # what a fee took whole left nothing to go on with
            book["entry_time"], book["fills_since_flat"] = fills.time[i], 0
            book["trip"] = book["trip_low"] = 0.0
        trips.entry_time[i] = book["entry_time"]
        trips.fills_since_flat[i] = book["fills_since_flat"]
        trips.usual_notional[i] = np.nan
        if book["entries"] >= USUAL_SHORTEST:
            trips.usual_notional[i] = book["usual_notional"]
        is_flip = closed > 0.0 and opened > 0.0  # a fee without a rate stays in its own trip
        opening_fee = fee * (opened / abs(fills.quantity[i])) if is_flip else 0.0
        book["trip"], book["trip_low"] = add(
            book["trip"], book["trip_low"], realized[i] - (fee - opening_fee)
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


@numba.njit(cache=True)
def follow_usual(book: Any, notional: float) -> None:
    """Update the running average: plain up to 20 entries, then exponential with 1/20."""
    book["entries"] += 1
    book["usual_notional"] += (notional - book["usual_notional"]) / min(book["entries"], USUAL)


@numba.njit(cache=True)
def follow_totals(
    fills: Fills,
    realized: npt.NDArray[np.float64],
    books: Any,
    state: Any,
    totals: Any,
    cumulative: npt.NDArray[np.float64],
) -> None:
    """Sum the P&L of each book, and of each strategy in each currency up to each fill."""
    for i in range(fills.book.size):
        number = fills.book[i]
        own, total = state[number], totals[books[number]["total"]]
        gain, fee = realized[i], fills.commission[i]
        own["fills"] += 1
        own["realized"], own["realized_low"] = add(own["realized"], own["realized_low"], gain)
        own["fees"], own["fees_low"] = add(own["fees"], own["fees_low"], fee)
        total["pnl"], total["pnl_low"] = add(total["pnl"], total["pnl_low"], gain - fee)
        cumulative[i] = total["pnl"] + total["pnl_low"]
