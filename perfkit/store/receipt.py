"""A receipt: what the journal answers once rows are on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

__all__ = ["Receipt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that rows were journalled and fsynced.

    Attributes
    ----------
    first_sequence, last_sequence : int, optional
        Numbers of the first and last row that were accepted; None when there
        were none.
    accepted : int
        How many rows were new, and are now on disk.
    duplicates : tuple of str
        Ids that were known already with the same content; nothing was
        written for them.
    durable : bool
        Always true: a receipt is only given for what survives a power loss.
    """

    first_sequence: int | None
    last_sequence: int | None
    accepted: int
    duplicates: tuple[str, ...] = ()
    durable: bool = True

    @classmethod
    def of_nothing(cls, duplicates: tuple[str, ...] = ()) -> Self:
        """Acknowledge a batch in which no row was new."""
        return cls(first_sequence=None, last_sequence=None, accepted=0, duplicates=duplicates)
