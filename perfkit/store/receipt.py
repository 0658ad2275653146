"""A receipt: what is answered once rows are on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

__all__ = ["Receipt", "Rejection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One row that was not recorded, and why.

    Attributes
    ----------
    row : int
        Its place in the batch as given, from 0.
    id : str, optional
        The id it carried.
    field : str
        The field that is to be mended.
    code : str
        ``invalid`` (a rule of its record), ``conflict`` (a known id with other content),
        ``unknown_account``, ``unknown_trade`` (it corrects what was never recorded) or
        ``unfit`` (other terms than its book).
    message : str
        What was required, what it was, and what to do.
    """

    row: int
    id: str | None
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that rows were journalled and fsynced.

    Attributes
    ----------
    first_sequence, last_sequence : int, optional
        Lowest and highest number of the rows that were accepted; where there were none,
        of the rows that they duplicate. None when there are no such rows either.
    accepted : int
        How many rows were new, and are now on disk.
    duplicates : tuple of str
        Ids that were known already with the same content; nothing was
        written for them.
    rejected : tuple of Rejection
        Rows that were not recorded, with their reasons.
    durable : bool
        Always true: a receipt is only given for what survives a power loss.

    Examples
    --------
    >>> receipt = Receipt(first_sequence=7, last_sequence=7, accepted=0, duplicates=("T1",))
    >>> receipt.sequence, receipt.duplicate
    (7, True)
    """

    first_sequence: int | None
    last_sequence: int | None
    accepted: int
    duplicates: tuple[str, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    durable: bool = True

    @property
    def sequence(self) -> int | None:
        """Number under which the row, or the last of several, is recorded."""
        return self.last_sequence

    @property
    def duplicate(self) -> bool:
        """Whether nothing was written, because all of it was recorded before."""
        return self.accepted == 0 and bool(self.duplicates)

    @classmethod
    def of_nothing(cls, duplicates: tuple[str, ...] = ()) -> Self:
        """Acknowledge a batch in which no row was new."""
        return cls(first_sequence=None, last_sequence=None, accepted=0, duplicates=duplicates)
