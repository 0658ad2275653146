"""Books: which book each fill belongs to, and the state of every book.

A book is one (account, strategy, symbol). Its key becomes a number once per table,
over the few distinct keys; from there on there are only arrays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import InvalidArgumentError, LateFillError
from perfkit.ledger.fill_columns import NO_SEQUENCE, FillColumns
from perfkit.ledger.kernel import Fills
from perfkit.ledger.state import STRATEGY, new_books

__all__ = ["Books"]


class Books:
    """All books that were seen, with their state.

    Attributes
    ----------
    keys : dict of (str, str, str) to int
        Number of each (account, strategy, symbol), in order of first appearance.
    strategies : dict of (str, str) to int
        Number of each (account, strategy), likewise.
    state : ndarray of shape (n_books,), dtype `BOOK`
        One record a book.
    strategy_state : ndarray of shape (n_strategies,), dtype `STRATEGY`
        One record an account's strategy.
    currencies : dict
        From each quote currency to its number in ``state``.
    fills : int
        How many fills were entered so far.
    """

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str, str], int] = {}
        self.strategies: dict[tuple[str, str], int] = {}
        self.currencies: dict[str, int] = {}
        self.state = new_books(0)
        self.strategy_state = np.zeros(0, STRATEGY)
        self.fills = 0

    def enter(self, columns: FillColumns) -> Fills:
        """Assign fills to their books, opening those that are new.

        Parameters
        ----------
        columns : FillColumns
            In canonical order.

        Returns
        -------
        Fills
            What the kernels read.

        Raises
        ------
        LateFillError
            When a fill is older than the last one of its book.
        InvalidArgumentError
            When the multiplier or the currency of a book changes.
        """
        book = self._numbers(columns)
        self._check_late(book, columns)
        multiplier = self._multipliers(book, columns)
        self.state["currency"] = self._currencies(book, columns)
        self.state["multiplier"] = multiplier
        self.state["last_time"][book] = columns.time
        self.state["last_sequence"][book] = columns.sequence
        fills = Fills(
            book, columns.quantity, columns.price, columns.commission, columns.time, self.fills
        )
        self.fills += len(book)
        return fills

    def _numbers(self, columns: FillColumns) -> npt.NDArray[np.int64]:
        sizes = [max(len(part.dictionary), 1) for part in columns.key]
        parts = [part.indices.to_numpy() for part in columns.key]
        coded = pa.array(np.ravel_multi_index(parts, sizes)).dictionary_encode()
        places = np.unravel_index(coded.dictionary.to_numpy(), sizes)
        accounts, strategies, symbols = (part.dictionary.to_pylist() for part in columns.key)
        numbers = [
            self._number(accounts[a], strategies[s], symbols[y])
            for a, s, y in zip(*places, strict=True)
        ]
        self._grow()
        places_of_fills: npt.NDArray[np.int32] = coded.indices.to_numpy()
        return np.asarray(numbers, np.int64)[places_of_fills]

    def _number(self, account: str, strategy: str, symbol: str) -> int:
        self.strategies.setdefault((account, strategy), len(self.strategies))
        return self.keys.setdefault((account, strategy, symbol), len(self.keys))

    def _grow(self) -> None:
        known = len(self.state)
        if known == len(self.keys):
            return
        new = new_books(len(self.keys) - known)
        new["strategy"] = [self.strategies[key[:2]] for key in list(self.keys)[known:]]
        self.state = np.concatenate([self.state, new])
        more = np.zeros(len(self.strategies) - len(self.strategy_state), STRATEGY)
        self.strategy_state = np.concatenate([self.strategy_state, more])

    def _check_late(self, book: npt.NDArray[np.int64], columns: FillColumns) -> None:
        last, sequence = self.state["last_time"][book], self.state["last_sequence"][book]
        is_numbered = columns.sequence != NO_SEQUENCE
        is_behind = (columns.time == last) & is_numbered & (columns.sequence <= sequence)
        late = (columns.time < last) | is_behind
        if late.any():
            row = int(np.argmax(late))
            raise LateFillError(
                f"{columns.name(row)}: a fill of book {list(self.keys)[book[row]]} must not "
                f"be before the last one, {_iso(last[row])}, was {_iso(columns.time[row])}; "
                "rebuild the book from all its fills"
            )

    def _currencies(
        self, book: npt.NDArray[np.int64], columns: FillColumns
    ) -> npt.NDArray[np.int64]:
        """Give each book's currency: the first that a fill of it says."""
        names = columns.currency.dictionary.to_pylist()
        numbers = [self.currencies.setdefault(name, len(self.currencies)) for name in names]
        places = columns.currency.indices.fill_null(len(names)).to_numpy()
        said = np.array([*numbers, -1], np.int64)[places]
        is_said = said >= 0
        first = np.full(len(self.state), -1)
        first[book[is_said][::-1]] = said[is_said][::-1]
        known = np.where(self.state["currency"] < 0, first, self.state["currency"])
        other = is_said & (known[book] != said)
        if other.any():
            row, listed = int(np.argmax(other)), list(self.currencies)
            raise InvalidArgumentError(
                f"{columns.name(row)}: currency of book {list(self.keys)[book[row]]} must "
                f"stay {listed[known[book[row]]]!r}, was {listed[said[row]]!r}; give the listing "
                "in another currency its own symbol"
            )
        return known

    def _multipliers(
        self, book: npt.NDArray[np.int64], columns: FillColumns
    ) -> npt.NDArray[np.float64]:
        """Give each book's multiplier: that of its first fill."""
        first = np.zeros(len(self.state))
        first[book[::-1]] = columns.multiplier[::-1]
        known = np.where(self.state["multiplier"] == 0.0, first, self.state["multiplier"])
        other = known[book] != columns.multiplier
        if other.any():
            row = int(np.argmax(other))
            raise InvalidArgumentError(
                f"{columns.name(row)}: multiplier of book {list(self.keys)[book[row]]} must "
                f"stay {known[book[row]]}, was {columns.multiplier[row]}; give a contract of "
                "another size its own symbol"
            )
        return known


def _iso(microseconds: int) -> str:
    return f"{np.datetime64(int(microseconds), 'us')}Z"
