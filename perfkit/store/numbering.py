"""The numbering: every number that the journal gave is somewhere, once.

The journal numbers the rows of all tables together, without a gap, before it
acknowledges them. So a number that lies in no table and not in the journal
is an acknowledged row that was lost, and one that lies there twice is a row
that was doubled: no log has to be believed to see either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Numbering", "lost_sentence"]

SHOWN = 5  # ranges that a sentence lists

Ranges = list[tuple[int, int]]


class Numbering:
    """How often each number was found; a byte for each."""

    def __init__(self) -> None:
        self._count = np.zeros(1024, np.uint8)
        self._excused = np.zeros(1024, np.bool_)

    def add(self, numbers: npt.NDArray[np.int64]) -> None:
        """Count the numbers of rows that were found.

        Parameters
        ----------
        numbers : ndarray of shape (n_rows,)
            At least one, all positive.
        """
        low, high = int(numbers.min()), int(numbers.max())
        self._reach(high)
        times = np.minimum(np.bincount(numbers - low), 2).astype(np.uint8)
        part = self._count[low : high + 1]
        np.minimum(part + times, 2, out=part)

    def excuse(self, first: int, last: int) -> None:
        """Miss none of these numbers: where they were is known to be damaged."""
        self._reach(last)
        self._excused[first : last + 1] = True

    def lost(self, last: int) -> Ranges:
        """List the numbers up to ``last`` that were not found, as ranges."""
        self._reach(last)
        return _ranges((self._count[1 : last + 1] == 0) & ~self._excused[1 : last + 1])

    def is_lost(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Say of each number whether it was not found; at least one is asked for."""
        self._reach(int(numbers.max()))
        missing: npt.NDArray[np.bool_] = (self._count[numbers] == 0) & ~self._excused[numbers]
        return missing

    def faults(self, last: int) -> list[str]:
        """Say which rows up to the number ``last`` are lost, and which are doubled."""
        lost, doubled = self.lost(last), _ranges(self._count[1:] > 1)
        said = [lost_sentence(lost)] if lost else []
        if doubled:
            said.append(f"the rows with the numbers {_spoken(doubled)} are there more than once")
        return said

    def _reach(self, number: int) -> None:
        if number >= len(self._count):
            more = max(number + 1, 2 * len(self._count)) - len(self._count)
            self._count = np.pad(self._count, (0, more))
            self._excused = np.pad(self._excused, (0, more))


def _spoken(ranges: Ranges) -> str:
    said = [str(low) if low == high else f"{low} to {high}" for low, high in ranges[:SHOWN]]
    rest = sum(high - low + 1 for low, high in ranges[SHOWN:])
    return ", ".join([*said, *([f"and {rest:,} more"] if rest else [])])


def lost_sentence(lost: Ranges) -> str:
    """Say that acknowledged rows are gone."""
    return (
        f"the rows with the numbers {_spoken(lost)} were acknowledged, and are in no table and "
        "not in the journal; put the tables' missing files back from a backup"
    )


def _ranges(is_member: npt.NDArray[np.bool_]) -> Ranges:
    """Give the runs of True, numbered from 1."""
    steps = np.diff(is_member.astype(np.int8), prepend=0, append=0)
    firsts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [(int(first) + 1, int(end)) for first, end in zip(firsts, ends, strict=True)]
