"""The kernel of the metrics: round trips fold into tallies, and trades into days.

A tally is 15 numbers; sums in it are pairs, high and low. A row is one strategy on one
day, as a whole or of one label, with a tally among its values. Rows lie in arrays and
are found by their key through open addressing. What a row was before the last mark is
kept when it is first changed after it, so that a caller can go back.

Kernels take plain arrays and the tuples of this file: one drawn up elsewhere could
change its fields without numba's cache on disk noticing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = [
    "OpenTrips", "Rows", "Trades", "Undo", "drop_rows", "follow_trades", "index_rows",
    "mark_days", "rows_of",
]  # fmt: skip

(
    N, WINS, LOSSES, GAIN, GAIN_LOW, LOSS, LOSS_LOW, SQUARE, SQUARE_LOW,
    BEST, WORST, LONGEST_WIN, LONGEST_LOSS, FIRST_RUN, LAST_RUN,
) = range(15)  # fmt: skip
TALLY_FIELDS = 15
SPLIT = 134217729.0  # 2**27 + 1: halves a float64 mantissa (Dekker 1971)
FILLS, PNL, PNL_LOW, FEES, FEES_LOW, MARKED, NAV, RETURN, TALLY = range(9)
FIELDS = TALLY + TALLY_FIELDS
WHOLE = -1  # the label of a row that is the whole day
COUNT, KEPT, MARK = range(3)  # places in the counts: rows, kept rows, number of the last mark
_MIX, _BITS = 40_503, (1 << 40) - 1  # Knuth's multiplier; products stay within 64 bits

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


class Trades(NamedTuple):
    """Trades in canonical order; ``labels`` are bits, 64 a word, of shape (n_trades, n_words)."""

    owner: Integers
    book: Integers
    day: Integers
    pnl: Floats
    fees: Floats
    position: Floats
    trip: Floats
    labels: Words


class Rows(NamedTuple):
    """Rows by number: key (owner, day, label), values, last mark before its last change.

    ``before`` is the row of the same owner that was begun before it, ``newest`` the last
    row of each owner; -1 is none.
    """

    keys: Integers
    values: Floats
    changed: Integers
    before: Integers
    newest: Integers
    slots: Integers
    counts: Integers


class OpenTrips(NamedTuple):
    """By book: whether a round trip is open, and the labels of the fill that opened it."""

    is_open: npt.NDArray[np.bool_]
    entry: Words


class Undo(NamedTuple):
    """What rows were before their first change since the last mark."""

    rows: Integers
    values: Floats


@njit(cache=True)
def add_exactly(state: npt.NDArray[np.float64], field: int, high: float, low: float) -> None:
    """Add a pair to the pair at ``field``, keeping the rounding error (Knuth)."""
    total = state[field] + high
    part = total - state[field]
    error = (state[field] - (total - part)) + (high - part)
    error += state[field + 1] + low
    state[field] = total + error
    state[field + 1] = error - (state[field] - total)


@njit(cache=True)
def add_square(state: npt.NDArray[np.float64], value: float) -> None:
    """Add ``value * value`` with the part that float64 rounds away (Dekker)."""
    scaled = SPLIT * value
    high = scaled - (scaled - value)
    low = value - high
    square = value * value
    add_exactly(state, SQUARE, square, ((high * high - square) + 2.0 * high * low) + low * low)


@njit(cache=True)
def add_trip(state: npt.NDArray[np.float64], value: float) -> None:
    """Fold a closed round trip into a state."""
    if state[N] == 0.0 or value > state[BEST]:
        state[BEST] = value
    if state[N] == 0.0 or value < state[WORST]:
        state[WORST] = value
    add_square(state, value)
    run = 0.0
    if value > 0.0:
        state[WINS] += 1.0
        add_exactly(state, GAIN, value, 0.0)
        run = max(state[LAST_RUN], 0.0) + 1.0
        state[LONGEST_WIN] = max(state[LONGEST_WIN], run)
    elif value < 0.0:
        state[LOSSES] += 1.0
        add_exactly(state, LOSS, -value, 0.0)
        run = min(state[LAST_RUN], 0.0) - 1.0
        state[LONGEST_LOSS] = max(state[LONGEST_LOSS], -run)
    if abs(run) == state[N] + 1.0:
        state[FIRST_RUN] = run
    state[LAST_RUN] = run
    state[N] += 1.0


@njit(cache=True)
def add_trips(state: npt.NDArray[np.float64], pnl: npt.NDArray[np.float64]) -> None:
    """Fold closed round trips into a state, in order."""
    for value in pnl:
        add_trip(state, value)


@njit(cache=True)
def merge_states(state: npt.NDArray[np.float64], later: npt.NDArray[np.float64]) -> None:
    """Fold tallies, one a row and earlier rows first, into a state."""
    for row in range(later.shape[0]):
        other = later[row]
        if other[N] == 0.0:
            continue
        if state[N] == 0.0:
            state[:] = other
            continue
        joined = 0.0
        if state[LAST_RUN] * other[FIRST_RUN] > 0.0:
            joined = state[LAST_RUN] + other[FIRST_RUN]
        if abs(state[FIRST_RUN]) == state[N] and joined != 0.0:
            state[FIRST_RUN] = joined
        whole = abs(other[FIRST_RUN]) == other[N]
        state[LAST_RUN] = joined if whole and joined != 0.0 else other[LAST_RUN]
        state[LONGEST_WIN] = max(state[LONGEST_WIN], other[LONGEST_WIN], joined)
        state[LONGEST_LOSS] = max(state[LONGEST_LOSS], other[LONGEST_LOSS], -joined)
        state[BEST] = max(state[BEST], other[BEST])
        state[WORST] = min(state[WORST], other[WORST])
        for field in (N, WINS, LOSSES):
            state[field] += other[field]
        for field in (GAIN, LOSS, SQUARE):
            add_exactly(state, field, other[field], other[field + 1])


@njit(cache=True)
def slot_of(rows: Rows, owner: int, day: int, label: int) -> int:
    """Find the slot of a key, or the free one where it belongs."""
    mixed = (owner * _MIX + day) & _BITS
    mixed = (mixed * _MIX + label) & _BITS
    slot = (mixed ^ (mixed >> 17)) & (rows.slots.size - 1)
    while rows.slots[slot] > 0:
        key = rows.keys[rows.slots[slot] - 1]
        if key[0] == owner and key[1] == day and key[2] == label:
            break
        slot = (slot + 1) & (rows.slots.size - 1)
    return int(slot)


@njit(cache=True)
def row_of(rows: Rows, undo: Undo, owner: int, day: int, label: int) -> int:
    """Find the row of a key that is about to change, or begin one."""
    counts = rows.counts
    slot = slot_of(rows, owner, day, label)
    row = int(rows.slots[slot]) - 1
    if row < 0:
        row = int(counts[COUNT])
        counts[COUNT] += 1
        rows.slots[slot] = row + 1
        rows.keys[row, 0], rows.keys[row, 1], rows.keys[row, 2] = owner, day, label
        rows.before[row], rows.newest[owner] = rows.newest[owner], row
        rows.values[row] = 0.0
        rows.values[row, MARKED : RETURN + 1] = math.nan
    elif rows.changed[row] < counts[MARK]:
        undo.rows[counts[KEPT]] = row
        undo.values[counts[KEPT]] = rows.values[row]
        counts[KEPT] += 1
    rows.changed[row] = counts[MARK]
    return int(row)


@njit(cache=True)
def index_rows(rows: Rows) -> None:
    """Find slots and neighbours of all rows anew from their keys."""
    rows.slots[:] = 0
    rows.newest[:] = -1
    for row in range(rows.counts[COUNT]):
        key = rows.keys[row]
        rows.slots[slot_of(rows, key[0], key[1], key[2])] = row + 1
        rows.before[row], rows.newest[key[0]] = rows.newest[key[0]], row


@njit(cache=True)
def drop_rows(rows: Rows, count: int) -> None:
    """Leave only the first rows; those begun last stand in nobody's way to a slot."""
    for row in range(rows.counts[COUNT] - 1, count - 1, -1):
        key = rows.keys[row]
        rows.slots[slot_of(rows, key[0], key[1], key[2])] = 0
        rows.newest[key[0]] = rows.before[row]
    rows.counts[COUNT] = count


@njit(cache=True)
def rows_of(rows: Rows, owner: int) -> Integers:
    """Give the rows of one owner, in the order in which they were begun."""
    count, row = 0, rows.newest[owner]
    while row >= 0:
        count, row = count + 1, rows.before[row]
    found, row = np.empty(count, np.int64), rows.newest[owner]
    while row >= 0:
        count -= 1
        found[count], row = row, rows.before[row]
    return found


@njit(cache=True)
def follow_trades(trades: Trades, start: int, rows: Rows, trips: OpenTrips, undo: Undo) -> int:
    """Fold trades into their days.

    Parameters
    ----------
    trades : Trades
        In canonical order.
    start : int
        The first one to take.
    rows, trips, undo
        Changed in place.

    Returns
    -------
    int
        The first one for which there may not be room; all were taken where it is their
        number.
    """
    most = 1 + 64 * trades.labels.shape[1]  # rows that one trade may begin or change
    counts = rows.counts
    for i in range(start, trades.owner.size):
        if counts[COUNT] + most > rows.keys.shape[0] or counts[KEPT] + most > undo.rows.size:
            return i
        owner, day, book = trades.owner[i], trades.day[i], trades.book[i]
        row = row_of(rows, undo, owner, day, WHOLE)
        rows.values[row, FILLS] += 1.0
        add_exactly(rows.values[row], PNL, trades.pnl[i], 0.0)
        add_exactly(rows.values[row], FEES, trades.fees[i], 0.0)
        if not trips.is_open[book]:
            trips.is_open[book] = True
            trips.entry[book] = trades.labels[i]
        if math.isnan(trades.trip[i]):
            # flat without a known P&L: the trip is over, and not counted
            trips.is_open[book] &= trades.position[i] != 0.0
            continue
        add_trip(rows.values[row, TALLY:], trades.trip[i])
        for word in range(trades.labels.shape[1]):
            bits, label = trips.entry[book, word] | trades.labels[i, word], 64 * word
            while bits:
                if bits & np.uint64(1):
                    of_label = row_of(rows, undo, owner, day, label)
                    add_trip(rows.values[of_label, TALLY:], trades.trip[i])
                bits, label = bits >> np.uint64(1), label + 1
        if trades.position[i] == 0.0:
            trips.is_open[book] = False
        else:  # turned: the same fill opens the next trip
            trips.entry[book] = trades.labels[i]
    return trades.owner.size


@njit(cache=True)
def mark_days(
    owner: Integers, day: Integers, found: Floats, start: int, rows: Rows, undo: Undo
) -> int:
    """Set P&L, value and return of marked days, of shape (n_days, 3); as `follow_trades`."""
    for i in range(start, owner.size):
        if rows.counts[COUNT] == rows.keys.shape[0] or rows.counts[KEPT] == undo.rows.size:
            return i
        row = row_of(rows, undo, owner[i], day[i], WHOLE)
        rows.values[row, MARKED : RETURN + 1] = found[i]
    return owner.size
