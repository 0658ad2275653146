"""A batch: rows of one record on their way into the history.

Row by row it is refused, known already, or left to be recorded. What becomes
of each is kept by its place in the batch as it was given.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidRecordError, InvalidTableError, legible
from perfkit.records import invalid_rows
from perfkit.records.fields import record_kind
from perfkit.store import Receipt, Rejection
from perfkit.tracker.intake import order_of_numbering
from perfkit.tracker.known_index import ENTRY

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa

    from perfkit.errors import PerfkitError

__all__ = ["Batch", "refuse_strangers"]

_LONGEST_ID = 200  # characters of a refused id that are shown


class Batch:
    """What is left to be recorded, and what became of the rest.

    Parameters
    ----------
    table : pyarrow.Table
        Rows with the columns of their record, the id first.
    atomic : bool
        Raise the first error; otherwise a bad row is refused and the rest goes on.

    Attributes
    ----------
    rows : pyarrow.Table
        What is left.
    places : ndarray of shape (n_left,), int
        Where each of ``rows`` stands in ``table``.
    entries : ndarray of shape (n_left,), dtype `ENTRY`
        What to remember of each of ``rows`` once it is recorded.
    duplicates : dict of int to int
        From the place of each row that says what is known to the sequence under which
        that is recorded, or to minus one minus the place of the row that says the same.
    rejected : list of Rejection
        By row, with the reason.
    """

    def __init__(self, table: pa.Table, *, atomic: bool) -> None:
        self.rows = table
        self.places = np.arange(table.num_rows)
        self.entries = np.zeros(table.num_rows, ENTRY)
        self.duplicates: dict[int, int] = {}
        self.rejected: list[Rejection] = []
        self._table, self._atomic = table, atomic
        self._refused: dict[int, PerfkitError] = {}

    def check(self, cls: type) -> None:
        """Refuse the rows that break a rule of their record.

        Raises
        ------
        InvalidTableError
            With ``atomic``, listing every such row.
        """
        bad = invalid_rows(self.rows, cls)
        if bad and self._atomic:
            raise InvalidTableError(record_kind(cls), bad, self.rows.num_rows)
        for error in bad:
            self.refuse(error.row, InvalidRecordError(error.message), error.field, "invalid")
        self.drop_refused()

    def refuse(self, row: int, error: PerfkitError, field: str, code: str) -> None:
        """Refuse one of ``rows``; it stays among them until `drop_refused`.

        Raises
        ------
        PerfkitError
            The error itself, with ``atomic``.
        """
        if self._atomic:
            raise error
        place = int(self.places[row])
        name = self._table.column(0)[place].as_py()
        shown = None if name is None else legible(name, _LONGEST_ID)
        rejection = Rejection(row=place, id=shown, field=field, code=code, message=str(error))
        self.rejected.append(rejection)
        self._refused[place] = error

    def drop_refused(self) -> bool:
        """Leave out what was refused; tell whether anything was.

        A row that says the same as one that was refused is refused with it.
        """
        if not self._refused:
            return False
        followers = {p: -1 - s for p, s in self.duplicates.items() if s < 0}
        for place, first in followers.items():
            if first in self._refused:
                error = self._refused[first]
                told = next(r for r in self.rejected if r.row == first)
                self.rejected.append(replace(told, row=place))
                self._refused[place] = error
                del self.duplicates[place]
        is_left = np.array([place not in self._refused for place in self.places.tolist()], bool)
        if is_left.all():
            return False
        self.keep(np.flatnonzero(is_left))
        return True

    def keep(self, rows: npt.NDArray[np.intp]) -> None:
        """Leave only some of ``rows``, in the order given."""
        self.rows, self.places = self.rows.take(rows), self.places[rows]
        self.entries = self.entries[rows]

    def put_in_order(self) -> None:
        """Order ``rows`` as they are to be numbered."""
        order = order_of_numbering(self.rows)
        if not np.array_equal(order, np.arange(len(order))):
            self.keep(order)

    def number(self, first: int | None) -> None:
        """Note the sequence of the first of ``rows``, once they are recorded."""
        if first is not None:
            self.entries["sequence"] = np.arange(first, first + len(self.entries))

    def sequences(self) -> npt.NDArray[np.int64]:
        """Give the sequence of each row as given; 0 of one that was refused."""
        found = np.zeros(self._table.num_rows, np.int64)
        found[self.places] = self.entries["sequence"]
        for place, sequence in self.duplicates.items():
            found[place] = found[-1 - sequence] if sequence < 0 else sequence
        return found

    def outcomes(self) -> list[Receipt | PerfkitError]:
        """Say of each row as given what `TradeTracker.record` would have: a receipt, or why not."""
        ids = self._table.column(0).to_pylist()
        return [
            self._refused.get(place)
            or _receipt_of_one(ids[place], sequence, place in self.duplicates)
            for place, sequence in enumerate(self.sequences().tolist())
        ]

    def receipt(self) -> Receipt:
        """Say what became of the batch, once ``rows`` are recorded."""
        places = sorted(self.duplicates)
        ids = self._table.column(0).take(places).to_pylist() if places else ()
        numbers = self.entries["sequence"] if len(self.entries) else self.sequences()[places]
        return Receipt(
            first_sequence=int(numbers.min()) if len(numbers) else None,
            last_sequence=int(numbers.max()) if len(numbers) else None,
            accepted=len(self.entries),
            duplicates=tuple(ids),
            rejected=tuple(sorted(self.rejected, key=lambda rejection: rejection.row)),
        )


def _receipt_of_one(name: str, sequence: int, is_known: bool) -> Receipt:
    return Receipt(
        first_sequence=sequence,
        last_sequence=sequence,
        accepted=0 if is_known else 1,
        duplicates=(name,) if is_known else (),
    )


def refuse_strangers(batch: Batch, accounts: Collection[str]) -> None:
    """Refuse rows of an account that is not one of the desk's."""
    for row, account in enumerate(batch.rows.column("account_id").to_pylist()):
        if account not in accounts:
            error = InvalidRecordError(
                f"account_id must be one of {', '.join(sorted(accounts))}, was {account!r}; "
                "open the tracker with all accounts of the desk"
            )
            batch.refuse(row, error, "account_id", "unknown_account")
    batch.drop_refused()
