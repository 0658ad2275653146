"""The kernel of the metrics: round trips fold into tallies, and trades into days.

A tally is 18 numbers; sums in it are pairs, high and low. A row is one strategy on one
day, as a whole or of one label: a tally, and what else is known. Rows lie in arrays and
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
    "ClosedTrips", "OpenTrips", "Rows", "Trades", "Undo", "add_trips", "drop_rows",
    "follow_trades", "index_rows", "mark_days", "merge_states",
]  # fmt: skip

(
    N, WINS, LOSSES, GAIN, GAIN_LOW, LOSS, LOSS_LOW, SQUARE, SQUARE_LOW, BEST, WORST,
    LONGEST_WIN, LONGEST_LOSS, FIRST_RUN, LAST_RUN, HIGHEST, LOWEST, FALL,
) = range(18)  # fmt: skip
TALLY_FIELDS = 18
FILLS, PNL, PNL_LOW, FEES, FEES_LOW, MARKED, NAV, RETURN = range(TALLY_FIELDS, 26)
FIELDS = 26
SPLIT = 134217729.0  # 2**27 + 1: halves a float64 mantissa (Dekker 1971)
WHOLE = -1  # the label of a row that is the whole day
COUNT, KEPT, MARK = range(3)  # places in the counts: rows, kept rows, number of the last mark
_ONE = np.uint64(1)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


class Trades(NamedTuple):
    """Trades in canonical order, each a row.

    ``keys`` are owner, book and day, ``money`` P&L, fees, position after it and P&L of the
    round trip, ``labels`` bits, 64 a word.
    """

    keys: Integers
    money: Floats
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


class ClosedTrips(NamedTuple):
    """Round trips in the order in which they were added, and how many were; see `Trades`."""

    owner: Integers
    day: Integers
    pnl: Floats
    labels: Words
    added: Integers


class Undo(NamedTuple):
    """What rows were before their first change since the last mark."""

    rows: Integers
    values: Floats


@njit(cache=True)
def add_exactly(state: Floats, field: int, high: float, low: float) -> None:
    """Add a pair to the pair at ``field``, keeping the rounding error (Knuth)."""
    total = state[field] + high
    part = total - state[field]
    error = (state[field] - (total - part)) + (high - part)
    error += state[field + 1] + low
    state[field] = total + error
    state[field + 1] = error - (state[field] - total)


@njit(cache=True)
def lost_of_square(value: float) -> float:
    """Give what float64 rounds away of ``value * value`` (Dekker)."""
    scaled = SPLIT * value
    high = scaled - (scaled - value)
    low = value - high
    return float(((high * high - value * value) + 2.0 * high * low) + low * low)


@njit(cache=True)
def net_of(state: Floats) -> float:
    """Give gains less losses."""
    return float((state[GAIN] - state[LOSS]) + (state[GAIN_LOW] - state[LOSS_LOW]))


@njit(cache=True)
def add_trip(state: Floats, value: float, lost: float) -> None:
    """Fold a closed round trip into a state; ``lost`` as `lost_of_square` has it."""
    before, run = state[N], 0.0
    state[N] = before + 1.0
    state[BEST] = value if before == 0.0 else max(state[BEST], value)
    state[WORST] = value if before == 0.0 else min(state[WORST], value)
    add_exactly(state, SQUARE, value * value, lost)
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
    if abs(run) == before + 1.0:
        state[FIRST_RUN] = run
    state[LAST_RUN] = run
    net = net_of(state)
    state[HIGHEST] = max(state[HIGHEST], net)
    state[LOWEST] = min(state[LOWEST], net)
    state[FALL] = max(state[FALL], state[HIGHEST] - net)


@njit(cache=True)
def add_trips(states: Floats, row: Integers, pnl: Floats) -> None:
    """Fold closed round trips, each into the state of its row, in order."""
    for place in range(len(pnl)):
        add_trip(states[row[place]], pnl[place], lost_of_square(pnl[place]))


@njit(cache=True)
def merge_states(state: Floats, later: Floats) -> None:
    """Fold tallies, one a row and earlier rows first, into a state."""
    for row in range(later.shape[0]):
        other = later[row]
        if other[N] == 0.0:
            continue
        if state[N] == 0.0:
            state[:] = other[:TALLY_FIELDS]
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
        net = net_of(state)
        state[FALL] = max(state[FALL], other[FALL], state[HIGHEST] - (net + other[LOWEST]))
        state[HIGHEST] = max(state[HIGHEST], net + other[HIGHEST])
        state[LOWEST] = min(state[LOWEST], net + other[LOWEST])
        for field in (N, WINS, LOSSES):
            state[field] += other[field]
        for field in (GAIN, LOSS, SQUARE):
            add_exactly(state, field, other[field], other[field + 1])


@njit(cache=True)
def slot_of(keys: Integers, slots: Integers, owner: int, day: int, label: int) -> int:
    """Find the slot of a key, or the free one where it belongs."""
    # Odd 32-bit multipliers of the golden ratio and of xxHash; products stay within 64 bits
    mixed = (owner * 2_654_435_761 + day * 40_503 + label * 2_246_822_519) & 0xFFFFFFFF
    slot = ((mixed * 668_265_263) >> 22) & (slots.size - 1)
    while True:
        row = slots[slot] - 1
        if row < 0 or (keys[row, 0] == owner and keys[row, 1] == day and keys[row, 2] == label):
            return int(slot)
        slot = (slot + 1) & (slots.size - 1)


@njit(cache=True)
def row_of(rows: Rows, undo: Undo, owner: int, day: int, label: int) -> int:
    """Find the row of a key that is about to change, or begin one."""
    counts = rows.counts
    slot = slot_of(rows.keys, rows.slots, owner, day, label)
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
        owner, day, label = rows.keys[row]
        rows.slots[slot_of(rows.keys, rows.slots, owner, day, label)] = row + 1
        rows.before[row], rows.newest[owner] = rows.newest[owner], row


@njit(cache=True)
def drop_rows(rows: Rows, count: int) -> None:
    """Leave only the first rows; those begun last stand in nobody's way to a slot."""
    for row in range(rows.counts[COUNT] - 1, count - 1, -1):
        owner, day, label = rows.keys[row]
        rows.slots[slot_of(rows.keys, rows.slots, owner, day, label)] = 0
        rows.newest[owner] = rows.before[row]
    rows.counts[COUNT] = count


@njit(cache=True)
def follow_trades(
    trades: Trades, start: int, rows: Rows, trips: OpenTrips, closed: ClosedTrips, undo: Undo
) -> int:
    """Fold trades from ``start`` on into their days; give the first one without room."""
    names, money, labels = trades  # out of its tuple once: each time costs as much as a lookup
    (keys, values, changed, _, _, slots, counts), (is_open, entry) = rows, trips
    closed_owner, closed_day, closed_pnl, closed_labels, added = closed
    words, mark = labels.shape[1], counts[MARK]
    most = 1 + 64 * words  # rows that one trade may begin or change
    last_row, last_kept, room = keys.shape[0] - most, undo.rows.size - most, closed_pnl.size
    for i in range(start, labels.shape[0]):
        if counts[COUNT] > last_row or counts[KEPT] > last_kept or added[0] == room:
            return i
        owner, book, day = names[i]
        pnl, fees, position, value = money[i]
        row = slots[slot_of(keys, slots, owner, day, WHOLE)] - 1
        if row < 0 or changed[row] < mark:
            row = row_of(rows, undo, owner, day, WHOLE)
        whole = values[row]
        whole[FILLS] += 1.0
        add_exactly(whole, PNL, pnl, 0.0)
        add_exactly(whole, FEES, fees, 0.0)
        if not is_open[book]:
            for word in range(words):
                entry[book, word] = labels[i, word]
        is_open[book] = position != 0.0
        if math.isnan(value):  # nothing closed, or a trip whose P&L is not known
            continue
        lost, place = lost_of_square(value), added[0]
        add_trip(whole, value, lost)
        closed_owner[place], closed_day[place], closed_pnl[place] = owner, day, value
        added[0] += 1
        for word in range(words):
            bits, label = entry[book, word] | labels[i, word], 64 * word
            closed_labels[place, word] = bits
            while bits:
                if bits & _ONE:
                    row = slots[slot_of(keys, slots, owner, day, label)] - 1
                    if row < 0 or changed[row] < mark:
                        row = row_of(rows, undo, owner, day, label)
                    add_trip(values[row], value, lost)
                bits, label = bits >> _ONE, label + 1
            entry[book, word] = labels[i, word]  # turned: the same trade opens the next trip
    return int(labels.shape[0])


@njit(cache=True)
def mark_days(keys: Integers, found: Floats, start: int, rows: Rows, undo: Undo) -> int:
    """Set P&L, value and return of days by (owner, day); as `follow_trades`."""
    for i in range(start, keys.shape[0]):
        if rows.counts[COUNT] == rows.keys.shape[0] or rows.counts[KEPT] == undo.rows.size:
            return i
        row = row_of(rows, undo, keys[i, 0], keys[i, 1], WHOLE)
        rows.values[row, MARKED : RETURN + 1] = found[i]
    return int(keys.shape[0])
