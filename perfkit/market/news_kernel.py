"""The nearest piece of news: a search outwards from a moment, compiled.

News lies in groups, each in order of event time: that of everything, one a symbol, one
a calendar. A search walks a group from the moment into the past, and ahead, until what
comes is further away than what was found.

Kernels take plain arrays, numbers and the tuples of this file: one drawn up elsewhere
could change its fields without numba's cache on disk noticing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["EVERYTHING", "NOBODY", "Asked", "Revisions", "Timeline", "nearest_news"]

EVERYTHING = 0  # group of the news that is about every instrument
NOBODY = -1  # group of a symbol or calendar without news; event of a moment without news

IntColumn = npt.NDArray[np.int64]


class Timeline(NamedTuple):
    """Rows of news by group, each group in order of event time.

    Attributes
    ----------
    starts : ndarray of shape (n_groups + 1,)
        Where each group begins.
    times : ndarray of shape (n_entries,)
        Event times, microseconds.
    rows : ndarray of shape (n_entries,)
        Row among the revisions.
    """

    starts: IntColumn
    times: IntColumn
    rows: IntColumn


class Revisions(NamedTuple):
    """What is known of events, one row for each time at which more became known.

    Attributes
    ----------
    event_time : ndarray of shape (n_rows,)
        When the event takes place, microseconds.
    known_at, until : ndarray of shape (n_rows,)
        From when the row counts, and from when a later one of its event does.
    preference : ndarray of uint64, shape (n_rows, n_words)
        Of two rows the one with the smaller words, read from the left, goes first.
    """

    event_time: IntColumn
    known_at: IntColumn
    until: IntColumn
    preference: npt.NDArray[np.uint64]


class Asked(NamedTuple):
    """Moments that are asked about.

    Attributes
    ----------
    times : ndarray of shape (n_times,)
        Microseconds.
    codes : ndarray of shape (n_times,)
        Whom each is about.
    by_symbol, by_calendar : ndarray of shape (n_names,)
        Of each of them the group of its symbol, and of its calendar, or `NOBODY`.
    """

    times: IntColumn
    codes: IntColumn
    by_symbol: IntColumn
    by_calendar: IntColumn


@njit(cache=True)
def nearest_news(
    asked: Asked,
    past: Timeline,
    ahead: Timeline,
    revisions: Revisions,
    window: int,
    found: IntColumn,
) -> None:
    """Write the row of the nearest news that was known at each moment into ``found``.

    Parameters
    ----------
    asked : Asked
        The moments.
    past : Timeline
        All rows.
    ahead : Timeline
        Rows that were known before their event.
    revisions : Revisions
        The rows.
    window : int
        How far away an event may be, microseconds.
    found : ndarray of shape (n_times,)
        Takes a row, or `NOBODY`.
    """
    for i in range(len(asked.times)):
        found[i] = NOBODY
        time, code = asked.times[i], asked.codes[i]
        for group in (asked.by_symbol[code], asked.by_calendar[code], EVERYTHING):
            if group != NOBODY:
                found[i] = _nearest_past(time, past, group, revisions, window, found[i])
                found[i] = _nearest_ahead(time, ahead, group, revisions, window, found[i])


@njit(cache=True)
def _nearest_past(
    time: int, past: Timeline, group: int, revisions: Revisions, window: int, best: int
) -> int:
    first, entry = past.starts[group], _first_after(past, group, time) - 1
    while entry >= first and time - past.times[entry] <= window:
        if best != NOBODY and time - past.times[entry] > abs(time - revisions.event_time[best]):
            break
        best = _better(time, past.rows[entry], best, revisions)
        entry -= 1
    return best


@njit(cache=True)
def _nearest_ahead(
    time: int, ahead: Timeline, group: int, revisions: Revisions, window: int, best: int
) -> int:
    entry, stop = _first_after(ahead, group, time), ahead.starts[group + 1]
    while entry < stop and ahead.times[entry] - time <= window:
        if best != NOBODY and ahead.times[entry] - time > abs(time - revisions.event_time[best]):
            break
        best = _better(time, ahead.rows[entry], best, revisions)
        entry += 1
    return best


@njit(cache=True)
def _first_after(timeline: Timeline, group: int, time: int) -> int:
    low, high = timeline.starts[group], timeline.starts[group + 1]
    while low < high:
        middle = (low + high) // 2
        if timeline.times[middle] <= time:
            low = middle + 1
        else:
            high = middle
    return int(low)


@njit(cache=True)
def _better(time: int, row: int, best: int, revisions: Revisions) -> int:
    # the row, if it counts at that time and goes before the best one so far
    if not revisions.known_at[row] <= time < revisions.until[row]:
        return best
    if best == NOBODY:
        return row
    distance = abs(time - revisions.event_time[row])
    shortest = abs(time - revisions.event_time[best])
    if distance != shortest:
        return row if distance < shortest else best
    for word in range(revisions.preference.shape[1]):
        mine, other = revisions.preference[row, word], revisions.preference[best, word]
        if mine != other:
            return row if mine < other else best
    return best
