"""Excursion kernels: the best and the worst that a trip's own units stood at.

Prices lie in a tree of extremes, so that a trip of a year asks no more than one of a
minute. A price counts where it is known to have been within the asked time: the close of
a bar that closed there, its high and low only where the bar before it had closed already.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "Extremes",
    "Prices",
    "ReducedLegs",
    "Steps",
    "follow_reduced",
    "follow_steps",
    "grow_trees",
    "new_extremes",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


# These stand here because the compiled code is kept on disk until this file changes.
class Prices(NamedTuple):
    """Prices of some series, one after the other, in order of time, each time once.

    ``highest`` and ``lowest`` are trees of shape (2 * n_prices,): entry i holds the extreme
    of its children 2 * i and 2 * i + 1, the leaves are the highs and lows. ``high_close``
    and ``low_close`` differ where several prices were given for one time.
    """

    time: Integers
    highest: Floats
    lowest: Floats
    high_close: Floats
    low_close: Floats


class Steps(NamedTuple):
    """The own fills of each trip, in order; those of trip t are first[t] to first[t + 1].

    ``change`` is what a fill added to the trip's units, negative for what it took;
    ``start`` and ``stop`` are the prices of the trip's series.
    """

    first: Integers
    time: Integers
    price: Floats
    change: Floats
    side: Floats
    multiplier: Floats
    start: Integers
    stop: Integers


class ReducedLegs(NamedTuple):
    """Legs sorted by book, then canonical order, where each exit is a trip of its own.

    ``begins`` says that a position begins; ``before`` and ``after`` are its unsigned size,
    ``average`` its price before the leg; the rest is as of `Steps`.
    """

    begins: npt.NDArray[np.bool_]
    time: Integers
    price: Floats
    opened: Floats
    closed: Floats
    before: Floats
    after: Floats
    average: Floats
    side: Floats
    multiplier: Floats
    start: Integers
    stop: Integers


class Extremes(NamedTuple):
    """Of each trip: worst and best open P&L, and the range of prices in its life.

    ``known`` says that there was a price in its life beside its own fills.
    """

    worst: Floats
    best: Floats
    highest: Floats
    lowest: Floats
    known: npt.NDArray[np.bool_]


def new_extremes(trips: int) -> Extremes:
    """Room for what the kernels say of so many trips."""
    worst, best, highest, lowest = np.empty((4, trips))
    return Extremes(worst, best, highest, lowest, np.empty(trips, np.bool_))


@numba.njit(cache=True)
def grow_trees(highest: Floats, lowest: Floats) -> None:
    """Fill the inner nodes of both trees from their leaves."""
    for node in range(highest.size // 2 - 1, 0, -1):
        highest[node] = max(highest[2 * node], highest[2 * node + 1])
        lowest[node] = min(lowest[2 * node], lowest[2 * node + 1])


@numba.njit(cache=True)
def extremes(prices: Prices, start: int, stop: int, after: int, until: int) -> tuple[float, float]:
    """Return highest and lowest price of (after, until]; -inf and inf where there is none.

    A bar is taken to have begun when the one before it closed; when the first one began
    is not known.
    """
    time = prices.time[start:stop]
    left = start + np.searchsorted(time, after, side="right")
    right = start + np.searchsorted(time, until, side="right")
    highest, lowest = -np.inf, np.inf
    if left == right:
        return highest, lowest
    if left == start or prices.time[left - 1] != after:
        highest, lowest = prices.high_close[left], prices.low_close[left]
        left += 1
    size = prices.time.size
    left, right = left + size, right + size
    while left < right:
        if left & 1:
            highest, lowest = max(highest, prices.highest[left]), min(lowest, prices.lowest[left])
            left += 1
        if right & 1:
            right -= 1
            highest, lowest = max(highest, prices.highest[right]), min(lowest, prices.lowest[right])
        left, right = left >> 1, right >> 1
    return highest, lowest


@numba.njit(cache=True)
def gains(side: float, average: float, highest: float, lowest: float) -> tuple[float, float]:
    """Return the worst and best gain of a unit within a range of prices."""
    if side > 0.0:
        return lowest - average, highest - average
    return average - highest, average - lowest


@numba.njit(cache=True)
def note_life(
    found: Extremes, trip: int, life: tuple[float, float], own: tuple[float, float]
) -> None:
    """Note the range of a trip's prices, and whether any was not of its own fills."""
    found.known[trip] = life[0] >= life[1]
    found.highest[trip] = max(life[0], own[0])
    found.lowest[trip] = min(life[1], own[1])


@numba.njit(cache=True)
def follow_steps(steps: Steps, prices: Prices, found: Extremes) -> None:
    """Follow what each trip realised and held, from fill to fill, at average cost.

    Realised and open P&L together do not depend on the cost method.
    """
    for trip in range(steps.side.size):
        first, last = steps.first[trip], steps.first[trip + 1] - 1
        start, stop = steps.start[trip], steps.stop[trip]
        side, multiplier = steps.side[trip], steps.multiplier[trip]
        held = realized = worst = best = 0.0
        average = high = low = steps.price[first]
        for i in range(first, last + 1):
            price, change = steps.price[i], steps.change[i]
            if i > first:
                top, bottom = extremes(prices, start, stop, steps.time[i - 1], steps.time[i])
                top, bottom = max(top, price), min(bottom, price)
                loss, gain = gains(side, average, top, bottom)
                worst = min(worst, realized + loss * held * multiplier)
                best = max(best, realized + gain * held * multiplier)
                high, low = max(high, price), min(low, price)
            if change > 0.0:
                held += change
                average += (price - average) * (change / held)
            elif change < 0.0:
                loss, gain = gains(side, average, price, price)
                realized += gain * -change * multiplier
                held += change
        found.worst[trip], found.best[trip] = worst, best
        life = extremes(prices, start, stop, steps.time[first], steps.time[last])
        note_life(found, trip, life, (high, low))


@numba.njit(cache=True)
def follow_reduced(legs: ReducedLegs, prices: Prices, found: Extremes) -> None:
    """Follow the open unit of each position; each exit takes some of them as its trip.

    A unit of a position that is added to is made of the old units and the new, which
    stood at nothing before; exits leave it as it was.
    """
    trip = 0
    worst = best = high = low = 0.0
    entered = since = 0
    for i in range(legs.time.size):
        time, price = legs.time[i], legs.price[i]
        if legs.begins[i]:
            worst = best = 0.0
            high = low = price
            entered = since = time
            continue
        start, stop = legs.start[i], legs.stop[i]
        top, bottom = extremes(prices, start, stop, since, time)
        top, bottom = max(top, price), min(bottom, price)
        loss, gain = gains(legs.side[i], legs.average[i], top, bottom)
        loss, gain = min(loss, worst), max(gain, best)
        if legs.closed[i] > 0.0:
            found.worst[trip] = loss * legs.closed[i] * legs.multiplier[i]
            found.best[trip] = gain * legs.closed[i] * legs.multiplier[i]
            life = extremes(prices, start, stop, entered, time)
            note_life(found, trip, life, (max(high, price), min(low, price)))
            trip += 1
        elif legs.opened[i] > 0.0:
            part = legs.before[i] / legs.after[i]
            worst, best, since = loss * part, gain * part, time
            high, low = max(high, price), min(low, price)
