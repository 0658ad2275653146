"""Live metrics: what every strategy did on every day, by its trades as the books count them.

Trades wait until somebody asks or enough of them have gathered, so that recording one
costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from perfkit.metrics import PerformanceMetrics
from perfkit.metrics.tally import LARGEST
from perfkit.tracker.booked_fills import in_force

if TYPE_CHECKING:
    from perfkit.metrics.day_rows import DayState, Mark
    from perfkit.tracker.booked_fills import Applied

__all__ = ["Change", "LiveMetrics"]

_MOST = 4_096  # trades that wait: folded in a millisecond or two
_FROM_FILL = ("account_id", "strategy_id", "symbol", "execution_time", "commission")
_FROM_BOOKS = ("pnl", "position", "round_trip_pnl")
_NAMES = [*_FROM_FILL, "labels", *_FROM_BOOKS]


class Change(NamedTuple):
    """What the books did with fills.

    Attributes
    ----------
    applied : Applied
        The fills, and the answer.
    back_to : Mark, optional
        Whence they were counted; None where they follow what was there.
    restated : set of (account, strategy), optional
        Whose fills these are, all of them; None where they follow others.
    touched : set of (account, strategy)
        Whose past has changed.
    """

    applied: Applied
    back_to: Mark | None = None
    restated: set[tuple[str, str]] | None = None
    touched: frozenset[tuple[str, str]] = frozenset()


class LiveMetrics:
    """Days of all strategies, moved on with the books.

    Parameters
    ----------
    state : DayState, optional
        The days to go on from.
    """

    def __init__(self, state: DayState | None = None) -> None:
        self._performance = PerformanceMetrics()
        if state is not None:
            self._performance.restore(state)
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def follow(
        self, change: Change, new: pa.Table, labels: pa.Array | pa.ChunkedArray | None
    ) -> None:
        """Count what the books have taken.

        Parameters
        ----------
        change : Change
            What they did; recorded fills come with their ``labels``.
        new : pyarrow.Table
            Those of its fills that come last and were not recorded before.
        labels : array of list<string>, optional
            Of each new fill.
        """
        given, fills, books, _ = change.applied
        if change.restated is not None:
            self.performance().forget(change.restated)
        elif change.back_to is not None:
            self.performance().back_to(change.back_to)
        elif new.num_rows:
            self._add(fills, labels, books)
            return
        if fills.num_rows == 0:
            return
        if new.num_rows:
            place = given.column_names.index("labels")
            own = given.slice(given.num_rows - new.num_rows)
            own = own.set_column(place, given.schema.field(place), labels)
            fills = in_force(pa.concat_tables([given.slice(0, given.num_rows - new.num_rows), own]))
        self._add(fills, fills.column("labels"), books)

    def _add(self, fills: pa.Table, labels: pa.Array | pa.ChunkedArray, books: pa.Table) -> None:
        columns = [fills.column(name) for name in _FROM_FILL]
        columns += [labels, *(books.column(name) for name in _FROM_BOOKS)]
        self._waiting.append(pa.Table.from_arrays(columns, names=_NAMES))
        self._rows += fills.num_rows
        if self._rows >= _MOST:
            self.performance()

    def performance(self) -> PerformanceMetrics:
        """Give the metrics of all trades so far."""
        if self._waiting:
            trades = pa.concat_tables(self._waiting)
            self._performance.update(_countable(trades))
            self._waiting, self._rows = [], 0
        return self._performance

    def has_days(self, owner: tuple[str, str]) -> bool:
        """Tell whether an account's strategy has traded, by what counts now."""
        return self.performance().has_days(owner)

    def mark(self) -> Mark:
        """Mark this moment, for `Change.back_to`."""
        return self.performance().mark()


def _countable(trades: pa.Table) -> pa.Table:
    """Make unknown what is too large to be counted: what is on disk must not be refused."""
    for name in _FROM_BOOKS:
        place, values = trades.column_names.index(name), trades.column(name).to_numpy()
        is_countable = np.abs(values) < LARGEST
        if is_countable.all():
            continue
        other = LARGEST if name == "position" else np.nan  # of a position: that it is not flat
        found = pa.array(np.where(is_countable, values, other), from_pandas=True)
        trades = trades.set_column(place, name, found)
    return trades
