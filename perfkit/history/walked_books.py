"""Books of some strategies, walked once: what each fill did, for whatever is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from perfkit.ledger import kernel
from perfkit.ledger.books import Books
from perfkit.ledger.cost import AverageCost
from perfkit.ledger.fill_columns import FillColumns, columns_in_order
from perfkit.ledger.runs import run_starts
from perfkit.ledger.splits import SplitFactors
from perfkit.ledger.state import new_trips

if TYPE_CHECKING:
    import pyarrow as pa

    from perfkit.ledger import ExchangeRates
    from perfkit.ledger.kernel import Costs, Fills, Moves, Trips

__all__ = ["BookWalk", "WalkedFills"]


class WalkedFills(NamedTuple):
    """Fills strategy by strategy, each in canonical order, and what the books say of them.

    ``rows`` are those of each account's strategy.
    """

    columns: FillColumns
    fills: Fills
    moves: Moves
    costs: Costs
    trips: Trips
    rows: dict[tuple[str, str], slice]

    @property
    def times(self) -> npt.NDArray[np.datetime64]:
        """When each fill was executed, in UTC."""
        return self.columns.time.view("datetime64[us]")


class BookWalk:
    """A walk through the books, at average cost, that goes on where it last ended.

    Parameters
    ----------
    splits : pyarrow.Table
        As of `Ledger`.
    rates : ExchangeRates
        For fees in a third currency.

    Attributes
    ----------
    books : Books
        As they stand.
    splits : SplitFactors
        The splits.
    rates : ExchangeRates
        As given.
    """

    def __init__(self, splits: pa.Table, rates: ExchangeRates) -> None:
        self.books = Books()
        self.splits = SplitFactors(splits)
        self.rates = rates
        self._costs = AverageCost()

    def on(self, fills: pa.Table) -> WalkedFills:
        """Walk on.

        Parameters
        ----------
        fills : pyarrow.Table
            In force, one strategy after the other: the next ones of their strategies.

        Raises
        ------
        LateFillError
            When a strategy's fills are not in canonical order.
        UnfitFillError
            When a book's multiplier, contract or currency changes.
        """
        columns = columns_in_order(fills, self.splits, self.rates)
        entered = self.books.enter(columns)
        moves = self.books.move(entered)
        costs = self._costs.apply(entered, moves, self.books.state)
        trips = new_trips(len(entered.book))
        kernel.follow_trips(entered, moves, costs.realized, self.books.state, trips)
        return WalkedFills(columns, entered, moves, costs, trips, self._rows(entered))

    def _rows(self, fills: Fills) -> dict[tuple[str, str], slice]:
        number: dict[tuple[str, str], int] = {}
        keys = self.books.keys
        of_book = np.array([number.setdefault(k[:2], len(number)) for k in keys], np.int64)
        owner = of_book[fills.book]
        starts, names = run_starts(owner), list(number)
        ends = np.append(starts[1:], len(owner))
        bounds = zip(owner[starts].tolist(), starts.tolist(), ends.tolist(), strict=False)
        return {names[place]: slice(start, end) for place, start, end in bounds}
