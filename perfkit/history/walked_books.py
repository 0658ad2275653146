"""Books of some strategies, walked once: what each fill did, for whatever is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

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

__all__ = ["WalkedBooks"]


class WalkedBooks(NamedTuple):
    """Fills strategy by strategy, each in canonical order, and what the books say of them.

    ``rows`` are those of each account's strategy.
    """

    columns: FillColumns
    splits: SplitFactors
    books: Books
    fills: Fills
    moves: Moves
    costs: Costs
    trips: Trips
    rows: dict[tuple[str, str], slice]

    @classmethod
    def of(cls, fills: pa.Table, splits: pa.Table, rates: ExchangeRates) -> Self:
        """Walk the books, at average cost.

        Parameters
        ----------
        fills : pyarrow.Table
            In force: the whole history of their strategies, one after the other.
        splits : pyarrow.Table
            As of `Ledger`.
        rates : ExchangeRates
            For fees in a third currency.

        Raises
        ------
        LateFillError
            When a strategy's fills are not in canonical order.
        UnfitFillError
            When a book's multiplier, contract or currency changes.
        """
        factors = SplitFactors(splits)
        columns = columns_in_order(fills, factors, rates)
        books = Books()
        entered = books.enter(columns)
        moves = books.move(entered)
        costs = AverageCost().apply(entered, moves, books.state)
        trips = new_trips(len(entered.book))
        kernel.follow_trips(entered, moves, costs.realized, books.state, trips)
        rows = _rows(books, entered)
        return cls(columns, factors, books, entered, moves, costs, trips, rows)

    @property
    def times(self) -> npt.NDArray[np.datetime64]:
        """When each fill was executed, in UTC."""
        return self.columns.time.view("datetime64[us]")


def _rows(books: Books, fills: Fills) -> dict[tuple[str, str], slice]:
    number: dict[tuple[str, str], int] = {}
    of_book = np.array([number.setdefault(k[:2], len(number)) for k in books.keys], np.int64)
    starts = run_starts(of_book[fills.book])
    ends = np.append(starts[1:], len(fills.book))
    bounds = zip(number, starts.tolist(), ends.tolist(), strict=False)
    return {owner: slice(start, end) for owner, start, end in bounds}
