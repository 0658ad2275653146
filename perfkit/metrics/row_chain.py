"""Row chain: the rows of one owner, found by going back from its newest one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["rows_back_from"]

Integers = npt.NDArray[np.int64]


@njit(cache=True)
def rows_back_from(newest: int, before: Integers) -> Integers:
    """Give a row and those that were begun before it, the first one first; -1 is none."""
    count, row = 0, newest
    while row >= 0:
        count, row = count + 1, before[row]
    found, row = np.empty(count, np.int64), newest
    while row >= 0:
        count -= 1
        found[count], row = row, before[row]
    return found
