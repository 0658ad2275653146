"""Books: which book each fill belongs to, and the state of every book.

A book is one (account, strategy, symbol). Its key becomes a number once per table,
over the few distinct keys; from there on there are only arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import LateFillError, UnfitFillError
from perfkit.ledger import kernel
from perfkit.ledger.kernel import Fills, Moves
from perfkit.ledger.state import new_books, new_moves

if TYPE_CHECKING:
    from perfkit.ledger.fill_columns import FillColumns

__all__ = ["Books"]

_NONE = np.zeros(0, np.bool_)
_TABLE = 1 << 22  # possible keys that are numbered by looking them up


class Books:
    """All books that were seen, with their state.

    Attributes
    ----------
    keys : dict of (str, str, str) to int
        Number of each (account, strategy, symbol), in order of first appearance.
    totals : dict of (str, str, str or None) to int
        Number of each (account, strategy, currency of the P&L), likewise: what can be
        added up.
    currencies : list of str
        Names of the numbers in ``state``.
    state : ndarray of shape (n_books,), dtype `BOOK`
        One record a book.
    unconverted : dict of (str, str) to set of str
        Currencies of fees that had no rate, by account and strategy.
    fills : int
        How many fills were entered so far.
    """

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str, str], int] = {}
        self.totals: dict[tuple[str, str, str | None], int] = {}
        self.currencies: list[str] = []
        self.state = new_books(0)
        self.unconverted: dict[tuple[str, str], set[str]] = {}
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
        UnfitFillError
            When the multiplier, the contract type or the currency of a book changes.
        """
        book, keys, first = self._numbered(columns)
        currency = self._currencies(columns)
        inverse = _NONE if columns.inverse is None else columns.inverse
        state = np.concatenate([self.state, new_books(len(keys) - len(self.state))])
        row, fault = kernel.enter_books(
            book, columns.time, columns.sequence, columns.multiplier, inverse, currency, state
        )
        if fault:
            raise self._fault(columns, row, fault, list(keys)[book[row]], state[book[row]])
        for key in list(keys)[len(self.state) :] if len(keys) > len(self.state) else ():
            number = keys[key]
            of_first = int(currency[first[number]])
            total = (*key[:2], None if of_first < 0 else self.currencies[of_first])
            state[number]["total"] = self.totals.setdefault(total, len(self.totals))
        self.keys, self.state = keys, state
        for place, name in columns.unconverted.items():
            owner = list(keys)[book[place]][:2]
            self.unconverted.setdefault(owner, set()).add(name)
        fills = Fills(
            book, columns.quantity, columns.price, columns.commission, columns.time, self.fills
        )
        self.fills += len(book)
        return fills

    def move(self, fills: Fills) -> Moves:
        """Move the positions on."""
        moves = new_moves(len(fills.book))
        kernel.follow_positions(fills, self.state, moves)
        return moves

    def keep(self, is_kept: npt.NDArray[np.bool_]) -> None:
        """Drop the books that are not kept; those after them are numbered anew."""
        kept = [key for key, keep in zip(self.keys, is_kept.tolist(), strict=True) if keep]
        self.keys = {key: number for number, key in enumerate(kept)}
        self.state = self.state[is_kept]

    def currency(self, number: int) -> str | None:
        """Name the currency of a book's P&L; None is the account's own."""
        said = int(self.state["currency"][number])
        return None if said < 0 else self.currencies[said]

    def _numbered(
        self, columns: FillColumns
    ) -> tuple[npt.NDArray[np.int64], dict[tuple[str, str, str], int], dict[int, int]]:
        """Give each fill's book, all keys, and the first fill of each book in the table."""
        local, places, first = _distinct(columns.key)
        accounts, strategies, symbols = (part.dictionary.to_pylist() for part in columns.key)
        found = [
            (accounts[a], strategies[s], symbols[y])
            for a, s, y in zip(*(part.tolist() for part in places), strict=True)
        ]
        new = [key for key in found if key not in self.keys]
        keys = self.keys
        if new:  # a copy, for the fills may still be refused
            keys = keys | {key: len(keys) + n for n, key in enumerate(new)}
        numbers = [keys[key] for key in found]
        if numbers == list(range(len(numbers))):
            return local, keys, dict(enumerate(first.tolist()))
        book = np.asarray(numbers, np.int64)[local]
        return book, keys, dict(zip(numbers, first.tolist(), strict=True))

    def _currencies(self, columns: FillColumns) -> npt.NDArray[np.int64]:
        """Number the currency of each fill's P&L, -1 where it is not said."""
        names = columns.currency.dictionary.to_pylist()
        for name in names:
            if name not in self.currencies:
                self.currencies.append(name)
        if not names:
            return np.full(len(columns.time), -1)
        places = columns.currency.indices.fill_null(len(names)).to_numpy()
        numbers = np.array([*map(self.currencies.index, names), -1], np.int64)
        return np.asarray(numbers[places], np.int64)

    def _fault(
        self, columns: FillColumns, row: int, fault: int, key: tuple[str, ...], book: np.void
    ) -> LateFillError | UnfitFillError:
        name = columns.name(row)
        if fault == kernel.LATE:
            return LateFillError(
                f"{name}: a fill of book {key} must not be before the last one, "
                f"{_iso(book['last_time'])}, was {_iso(columns.time[row])}; "
                "rebuild the book from all its fills"
            )
        field, must, was = self._unfit(columns, row, fault, book)
        message = f"{name}: {field} of book {key} must {must}, was {was}"
        return UnfitFillError(row, field, key, message)

    def _unfit(
        self, columns: FillColumns, row: int, fault: int, book: np.void
    ) -> tuple[str, str, str]:
        """Say which term of a fill is not that of its book, what it must be, and what it was."""
        if fault == kernel.MULTIPLIER_CHANGED:
            remedy = "give a contract of another size its own symbol"
            return (
                "multiplier",
                f"stay {book['multiplier']}",
                f"{columns.multiplier[row]}; {remedy}",
            )
        if fault == kernel.CONTRACT_CHANGED:
            remedy = "give the other contract its own symbol"
            return "contract", "stay linear or inverse", f"the other; {remedy}"
        remedy = "give the listing in another currency its own symbol"
        known, given = self.currencies[book["currency"]], columns.currency[row].as_py()
        return "currency", f"stay {known!r}", f"{given!r}; {remedy}"


def _distinct(
    key: tuple[pa.DictionaryArray, ...],
) -> tuple[npt.NDArray[np.int64], tuple[npt.NDArray[np.intp], ...], npt.NDArray[np.int64]]:
    """Number the distinct keys; give each row's number, and the parts and row of each key."""
    sizes = [max(len(part.dictionary), 1) for part in key]
    code = np.zeros(len(key[0]), np.int64)
    for size, part in zip(sizes, key, strict=True):
        code *= size
        code += part.indices.to_numpy()
    possible = int(np.prod(sizes, dtype=np.float64))
    if possible > _TABLE:
        coded = pa.array(code).dictionary_encode()
        looked_up, possible = coded.indices.to_numpy(), len(coded.dictionary)
    else:
        looked_up = code
    local, first = np.empty(len(code), np.int64), np.empty(possible, np.int64)
    count = kernel.number_books(looked_up, np.full(possible, -1), local, first)
    first = first[:count]
    return local, np.unravel_index(code[first], sizes), first


def _iso(microseconds: int) -> str:
    return f"{np.datetime64(int(microseconds), 'us')}Z"
