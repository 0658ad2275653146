"""Closed trips: which round trips a batch of trades closed, and their labels.

A trip carries the labels of the fill that opened it and of the fill that
closed it. A fill that turns a position over closes one trip and opens the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.metrics.observations import Floats
from perfkit.metrics.trade_batch import Codes

if TYPE_CHECKING:
    from perfkit.metrics.trade_batch import TradeBatch

__all__ = ["ClosedTrips", "OpenTrips"]

CARRIED = -1  # the trip was opened in an earlier batch


@dataclass(frozen=True, slots=True)
class ClosedTrips:
    """Round trips in the order in which they closed.

    Attributes
    ----------
    row : ndarray of shape (n_trips,)
        Row of the batch that closed each.
    pnl : ndarray of shape (n_trips,)
        Net P&L, in the account currency.
    labelled, label : ndarray of shape (n_pairs,)
        Trip and label code, one pair for each label of each trip.
    words : list of str
        The labels that the codes stand for.
    """

    row: Codes
    pnl: Floats
    labelled: Codes
    label: Codes
    words: list[str]


class OpenTrips:
    """The entry labels of every trip that is still open."""

    def __init__(self) -> None:
        self._entry_labels: dict[tuple[str, str, str], list[str]] = {}

    def close(self, batch: TradeBatch) -> ClosedTrips:
        """Follow a batch of trades, in canonical order."""
        book = batch.book()
        order = np.argsort(book, kind="stable")
        first = np.append(True, np.diff(book[order]) != 0)[: order.size]
        entry = self._entries(batch, order, first)
        closing = np.flatnonzero(~np.isnan(batch.round_trip_pnl[order]))
        closing = closing[np.argsort(order[closing], kind="stable")]
        trips = self._labelled(batch, order[closing], entry[closing])
        self._carry(batch, order, entry, first)
        return trips

    def _entries(self, batch: TradeBatch, order: Codes, first: Codes) -> Codes:
        """Row that opened the trip of each trade, trades sorted by book."""
        place = np.arange(order.size)
        closed = ~np.isnan(batch.round_trip_pnl[order])
        flat = batch.position[order] == 0.0
        after_close = np.append(False, closed[:-1])[: order.size] & ~first
        after_flip = after_close & np.append(False, ~flat[:-1])[: order.size]
        opened_by = np.where(after_flip, np.roll(order, 1), order)
        for i in np.flatnonzero(first):
            if self._key(batch, order[i]) in self._entry_labels:
                opened_by[i] = CARRIED
        latest = np.maximum.accumulate(np.where(first | after_close, place, 0))
        return opened_by[latest]

    def _labelled(self, batch: TradeBatch, rows: Codes, entries: Codes) -> ClosedTrips:
        words = list(batch.labels.words)
        trip, label = [], []
        for source in (rows, entries):
            known = np.flatnonzero(source != CARRIED)
            start, end = batch.label_start[source[known]], batch.label_start[source[known] + 1]
            count = end - start
            trip.append(np.repeat(known, count))
            place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            label.append(batch.labels.codes[np.repeat(start, count) + place])
        for i in np.flatnonzero(entries == CARRIED):
            names = self._entry_labels[self._key(batch, rows[i])]
            words += [name for name in names if name not in words]
            trip.append(np.full(len(names), i))
            label.append(np.array([words.index(name) for name in names], dtype=np.int64))
        pairs = np.unique(np.stack([np.concatenate(trip), np.concatenate(label)], axis=1), axis=0)
        return ClosedTrips(rows, batch.round_trip_pnl[rows], pairs[:, 0], pairs[:, 1], words)

    def _carry(self, batch: TradeBatch, order: Codes, entry: Codes, first: Codes) -> None:
        for i in np.flatnonzero(np.append(first[1:], True)[: order.size]):
            row, key = int(order[i]), self._key(batch, order[i])
            closed = not np.isnan(batch.round_trip_pnl[row])
            if closed and batch.position[row] == 0.0:
                self._entry_labels.pop(key, None)
            elif closed:
                self._entry_labels[key] = batch.labels_of(row)
            elif entry[i] != CARRIED:
                self._entry_labels[key] = batch.labels_of(int(entry[i]))

    @staticmethod
    def _key(batch: TradeBatch, row: int) -> tuple[str, str, str]:
        return (*batch.owner_of(row), batch.symbol.words[batch.symbol.codes[row]])
